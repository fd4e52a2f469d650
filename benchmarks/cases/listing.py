"""Lists 10,000 sessions in pages of 100, and reads five fields of each: id, status, minutes and two dates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.canned import SESSIONS
from benchmarks.cases import Case, Goal, Meter, Metric
from benchmarks.contenders import CONTENDERS, FAST, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Sample, Setting


def begin(setting: Setting) -> Callable[[], Sample]:
    """Make one client that keeps its connection."""
    client = setting.contender.SyncClient(setting.base_url)

    def measure() -> Sample:
        with Meter() as meter:
            assert sum(1 for _ in client.sessions()) == SESSIONS
        return {"cpu": meter.cpu / SESSIONS}

    return measure


CASE = Case(
    "list 10,000 sessions, reading five fields of each",
    (Metric("cpu", "µs of CPU an item", 1e6, {OURS: Goal(1 / 2), FAST: Goal(1 / 3)}),),
    tuple(CONTENDERS),
    begin,
)
