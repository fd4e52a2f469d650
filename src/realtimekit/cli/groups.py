"""Groups of commands, which say what there is when they are asked for what there is not."""

from __future__ import annotations

import difflib

import click

ALIKE = 0.75  # --verson and --version are; --json and --version, which a suggestion by default would join, are not


class Group(click.Group):
    """As click's, with a suggestion for a mistyped command, and for options that stand before it."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if ctx.resilient_parsing or not name[:1].isalnum() or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        there = self.list_commands(ctx)
        near = difflib.get_close_matches(name, there, 1)
        cure = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(there)}."
        raise click.UsageError(f"No such command {name!r}. {cure}", ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            own = [name for parameter in self.get_params(ctx) for name in parameter.opts]
            if difflib.get_close_matches(error.option_name, own, 1, ALIKE):
                raise
            place = f"{ctx.command_path} COMMAND {error.option_name}"
            raise click.UsageError(f"{error.format_message()} Options of a command follow it: {place}", ctx) from None
