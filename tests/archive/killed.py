"""A program that ends with SIGKILL at the write that it is told: run by `test_killed.py`, as `-m tests.archive.killed`.

It has a world of three sessions, and forks a process for each line of its input, {"target", "kill", "concurrency"},
which syncs it. The output is a line for each: {"writes", "requests", "result"} of a sync that was not killed, null of
one that was.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import datetime
from types import SimpleNamespace
from typing import Any

from realtimekit.archive import Archive, clock, compression, disk, store
from realtimekit.archive import sync as archive_sync
from realtimekit.emulator import Emulator
from realtimekit.emulator.clock import Clock

from .storage import WRITES, Storage
from .worlds import HOUR, World


def make_world(emulator: Emulator) -> World:
    """Return a world with a session that is complete, one that waits for its summary, and one that still goes on."""
    world = World(emulator)
    world.hold("Alice", minutes=1)
    held = world.hold("Bob", minutes=1, record_on_start=False)
    world.fail(f"/sessions/{held.session_id}/summary", status=404)
    world.start("Carol")
    world.wait(2 * HOUR)
    # Time stands still: what differs between two archives is then no matter of when they were made.
    emulator.world.clock = Still(emulator.world.clock.now())
    setattr(clock, "time", SimpleNamespace(monotonic=lambda: 0.0))  # noqa: B010 - modules do not export it
    return world


class Still(Clock):
    def __init__(self, time: datetime) -> None:
        super().__init__()
        self._time = time

    def now(self) -> datetime:
        return self._time


def sync(world: World, target: str, kill: int | None, concurrency: int) -> dict[str, Any]:
    storage = Storage()
    store._obstore = lambda: storage
    setattr(archive_sync, "update_tables", lambda *_: 0)  # noqa: B010 - not what is tested here
    disk.fsync = lambda path: None  # a process that is killed loses nothing that it has written

    def end_at(verb: str, _: str) -> None:
        if verb in WRITES and len(storage.writes) == kill:
            os.kill(os.getpid(), signal.SIGKILL)

    storage.before = end_at
    before = len(world.log())
    result = Archive(target).sync(world.client, concurrency=concurrency)
    return {
        "writes": storage.writes,
        "requests": world.requests(before),
        "result": result.to_dict(),
    }


def main() -> None:
    compression.compressed(b"")  # imported before the forks
    with Emulator() as emulator:
        world = make_world(emulator)
        for line in sys.stdin:
            command = json.loads(line)
            reading, writing = os.pipe()
            if (pid := os.fork()) == 0:
                with os.fdopen(writing, "w") as output:
                    json.dump(sync(world, **command), output)
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading) as answer:
                found = answer.read()
            _, status = os.waitpid(pid, 0)
            assert status == (0 if found else signal.SIGKILL), status
            print(found or "null", flush=True)


if __name__ == "__main__":
    main()
