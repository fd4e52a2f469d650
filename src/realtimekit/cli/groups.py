"""Groups of commands: they suggest a command if the given one does not exist, and can load theirs when called."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of each command's help. click would cut it off at the width of the terminal."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [(name, command.get_short_help_str(limit=1000)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class LazyGroup(Group):
    """Loads each command when it is called."""

    modules: ClassVar[Mapping[str, str]]
    """Command -> the module that defines it, under the name of the command."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.modules:
            return None
        command: Any = getattr(import_module(self.modules[cmd_name]), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None
