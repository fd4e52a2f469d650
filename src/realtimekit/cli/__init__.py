"""The command `realtimekit`."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """The entry point. The commands need the extra `cli`; without it this says so."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal may know few letters
    try:
        from realtimekit.cli.commands import realtimekit  # noqa: PLC0415 - may be missing
    except ImportError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit("the command line needs the extra `cli`: pip install 'realtimekit[cli]'")
    try:
        realtimekit(prog_name="realtimekit")
    except OSError as error:  # outside of all commands: help that nobody can read
        sys.exit(f"Error: {error.strerror}")
