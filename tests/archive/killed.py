"""A program that ends with SIGKILL before a write, and its handle: used by `test_killed.py`.

It is run as `-m tests.archive.killed`, has a world of three sessions, and forks a process for each line of its input,
which does one thing to an archive. The output is a line for each: {"writes", "requests", "result"} of a process that
was not killed, {"killed": ...} of one that was, with the write that it did not do.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, TextIO

import pyarrow as pa

from realtimekit.archive import Archive, clock, compression, disk, store
from realtimekit.emulator import Emulator
from realtimekit.emulator.clock import Clock

from .kill_points import ERASE, EXPIRE, KILL_POINTS, LATER, REBUILD, REDACT, SYNC, point_of
from .storage import WRITES, Storage
from .worlds import DAY, HOUR, World

ZOE = "user-zoe"


class Killed:
    """The program. A context manager.

    Args:
        environment: its environment variables.
    """

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.archive.killed"]
        folder = Path(__file__).parents[2]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen(command, **pipes, cwd=folder, env=self._environment)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, program: str, target: str, kill: tuple[str, int] | None = None, concurrency: int = 1) -> Any:
        """Run one thing.

        Args:
            program: which one, of `kill_points.PROGRAMS`.
            target: the archive.
            kill: the name of the point before which it is killed, and at which of its writes there, from 1.
            concurrency: of a sync.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([program, target, kill, concurrency]), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


# --- the program ------------------------------------------------------------------------------------------------------


class Still(Clock):
    """Time stands still: what differs between two archives is then no matter of when they were made."""

    def __init__(self, time: datetime) -> None:
        super().__init__()
        self.time = time

    def now(self) -> datetime:
        return self.time


def make_world(emulator: Emulator) -> World:
    """Return a world with a session that is complete, one that waits for its summary, and one that still goes on."""
    world = World(emulator)
    held = world.start("Zoe", "Max", transcribe_on_end=True, summarize_on_end=True, record_on_start=True)
    world.client.recordings.create_track(meeting_id=held.meeting_id, layers={"default": {}})
    world.wait(60)
    emulator.speak(held.session_id, held.peers[1].peer_id, "A good evening", 2000, 3000)
    emulator.end(held.meeting_id)
    waiting = world.hold("Max", "Zoe", minutes=1, record_on_start=False)
    world.fail(f"/sessions/{waiting.session_id}/summary", status=404)
    world.start("Carol")
    world.wait(2 * HOUR)
    emulator.world.clock = Still(emulator.world.clock.now())
    setattr(clock, "time", SimpleNamespace(monotonic=lambda: 0.0))  # noqa: B010 - modules do not export it
    return world


def end_live(world: World) -> None:
    """A day later: the last session is over, and the summary is there."""
    world.emulator.clear_faults()
    still: Any = world.emulator.world.clock
    (live,) = [session for session in world.client.sessions if session.status == "LIVE"]
    world.emulator.end(str(live.associated_id))
    still.time += timedelta(seconds=DAY)


def work(
    world: World, output: TextIO, program: str, target: str, kill: tuple[str, int] | None, concurrency: int
) -> None:
    world.emulator.world._pid = os.getpid()  # a copy for this child alone: no other thread held its lock at the fork
    storage = Storage()
    store._obstore = lambda: storage
    disk.fsync = lambda path: None  # a process that is killed loses nothing that it has written
    archive = Archive(target)
    if archive.store.is_folder:
        store.PART_BYTES = (
            4000  # so that large objects have several parts; those of S3 have five million bytes at least
        )
    if program == LATER:
        end_live(world)
    reached: list[str] = []

    def end_at(verb: str, path: str) -> None:
        if verb not in WRITES or (verb == "upload" and storage.calls.count((verb, path)) % 8 != 1):
            return  # pyarrow writes a file in many small pieces
        reached.append(point_of(verb, path))
        if kill is not None and reached[-1] == kill[0] and reached.count(kill[0]) == kill[1]:
            leave_half(archive, verb, path)
            print(json.dumps({"killed": [verb, path]}), file=output, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)

    storage.before = end_at
    watch_index(storage)
    before = len(world.log())
    result = do(archive, world, program, concurrency)
    json.dump({"points": reached, "requests": world.requests(before), "result": result}, output)


def leave_half(archive: Archive, verb: str, path: str) -> None:
    """Leave what is left of a write to a folder that is killed within: obstore renames a file when it is whole."""
    location = archive.store.location(path)
    if verb == "put" and location is not None and Path(location).parent.is_dir():
        Path(f"{location}#1").write_bytes(b"half of what Zoe said")


def watch_index(storage: Storage) -> None:
    """Let the statements that write to the search index count as writes."""
    search: Any = importlib.import_module("realtimekit.archive.search")
    real = search._open

    def opened(path: Path) -> Any:
        connection = real(path)
        connection.set_trace_callback(count)
        return connection

    def count(statement: str) -> None:
        word = statement.split(maxsplit=1)[0].lower()
        if re.fullmatch(r"create|drop|insert|delete|update|commit", word):
            storage._count("index", word)

    search._open = opened


def do(archive: Archive, world: World, program: str, concurrency: int) -> Any:
    if program in {SYNC, LATER}:
        return archive.sync(world.client, concurrency=concurrency).to_dict()
    if program == REBUILD:
        archive.rebuild()
    elif program == ERASE:
        archive.erase(custom_participant_id=ZOE, delete_summaries=True, delete_composites=True)
    elif program == REDACT:
        archive.erase(custom_participant_id=ZOE, redact=True)
    elif program == EXPIRE:
        archive.expire(timedelta(hours=1), keep=["session", "transcript"])
    return None


def main() -> None:
    # Imported before the forks. (Whoever makes an array for the first time imports pandas, if that is installed.)
    compression.compressed(b"")
    for name in ("encodings.utf_8_sig", "orjson", "pyarrow.compute", "pyarrow.parquet"):
        importlib.import_module(name)
    pa.array([1])
    for point in KILL_POINTS:
        re.compile(point.path)
    with Emulator() as emulator:
        world = make_world(emulator)
        # The threads that deliver webhooks must be idle: what one holds when this process forks, it holds for ever.
        time.sleep(0.2)
        for line in sys.stdin:
            reading, writing = os.pipe()
            if (pid := os.fork()) == 0:
                with os.fdopen(writing, "w") as output:
                    work(world, output, *json.loads(line))
                os._exit(0)
            os.close(writing)
            with os.fdopen(reading) as answer:
                found = answer.read().strip()
            _, status = os.waitpid(pid, 0)
            assert status == (signal.SIGKILL if "killed" in found[:9] else 0), status
            print(found, flush=True)


if __name__ == "__main__":
    main()
