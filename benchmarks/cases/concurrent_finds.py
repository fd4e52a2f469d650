"""100 concurrent finds from one event loop, five times."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from benchmarks.canned import SESSION
from benchmarks.cases import Case, Goal, Meter, Metric
from benchmarks.contenders import CONTENDERS, FAST, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Sample, Setting
    from benchmarks.contenders import AsyncClient

AT_ONCE, TIMES = 100, 5


def begin(setting: Setting) -> Callable[[], Sample]:
    """Make one client and one event loop, which are kept. The first round, which connects, does not count."""
    runner = setting.undo.enter_context(asyncio.Runner())

    async def new() -> AsyncClient:
        client: AsyncClient = setting.contender.AsyncClient(setting.base_url)
        return client

    client = runner.run(new())

    async def finds() -> None:
        for _ in range(TIMES):
            assert set(await asyncio.gather(*(client.find() for _ in range(AT_ONCE)))) == {SESSION}

    def measure() -> Sample:
        with Meter() as meter:
            runner.run(finds())
        return {"cpu": meter.cpu / AT_ONCE / TIMES}

    return measure


CASE = Case(
    "100 finds at once, async",
    (Metric("cpu", "µs of CPU a call", 1e6, {OURS: Goal(1 / 2), FAST: Goal(1 / 8)}, digits=0),),
    tuple(CONTENDERS),
    begin,
)
