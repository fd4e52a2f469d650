"""Programs that fork: `python -m tests.forks.stories NAME` prints their calls as JSON.

The clients of `clients` were used before, so there are connections to inherit.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

# Python 3.12 warns of every fork in a process with threads, which is what these programs test.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
warnings.simplefilter("ignore", ResourceWarning)  # as in a server, nobody closes the clients of ended event loops

import realtimekit.client
from realtimekit import RealtimeKit
from realtimekit.client import _ProcessTransports
from realtimekit.transports import create_transport

from .clients import BEFORE, ask_all
from .mirror import PAGES, PER_PAGE, CallRecord

FORKS, BUSY, CROWD = 6, 3, 16


def in_child(work: Callable[[], list[CallRecord]]) -> list[CallRecord]:
    """Do something in a forked child, and return the calls that it reports."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        try:
            report = json.dumps(work())
        except BaseException as error:
            report = json.dumps({"failed": repr(error)})
        with os.fdopen(write, "w") as pipe:
            pipe.write(report)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        report = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    found = json.loads(report)
    assert isinstance(found, list), found
    return [CallRecord(*call) for call in found]


def pool() -> list[CallRecord]:
    """A pool of processes, as data scientists use it."""
    with multiprocessing.get_context("fork").Pool(3) as workers:
        return [call for calls in workers.map(ask_all, [f"pool-{n}" for n in range(12)], chunksize=1) for call in calls]


def generations() -> list[CallRecord]:
    """A child that used the clients forks itself, and uses them again afterwards."""

    def child() -> list[CallRecord]:
        before = ask_all("child")
        return [*before, *in_child(lambda: ask_all("grandchild")), *ask_all("child-again")]

    return [*in_child(child), *ask_all("parent-again")]


def busy() -> list[CallRecord]:
    """A thread forks while others are making calls, iterating over lists and creating clients."""
    walker = RealtimeKit(transport="httpcore2")
    over = threading.Event()
    troubles: list[str] = []
    records: list[CallRecord] = []

    def keep(work: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                work()
        except BaseException as error:
            troubles.append(repr(error))

    def walk() -> None:
        found = [session.id for session in walker.sessions.page_size(PER_PAGE).prefetch(PAGES)]
        assert found == [f"s-{n + 1}" for n in range(PAGES * PER_PAGE)], found

    def make() -> None:
        with RealtimeKit(transport="httpcore2") as client:
            assert client.sessions.find("made").id == "made"

    def child() -> list[CallRecord]:
        walk()
        make()
        return ask_all("child")

    def fork() -> None:
        try:
            for _ in range(FORKS):
                records.extend(in_child(child))
        except BaseException as error:
            troubles.append(repr(error))

    others = [lambda: ask_all("parent")] * BUSY + [walk, make]
    threads = [threading.Thread(target=keep, args=[work]) for work in others]
    for thread in threads:
        thread.start()
    forking = threading.Thread(target=fork)
    forking.start()
    forking.join()
    over.set()
    for thread in threads:
        thread.join()
    assert not troubles, troubles
    return records


def slowly() -> Any:
    """Create the per-process part of a client so slowly that the other threads run first."""
    time.sleep(0.02)
    return _ProcessTransports()


def crowd() -> list[CallRecord]:
    """Many threads of a child make their first call at once: they share one transport."""
    client = RealtimeKit(transport="httpcore2")
    client.sessions.find("before")
    made: list[object] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        made.append(args)
        return create_transport(*args, **kwargs)

    def child() -> list[CallRecord]:
        together = threading.Barrier(CROWD)
        records: list[CallRecord] = []

        def ask(n: int) -> None:
            together.wait()
            session: Any = client.sessions.find(f"crowd-{n}")
            records.append(CallRecord(os.getpid(), "crowd", f"crowd-{n}", session.id, session["connection"], []))

        threads = [threading.Thread(target=ask, args=[n]) for n in range(CROWD)]
        with patch.multiple(realtimekit.client, create_transport=counted, _ProcessTransports=slowly):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(records) == CROWD
        assert len(made) == 1, f"{len(made)} transports were made"
        return records

    return in_child(child)


STORIES = {story.__name__: story for story in (pool, generations, busy, crowd)}

if __name__ == "__main__":
    after = STORIES[sys.argv[1]]()
    print(json.dumps({"before": BEFORE, "after": after}))
