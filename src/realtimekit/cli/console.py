"""Text on a terminal: what comes from outside is made safe before it is printed."""

from __future__ import annotations

import os
import unicodedata

import click
from rich.console import Console
from rich.text import Text

PIPE_WIDTH = 200  # characters of a line where the output is not a terminal


def safe_text(value: object) -> Text:
    """Return text from outside for a terminal: without control characters, and with markup left as it is."""
    text = "" if value is None else str(value)
    return Text("".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text))


def replace_controls(text: str) -> str:
    """Return text from outside for a file: without control characters, and without what cannot be encoded."""
    return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" else c for c in text)


def echo(text: str, *, err: bool = False) -> None:
    """Print text from outside, without styles.

    Args:
        text: what to print.
        err: whether to print to stderr, as all notes are that accompany the output.
    """
    click.echo(safe_text(text).plain, err=err)


def make_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console that does not highlight numbers and URLs. One that is not a terminal is wide."""
    console = Console(stderr=stderr, quiet=quiet, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console
