"""The command `realtimekit`."""

from __future__ import annotations

import sys


def main() -> None:
    """The entry point. The commands need the extra `cli`; without it this says so."""
    try:
        from realtimekit.cli.commands import realtimekit  # noqa: PLC0415 - may be missing
    except ImportError as error:
        if error.name not in {"click", "rich"}:
            raise
        sys.exit("the command line needs the extra `cli`: pip install 'realtimekit[cli]'")
    realtimekit(prog_name="realtimekit")
