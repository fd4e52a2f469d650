"""How long a search takes in an archive with a million segments of transcripts: `python -m benchmarks.archive_search`.

Making the tables takes two minutes, the index another. Exit code 1: 95 of 100 searches took longer than 50 ms.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median, quantiles
from typing import TypeAlias

from benchmarks.archive_world import VOCABULARY, make_tables, vocabulary
from realtimekit.archive import Archive
from realtimekit.archive.search import index_path

GOAL = 0.05  # seconds
Kinds: TypeAlias = dict[str, Callable[[random.Random], str]]


def kinds(words: list[str]) -> Kinds:
    """Return what somebody may type, by kind."""
    return {
        "rare word": lambda chance: words[chance.randrange(2000, VOCABULARY)],
        "word": lambda chance: words[chance.randrange(20, 2000)],
        "frequent word": lambda chance: words[chance.randrange(20)],
        "two words": lambda chance: f"{words[chance.randrange(300)]} {words[chance.randrange(300)]}",
        "phrase": lambda chance: f'"{words[chance.randrange(50)]} {words[chance.randrange(50)]}"',
        "beginning": lambda chance: f"{words[chance.randrange(10, 2000)][:4]}*",
        "two short beginnings": lambda chance: (
            f"{words[chance.randrange(200)][:2]}* {words[chance.randrange(200)][:2]}*"
        ),
        "without a word": lambda chance: f"{words[chance.randrange(20, 500)]} -{words[chance.randrange(100)]}",
    }


def main() -> int:
    """Make the archive, search it, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive_search", description=__doc__)
    parser.add_argument("--segments", type=int, default=1_000_000, help="of all transcripts (default: a million)")
    parser.add_argument("--searches", type=int, default=50, help="of each kind (default: 50)")
    parser.add_argument("--chinese", action="store_true", help="transcripts in a language without spaces")
    options = parser.parse_args()
    words = vocabulary(chinese=options.chinese)
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(folder)
        made = _timed(lambda: make_tables(archive, options.segments // 10, options.segments, chinese=options.chinese))[
            0
        ]
        indexed = _timed(lambda: archive.search(words[1]))[0]
        size = index_path(archive.store).stat().st_size / 2**20
        print(f"{options.segments} segments: tables in {made:.0f} s, index in {indexed:.1f} s, {size:.0f} MiB")
        print("| search | median, ms | p95, ms | p95 of CPU time, ms |\n|---|---|---|---|")
        chance = random.Random(2)  # noqa: S311 - reproducible
        every = list[tuple[float, float]]()
        for kind, make in kinds(words).items():
            times = [_timed(partial(archive.search, make(chance))) for _ in range(options.searches)]
            every += times
            print(_row(kind, times), flush=True)
        print(_row("all", every))
    return 0 if _p95([wall for wall, _ in every]) <= GOAL else 1


def _row(kind: str, times: list[tuple[float, float]]) -> str:
    wall, cpu = zip(*times, strict=True)
    return f"| {kind} | {median(wall) * 1000:.1f} | {_p95(wall) * 1000:.1f} | {_p95(cpu) * 1000:.1f} |"


def _p95(times: Sequence[float]) -> float:
    return quantiles(times, n=20)[-1]


def _timed(action: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds that something takes: on the clock, and of CPU time."""
    started, cpu = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - started, time.process_time() - cpu


if __name__ == "__main__":
    sys.exit(main())
