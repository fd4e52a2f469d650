"""Runs the rounds of a case. Contenders take turns, each in a process of its own that is kept between rounds."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.cases import cold_start
from benchmarks.contenders import INSTALLED
from benchmarks.environments import ROOT, python

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from benchmarks.cases import Sample

Rounds = dict[str, list["Sample"]]  # contender -> its samples, round by round


@contextmanager
def server() -> Generator[str]:
    """Run the loopback server, and yield the base URL of its API."""
    with _process([sys.executable, "-m", "benchmarks.server"]) as serving:
        yield f"http://127.0.0.1:{int(_line(serving))}"


def measure(name: str, base_url: str, rounds: int | None = None) -> Rounds:
    """Measure all rounds of a case."""
    case = cases.load(name)
    measured: Rounds = {contender: [] for contender in case.contenders}
    with ExitStack() as undo:
        turns = {contender: _turn(name, contender, base_url, undo) for contender in case.contenders}
        for number in range(rounds or case.rounds):
            # Each round begins with another contender, so that the order makes no difference.
            begin = number % len(turns)
            for contender in [*case.contenders[begin:], *case.contenders[:begin]]:
                measured[contender].append(turns[contender]())
    return measured


def _turn(name: str, contender: str, base_url: str, undo: ExitStack) -> Callable[[], Sample]:
    if name == "cold_start":
        cold_start.measure(contender, base_url)  # warms the file cache
        return lambda: cold_start.measure(contender, base_url)
    interpreter = str(python(INSTALLED[contender].environment))
    command = [interpreter, "-m", "benchmarks.worker", name, contender, base_url]
    worker = undo.enter_context(_process(command))
    assert _line(worker) == "ready\n"

    def turn() -> Sample:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
        sample: Sample = json.loads(_line(worker))
        return sample

    return turn


@contextmanager
def _process(command: list[str]) -> Generator[subprocess.Popen[str]]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()  # ends the process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    if line := process.stdout.readline():
        return line
    raise SystemExit(f"{process.args!r} failed; its error is above")
