"""What the commands of `realtimekit archive` have in common."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from realtimekit.cli.options import Command, Decorator


def target_argument(*, create: bool = False) -> Decorator:
    """Add the argument TARGET, by default REALTIMEKIT_ARCHIVE. The command gets the `Archive` as its next argument.

    Args:
        create: whether the command may make an archive.
    """

    def decorate(command: Command) -> Command:
        @click.argument("target", required=False, envvar="REALTIMEKIT_ARCHIVE")
        @functools.wraps(command)
        def wrapper(*args: Any, target: str | None = None, **kwargs: Any) -> Any:
            if not target:
                raise click.UsageError("no archive is given: name a folder or URL, or set REALTIMEKIT_ARCHIVE")
            from realtimekit.archive import Archive  # loaded when a command runs, not for its help

            return command(*args, Archive(target, create=create), **kwargs)

        return wrapper

    return decorate
