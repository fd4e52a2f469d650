"""Archives, beside a script with the official package and a pipeline of dlt: CPU time, memory, requests.

    python -m benchmarks.archive_compare [--sessions 100] [--rounds 3] [--keep] [--only NAME ...]

Each program keeps the same sessions of ten people, and runs in a process of its own, from its start to its end. What it
holds then is counted. The platform is another process, which does not count.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks import environments
from benchmarks.archive_platform import Platform, expected, platform
from benchmarks.archivers import ARCHIVERS, SCRIPT, Archiver


class Sample(NamedTuple):
    """One run of a program."""

    cpu: float  # seconds, of the process and its children
    wall: float
    memory: float  # bytes, at most
    requests: float
    stored: float  # bytes


ROWS = (
    ("ms of CPU a session", "cpu", 1e3, True),
    ("ms a session", "wall", 1e3, True),
    ("requests a session", "requests", 1.0, True),
    ("KB stored a session", "stored", 1e-3, True),
    ("MB of memory at most", "memory", 1e-6, False),
)


def run(archiver: Archiver, at: Platform, sessions: int) -> Sample:
    """Let a program keep all sessions, and check what it holds."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(environments.python(archiver.environment)), "-m", "benchmarks.archivers"]
        arguments = [archiver.module, folder]
        at.requests()
        began = time.perf_counter()
        program = subprocess.Popen(
            [*command, "keep", *arguments, json.dumps(at.settings)], cwd=environments.ROOT, stdout=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
        if program.returncode:
            raise SystemExit(f"{archiver.name} failed; its error is above")
        requests = at.requests()
        output = subprocess.run(
            [*command, "held", *arguments], cwd=environments.ROOT, check=True, capture_output=True, text=True
        )
        held = json.loads(output.stdout)
        if held != expected(sessions):
            raise SystemExit(f"{archiver.name} holds {held}, not {expected(sessions)}")
        stored = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
    return Sample(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss * 1024, requests, stored)


def table(samples: dict[str, list[Sample]], sessions: int) -> str:
    """Return medians, and the median of the ratios to the script within a round."""
    lines = [f"| {sessions} sessions | {' | '.join(samples)} |", "| --- |" + " ---: |" * len(samples)]
    for title, field, scale, per_session in ROWS:
        factor = scale / sessions if per_session else scale
        values = {name: [getattr(sample, field) for sample in found] for name, found in samples.items()}
        cells = [f"{statistics.median(found) * factor:,.0f}" for found in values.values()]
        lines.append(f"| {title} | {' | '.join(cells)} |")
        if field == "cpu" and SCRIPT in values:
            ratios = [statistics.median(map(float.__truediv__, found, values[SCRIPT])) for found in values.values()]
            lines.append(f"| … relative to the script | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")
    return "\n".join(lines)


def main() -> None:
    """Run the programs in turns."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive_compare", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", action="store_true", help="measure what is installed, not the working tree")
    parser.add_argument("--only", action="append", choices=ARCHIVERS, help="only this program (repeatable)")
    options = parser.parse_args()
    if not options.keep:
        environments.prepare(environments.ARCHIVERS)
    chosen = [archiver for name, archiver in ARCHIVERS.items() if name in (options.only or ARCHIVERS)]
    samples: dict[str, list[Sample]] = {archiver.name: [] for archiver in chosen}
    with platform(options.sessions) as at:
        run(chosen[-1], at, options.sessions)  # so that the reports are made
        for number in range(options.rounds):
            # Each round begins with another one, so that the order makes no difference.
            begin = number % len(chosen)
            for archiver in [*chosen[begin:], *chosen[:begin]]:
                samples[archiver.name].append(run(archiver, at, options.sessions))
                print(archiver.name, samples[archiver.name][-1], flush=True)
    print(table(samples, options.sessions))


if __name__ == "__main__":
    main()
