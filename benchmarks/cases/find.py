"""`find` in a loop, one after another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.canned import SESSION
from benchmarks.cases import Case, Goal, Meter, Metric
from benchmarks.contenders import CONTENDERS, FAST, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Sample, Setting

CALLS = 300


def begin(setting: Setting) -> Callable[[], Sample]:
    """Make one client that keeps its connection."""
    client = setting.contender.SyncClient(setting.base_url)

    def measure() -> Sample:
        with Meter() as meter:
            for _ in range(CALLS):
                assert client.find() == SESSION
        return {"cpu": meter.cpu / CALLS}

    return measure


CASE = Case(
    "`find` in a loop",
    (Metric("cpu", "µs of CPU a call", 1e6, {OURS: Goal(1 / 2), FAST: Goal(1 / 4)}, above_floor=1.3, digits=0),),
    tuple(CONTENDERS),
    begin,
)
