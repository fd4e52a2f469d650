"""1,000 participants created concurrently with one client, from 50 threads and from 1,000 tasks.

Also counts failed calls, and participants that were sent twice.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.canned import COUNTS
from benchmarks.cases import Case, Goal, Meter, Metric
from benchmarks.contenders import FAST, OFFICIAL, OURS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Sample, Setting
    from benchmarks.contenders import AsyncClient

PARTICIPANTS, THREADS = 1_000, 50


def counts(base_url: str) -> dict[str, int]:
    """Return the server's counts since the last call."""
    origin = f"http://{urlsplit(base_url).netloc}"
    with urllib.request.urlopen(origin + COUNTS) as answer:
        document: dict[str, int] = json.load(answer)
        return document


def begin(setting: Setting) -> Callable[[], Sample]:
    """Make a client for the threads and one for the tasks."""
    runner = setting.undo.enter_context(asyncio.Runner())
    threads = setting.undo.enter_context(ThreadPoolExecutor(THREADS))

    async def new() -> AsyncClient:
        client: AsyncClient = setting.contender.AsyncClient(setting.base_url)
        return client

    blocking, awaiting = setting.contender.SyncClient(setting.base_url), runner.run(new())
    numbers = itertools.count(1)

    def names() -> list[str]:
        rnd = next(numbers)
        return [f"person-{rnd}-{number}" for number in range(PARTICIPANTS)]

    async def in_tasks() -> list[str | BaseException]:
        return await asyncio.gather(*(awaiting.create(name) for name in names()), return_exceptions=True)

    def in_threads() -> list[str | BaseException]:
        made = [threads.submit(blocking.create, name) for name in names()]
        return [new.exception() or new.result() for new in made]

    def measured(kind: str, create: Callable[[], list[str | BaseException]]) -> Sample:
        counts(setting.base_url)
        with Meter() as meter:
            made = create()
        seen, ids = counts(setting.base_url), [new for new in made if isinstance(new, str)]
        assert len(set(ids)) == len(ids)
        return {
            kind: len(ids) / meter.wall,
            f"{kind}_cpu": meter.cpu / PARTICIPANTS,
            f"{kind}_failed": len(made) - len(ids),
            f"{kind}_twice": seen["created_twice"],
        }

    def measure() -> Sample:
        return {**measured("threads", in_threads), **measured("tasks", lambda: runner.run(in_tasks()))}

    return measure


NONE = {name: Goal(0, ratio=False) for name in (OURS, FAST)}
CASE = Case(
    "create 1,000 participants at once",
    (
        Metric("threads", "a second, from 50 threads", digits=0),
        Metric("threads_cpu", "µs of CPU each, from 50 threads", 1e6, digits=0),
        Metric("threads_failed", "failed", goals=NONE, digits=0, compared=False),
        Metric("threads_twice", "sent twice", goals=NONE, digits=0, compared=False),
        Metric("tasks", "a second, from 1,000 tasks", digits=0),
        Metric("tasks_cpu", "µs of CPU each, from 1,000 tasks", 1e6, digits=0),
        Metric("tasks_failed", "failed", goals=NONE, digits=0, compared=False),
        Metric("tasks_twice", "sent twice", goals=NONE, digits=0, compared=False),
    ),
    (OFFICIAL, OURS, FAST),
    begin,
    rounds=2,  # the official package takes minutes for one
)
