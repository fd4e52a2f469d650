"""`python -m benchmarks.archivers keep|held MODULE FOLDER [SETTINGS]`, in the environment of the program."""

from __future__ import annotations

import json
import sys
from importlib import import_module


def main(task: str, module: str, folder: str, settings: str = "") -> None:
    """Keep the sessions, or print what is held."""
    program = import_module(f"benchmarks.archivers.{module}")
    if task == "keep":
        program.keep(json.loads(settings), folder)
    else:
        print(json.dumps(program.held(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
