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
from .mirror import PAGES, PER_PAGE, Told

FORKS, BUSY, CROWD = 6, 3, 16


def in_child(work: Callable[[], list[Told]]) -> list[Told]:
    """Run this in a forked child, and return its report."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        try:
            told = json.dumps(work())
        except BaseException as error:  # noqa: BLE001 - told below
            told = json.dumps({"failed": repr(error)})
        with os.fdopen(write, "w") as pipe:
            pipe.write(told)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0, status
    found = json.loads(told)
    assert isinstance(found, list), found
    return [Told(*call) for call in found]


def pool() -> list[Told]:
    """A pool of processes, as data scientists use it."""
    with multiprocessing.get_context("fork").Pool(3) as workers:
        return [call for calls in workers.map(ask_all, [f"pool-{n}" for n in range(12)], chunksize=1) for call in calls]


def generations() -> list[Told]:
    """A child that has used the clients forks in turn, and uses them again afterwards."""

    def child() -> list[Told]:
        before = ask_all("child")
        return [*before, *in_child(lambda: ask_all("grandchild")), *ask_all("child-again")]

    return [*in_child(child), *ask_all("parent-again")]


def busy() -> list[Told]:
    """A thread forks while others make calls, iterate over lists, and create clients."""
    walker = RealtimeKit(transport="httpcore2")
    over = threading.Event()
    troubles: list[str] = []
    told: list[Told] = []

    def keep(work: Callable[[], object]) -> None:
        try:
            while not over.is_set():
                work()
        except BaseException as error:  # noqa: BLE001 - told below
            troubles.append(repr(error))

    def walk() -> None:
        found = [session.id for session in walker.sessions.page_size(PER_PAGE).prefetch(PAGES)]
        assert found == [f"s-{n + 1}" for n in range(PAGES * PER_PAGE)], found

    def make() -> None:
        with RealtimeKit(transport="httpcore2") as client:
            assert client.sessions.find("made").id == "made"

    def child() -> list[Told]:
        walk()
        make()
        return ask_all("child")

    def fork() -> None:
        try:
            for _ in range(FORKS):
                told.extend(in_child(child))
        except BaseException as error:  # noqa: BLE001 - told below
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
    return told


def slowly() -> Any:
    """Create a client's per-process state so slowly that the other threads go first."""
    time.sleep(0.02)
    return _ProcessTransports()


def crowd() -> list[Told]:
    """Many threads of a child make calls at once; they share one new transport."""
    client = RealtimeKit(transport="httpcore2")
    client.sessions.find("before")
    made: list[object] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        made.append(args)
        return create_transport(*args, **kwargs)

    def child() -> list[Told]:
        together = threading.Barrier(CROWD)
        told: list[Told] = []

        def ask(n: int) -> None:
            together.wait()
            session: Any = client.sessions.find(f"crowd-{n}")
            told.append(Told(os.getpid(), "crowd", f"crowd-{n}", session.id, session["connection"], []))

        threads = [threading.Thread(target=ask, args=[n]) for n in range(CROWD)]
        with patch.multiple(realtimekit.client, create_transport=counted, _ProcessTransports=slowly):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        assert len(told) == CROWD
        assert len(made) == 1, f"{len(made)} transports were made"
        return told

    return in_child(child)


STORIES = {story.__name__: story for story in (pool, generations, busy, crowd)}

if __name__ == "__main__":
    after = STORIES[sys.argv[1]]()
    print(json.dumps({"before": BEFORE, "after": after}))  # noqa: T201 - what the program is for
