"""What the commands of `realtimekit archive` have in common."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.options import ARCHIVE_VARIABLE

if TYPE_CHECKING:
    from realtimekit.cli.options import Command, Decorator


def target_argument(*, create: bool = False) -> Decorator:
    """Add the argument TARGET, by default REALTIMEKIT_ARCHIVE. The command gets the `Archive` as its next argument.

    Args:
        create: whether the command may make an archive.
    """

    def decorate(command: Command) -> Command:
        given = click.argument("target", required=False, envvar=ARCHIVE_VARIABLE)
        return given(_with_archive(command, create=create))

    return decorate


def target_option() -> Decorator:
    """As `target_argument`, for commands with another argument: `--archive`."""

    def decorate(command: Command) -> Command:
        help_text = f"The archive.  [env: {ARCHIVE_VARIABLE}]"
        given = click.option("--archive", "target", metavar="TARGET", envvar=ARCHIVE_VARIABLE, help=help_text)
        return given(_with_archive(command, create=False, how="use --archive TARGET"))

    return decorate


def _with_archive(command: Command, *, create: bool, how: str = "name a folder or URL") -> Command:
    @functools.wraps(command)
    def wrapper(*args: Any, target: str | None = None, **kwargs: Any) -> Any:
        if not target:
            raise click.UsageError(f"no archive is given: {how}, or set {ARCHIVE_VARIABLE}")
        from realtimekit.archive import Archive  # loaded when a command runs, not for its help

        return command(*args, Archive(target, create=create), **kwargs)

    return wrapper


def exit_if_unreadable(unreadable: list[str], meaning: str = "") -> None:
    """Name what could not be read, and exit with 1; return if there is nothing.

    Args:
        unreadable: lines, each with its cure.
        meaning: what it means for the result.
    """
    if unreadable:
        from realtimekit.cli.console import echo

        for line in unreadable:
            echo(f"damaged: {line}", err=True)
        if meaning:
            echo(meaning, err=True)
        sys.exit(1)
