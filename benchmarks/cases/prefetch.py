"""Lists 10,000 sessions from a server that takes 50 ms per page: `prefetch(8)` against one page after another."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from benchmarks.canned import PAGE, PAGE_SECONDS, SESSIONS, SLOW
from benchmarks.cases import Case, Goal, Meter, Metric
from benchmarks.cases.creating import counts
from benchmarks.contenders import FAST, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Sample, Setting

WINDOW = 8
IN_ORDER = [f"sess-{number:05}" for number in range(SESSIONS)]


def begin(setting: Setting) -> Callable[[], Sample]:
    """Make both clients."""
    base_url = setting.base_url + SLOW
    runner = setting.undo.enter_context(asyncio.Runner())
    client = setting.contender.SyncClient(base_url)

    async def in_tasks() -> list[str]:
        return [read[0] async for read in setting.contender.AsyncClient(base_url).sessions(WINDOW)]

    def timed(read: Callable[[], list[str]]) -> float:
        counts(base_url)
        with Meter() as meter:
            assert read() == IN_ORDER
        assert counts(base_url)["most_at_once"] <= WINDOW
        return meter.wall

    def pages_held_for_an_idle_reader() -> int:
        """Read one page and the first record of the next, and return how many pages are held from then on."""
        reader = client.sessions(WINDOW)
        for _ in range(PAGE + 1):
            next(reader)
        time.sleep(3 * PAGE_SECONDS)
        asked = counts(base_url)["requests"] - 1  # the first page is gone
        reader.close()
        time.sleep(3 * PAGE_SECONDS)
        return asked

    def measure() -> Sample:
        one_by_one = timed(lambda: [read[0] for read in client.sessions()])
        threads = timed(lambda: [read[0] for read in client.sessions(WINDOW)])
        tasks = timed(lambda: runner.run(in_tasks()))
        return {
            "one_by_one": one_by_one,
            "threads": threads,
            "tasks": tasks,
            "gain": one_by_one / threads,
            "gain_tasks": one_by_one / tasks,
            "asked": pages_held_for_an_idle_reader(),
        }

    return measure


SIX_TIMES = {name: Goal(6.0, ratio=False, least=True) for name in (OURS, FAST)}
CASE = Case(
    "list 10,000 sessions at 50 ms a page, `prefetch(8)`",
    (
        Metric("one_by_one", "s, one page after another", digits=2),
        Metric("threads", "s, prefetch(8)", digits=2),
        Metric("tasks", "s, prefetch(8), async", digits=2),
        Metric("gain", "times as fast", goals=SIX_TIMES),
        Metric("gain_tasks", "times as fast, async", goals=SIX_TIMES),
        Metric(
            "asked",
            "pages held for an idle reader",
            goals={name: Goal(WINDOW, ratio=False) for name in (OURS, FAST)},
            digits=0,
        ),
    ),
    (OURS, FAST),
    begin,
    rounds=5,
)
