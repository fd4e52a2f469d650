"""What depends on whether a person is at the other end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from typing import TextIO


def is_terminal(stream: TextIO | None) -> bool:
    """Return whether a stream is a terminal. It is None if a shell has closed it (`2>&-`)."""
    return stream is not None and stream.isatty()


def confirm(question: str) -> None:
    """Ask on the terminal, and abort the command unless the answer is yes.

    Raises:
        click.UsageError: stdin is not a terminal, so that nobody can answer.
    """
    if not is_terminal(sys.stdin):
        raise click.UsageError(f"{question} There is no terminal to ask on: give --yes")
    click.confirm(question, abort=True, err=True)
