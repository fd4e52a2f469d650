"""Measures one contender in one case: one round for each line on stdin, printed as a line of JSON.

`python -m benchmarks.worker CASE CONTENDER BASE_URL` runs in the environment of the contender. The first round is a
warm-up, and is not printed.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from importlib import import_module

from benchmarks import cases
from benchmarks.contenders import INSTALLED


def main(name: str, contender: str, base_url: str) -> None:
    """Measure until stdin ends."""
    case = cases.load(name)
    assert case.begin is not None
    module = import_module(f"benchmarks.contenders.{INSTALLED[contender].module}")
    with ExitStack() as undo:
        measure = case.begin(cases.Setting(module, base_url, undo))
        measure()
        print("ready", flush=True)
        for _ in sys.stdin:
            print(json.dumps(measure()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
