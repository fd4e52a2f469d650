"""The command `realtimekit`."""

from __future__ import annotations

import io
import os
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
    code: str | int | None = 0
    try:
        try:
            realtimekit(prog_name="realtimekit")
        except SystemExit as ended:
            code = ended.code
        if sys.stdout is not None:  # as where it is closed: `>&-`
            sys.stdout.flush()  # here, and not when the interpreter ends, which says so in its own words
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for what is still in the buffer
        code = code or (1 if isinstance(error, BrokenPipeError) else f"Error: {error.strerror}")
    sys.exit(code)
