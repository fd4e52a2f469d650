"""The command `realtimekit`."""

from __future__ import annotations

import io
import os
import sys


def main() -> None:
    """Run the command line, or say that the extra `cli` is missing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every terminal can show every letter
    try:
        from realtimekit.cli.commands import realtimekit  # click may be missing
    except ImportError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit("the command line needs the extra `cli`: pip install 'realtimekit[cli]'")
    code: str | int | None = 0
    try:
        try:
            realtimekit(prog_name="realtimekit")
        except SystemExit as exit_error:
            code = exit_error.code
        if sys.stdout is not None:  # None where a shell has closed it: `>&-`
            sys.stdout.flush()  # now: at exit the interpreter would print an error of its own
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # takes what is still in the buffer
        code = code or (1 if isinstance(error, BrokenPipeError) else f"Error: {error.strerror}")
    sys.exit(code)
