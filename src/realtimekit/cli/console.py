"""Text on a terminal: what comes from outside is made safe before it is printed."""

from __future__ import annotations

import os
import re
import sys

import click
from rich.console import Console
from rich.text import Text

from realtimekit.cli.terminal import is_terminal

PIPE_WIDTH = 200  # characters of a line where the output is not a terminal
# Line breaks, and the joiners (ZWJ, ZWNJ), which are part of emoji and of words in Persian and Indian languages.
_KEPT = "\n\u200c\u200d"
_UNSAFE_IN_FILES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def safe_text(value: object) -> Text:
    """Return text from outside for a terminal: without control characters, and with markup left as it is."""
    text = "" if value is None else str(value)
    return Text("".join(c if c.isprintable() or c in _KEPT else "\ufffd" for c in text))


def safe_line(value: object) -> Text:
    """Return `safe_text` on one line, so that a name cannot look like another line of the table or message."""
    return safe_text(None if value is None else re.sub(r"\r\n?|\n", " ", str(value)))


def replace_controls(text: str) -> str:
    """Return untrusted text for a file: without control characters, also of direction, and without lone surrogates."""
    return _UNSAFE_IN_FILES.sub("\ufffd", text)


def print_file(text: str) -> None:
    """Print the content of a file; into a file or pipe as UTF-8 with LF on every platform."""
    click.echo(text if is_terminal(sys.stdout) else text.encode(), nl=False)


def echo(text: str, *, err: bool = False) -> None:
    """Print a line with text from outside, without styles.

    Args:
        text: what to print.
        err: whether to print to stderr, as all notes are that accompany the output.
    """
    click.echo(safe_line(text).plain, err=err)


def make_console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Return a console that does not highlight numbers and URLs. One that is not a terminal is wide."""
    console = Console(stderr=stderr, quiet=quiet, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console
