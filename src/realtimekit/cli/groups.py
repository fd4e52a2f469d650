"""Groups of commands that suggest a command if the given one does not exist."""

from __future__ import annotations

import difflib

import click

SIMILARITY = 0.75  # high enough not to suggest --version for --json


class Group(click.Group):
    """A `click.Group` with hints for mistyped commands, and for options that are given before the command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if ctx.resilient_parsing or not name[:1].isalnum() or self.get_command(ctx, name) is not None:
            return super().resolve_command(ctx, args)
        commands = self.list_commands(ctx)
        close = difflib.get_close_matches(name, commands, 1)
        hint = f"Did you mean {close[0]!r}?" if close else f"Available commands: {', '.join(commands)}."
        raise click.UsageError(f"No such command {name!r}. {hint}", ctx)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            flags = [name for parameter in self.get_params(ctx) for name in parameter.opts]
            if difflib.get_close_matches(error.option_name, flags, 1, SIMILARITY):
                raise
            usage = f"{ctx.command_path} COMMAND {error.option_name}"
            text = f"{error.format_message()} Give the options of a command after it: {usage}"
            raise click.UsageError(text, ctx) from None
