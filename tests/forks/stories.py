"""Programs that fork, each in its own way: `python -m tests.forks.stories NAME` prints the outcome as JSON.

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

# Python 3.12 warns of every fork beside other threads; what happens then is what is looked at here.
warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
warnings.simplefilter("ignore", ResourceWarning)  # event loops end and nobody closes the client: as in a server

import realtimekit.client
from realtimekit import RealtimeKit
from realtimekit.client import _ProcessTransports
from realtimekit.transports import create_transport

from .clients import BEFORE, ask_all
from .mirror import PAGES, PER_PAGE, CallReport

FORKS, BUSY, CROWD = 6, 3, 16


def in_child(work: Callable[[], list[CallReport]]) -> list[CallReport]:
    """Run this in a forked child, and return its report."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        try:
            call_reports = json.dumps(work())
        except BaseException as error:
            call_reports = json.dumps({"failed": repr(error)})
        with os.fdopen(write, "w") as pipe:
            pipe.write(call_reports)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        call_reports = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    found = json.loads(call_reports)
    assert isinstance(found, list), found
    return [CallReport(*call) for call in found]


def pool() -> list[CallReport]:
    """A pool of processes, as data scientists use it."""
    with multiprocessing.get_context("fork").Pool(3) as workers:
        return [call for calls in workers.map(ask_all, [f"pool-{n}" for n in range(12)], chunksize=1) for call in calls]


def generations() -> list[CallReport]:
    """A child that has used the clients forks in turn, and uses them again afterwards."""

    def child() -> list[CallReport]:
        before = ask_all("child")
        return [*before, *in_child(lambda: ask_all("grandchild")), *ask_all("child-again")]

    return [*in_child(child), *ask_all("parent-again")]


def busy() -> list[CallReport]:
    """A thread forks while others make calls, iterate over lists, and create clients."""
    walker = RealtimeKit(transport="httpcore2")
    over = threading.Event()
    troubles: list[str] = []
    call_reports: list[CallReport] = []

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

    def child() -> list[CallReport]:
        walk()
        make()
        return ask_all("child")

    def fork() -> None:
        try:
            for _ in range(FORKS):
                call_reports.extend(in_child(child))
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
    return call_reports


def slowly() -> Any:
    """Create a client's per-process state so slowly that the other threads go first."""
    time.sleep(0.02)
    return _ProcessTransports()


def crowd() -> list[CallReport]:
    """Many threads of a child make calls at once; they share one new transport."""
    client = RealtimeKit(transport="httpcore2")
    client.sessions.find("before")
    made: list[object] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        made.append(args)
        return create_transport(*args, **kwargs)

    def child() -> list[CallReport]:
        together = threading.Barrier(CROWD)
        call_reports: list[CallReport] = []

        def ask(n: int) -> None:
            together.wait()
            session: Any = client.sessions.find(f"crowd-{n}")
            call_reports.append(CallReport(os.getpid(), "crowd", f"crowd-{n}", session.id, session["connection"], []))

        threads = [threading.Thread(target=ask, args=[n]) for n in range(CROWD)]
        with patch.multiple(realtimekit.client, create_transport=counted, _ProcessTransports=slowly):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(call_reports) == CROWD
        assert len(made) == 1, f"{len(made)} transports were made"
        return call_reports

    return in_child(child)


STORIES = {story.__name__: story for story in (pool, generations, busy, crowd)}

if __name__ == "__main__":
    after = STORIES[sys.argv[1]]()
    print(json.dumps({"before": BEFORE, "after": after}))
