"""What is measured: one small module a case, each with a `CASE`.

A case is measured in rounds. In each round every contender has its turn, in its own process, one after another; what
counts is the ratio of two figures of the same round, because the machine may be busier in another.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from contextlib import ExitStack

Sample = dict[str, float]  # metric -> its figure in one round

NAMES = ("cold_start", "find", "listing", "concurrent_finds", "creating", "prefetch", "emulator")


class Goal(NamedTuple):
    """A limit for one contender: of its ratio to the official package, or of the figure itself."""

    limit: float
    ratio: bool = True
    least: bool = False  # the figure is to be at least this


class Metric(NamedTuple):
    """One figure of a case."""

    name: str
    unit: str
    scale: float = 1.0  # from the sample's unit (seconds, bytes) to the one that is shown
    goals: Mapping[str, Goal] = {}
    above_floor: float | None = None  # at most so many times the bare transport
    digits: int = 1
    compared: bool = True  # to the official package: not where it counts mishaps


class Case(NamedTuple):
    """A case, and how a worker measures one round of it."""

    title: str
    metrics: tuple[Metric, ...]
    contenders: tuple[str, ...]
    begin: Callable[[Setting], Callable[[], Sample]] | None  # None: measured from outside (cold_start)
    rounds: int = 15


class Setting(NamedTuple):
    """Where a worker measures."""

    contender: Any  # the module
    base_url: str
    undo: ExitStack  # for what is to end with the worker


def load(name: str) -> Case:
    """A case by its name."""
    case: Case = import_module(f"{__name__}.{name}").CASE
    return case


class Meter:
    """CPU time of this process, all its threads, and wall time: `with Meter() as meter: ...; meter.cpu`, in seconds."""

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = time.process_time() - self._cpu
        self.wall = time.perf_counter() - self._wall
