"""The cases: one small module for each, with a `CASE`.

A case is measured in rounds. In each round, all contenders run one after another, each in its own process. Ratios are
taken within a round, because the machine may be busier in another round.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    from contextlib import ExitStack

Sample = dict[str, float]  # metric -> its value in one round

NAMES = ("cold_start", "find", "listing", "concurrent_finds", "creating", "prefetch", "emulator")


class Goal(NamedTuple):
    """A limit for one contender: for its ratio to the official package, or for the value itself."""

    limit: float
    ratio: bool = True
    least: bool = False  # whether the limit is a minimum


class Metric(NamedTuple):
    """One metric of a case."""

    name: str
    unit: str
    scale: float = 1.0  # from the sample's unit (seconds, bytes) to the shown unit
    goals: Mapping[str, Goal] = {}
    above_floor: float | None = None  # the maximum ratio to the bare transport
    digits: int = 1
    compared: bool = True  # to the official package; not for counts of failures


class Case(NamedTuple):
    """A case, and how a worker measures one round."""

    title: str
    metrics: tuple[Metric, ...]
    contenders: tuple[str, ...]
    begin: Callable[[Setting], Callable[[], Sample]] | None  # None if measured from outside (cold_start)
    rounds: int = 15


class Setting(NamedTuple):
    """What a worker measures, and where."""

    contender: Any  # the module
    base_url: str
    undo: ExitStack  # closes resources at the end of the worker


def load(name: str) -> Case:
    """Return a case by its name."""
    case: Case = import_module(f"{__name__}.{name}").CASE
    return case


class Meter:
    """CPU time of all threads of this process and wall time, in seconds: `with Meter() as meter: ...; meter.cpu`."""

    def __enter__(self) -> Self:
        self._wall, self._cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu = time.process_time() - self._cpu
        self.wall = time.perf_counter() - self._wall
