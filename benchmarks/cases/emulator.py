"""The emulator: requests per second, and times with 100,000 sessions."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.cases import Case, Meter, Metric
from benchmarks.contenders import EMULATOR

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack

    from benchmarks.cases import Sample, Setting
    from realtimekit import RealtimeKit
    from realtimekit.emulator import Emulator

CALLS, FEW, MANY, PAGE = 500, 1_000, 100_000, 50
TIMES = 5  # the fastest counts: another process may have used the core


def begin(setting: Setting) -> Callable[[], Sample]:
    """Make one emulator that is served by the command line, one with few sessions and one with many."""
    from realtimekit import RealtimeKit  # only in the environment that has it
    from realtimekit.emulator import Emulator
    from realtimekit.transports.emulator import connected

    few, before = setting.undo.enter_context(Emulator()), resident()
    many = setting.undo.enter_context(Emulator())
    fill(many, MANY)
    gc.collect()
    memory = resident() - before
    fill(few, FEW)
    clients = {name: RealtimeKit(**connected(one)) for name, one in (("few", few), ("many", many))}
    served = serve(setting.undo)

    def measure() -> Sample:
        last = MANY // 2 // PAGE
        return {
            "http": rate(served, served.meetings.create(title="Weekly").id),
            "in_process": rate(clients["few"], clients["few"].meetings.create(title="Weekly").id),
            "memory": memory,
            "first_of_few": page_time(clients["few"], 1),
            "first_of_many": page_time(clients["many"], 1),
            "middle_of_many": page_time(clients["many"], last // 2),
            "last_of_many": page_time(clients["many"], last),
            "find_of_many": find_time(clients["many"], many),
        }

    return measure


def serve(undo: ExitStack) -> RealtimeKit:
    """Start an emulator in a process of its own, and return a client of it."""
    from realtimekit import RealtimeKit

    command = [sys.executable, "-m", "realtimekit", "emulator", "--json", "--port", "0"]
    running = undo.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    undo.callback(running.terminate)
    assert running.stdout is not None
    settings = json.loads(running.stdout.readline())
    del settings["control_url"]
    return RealtimeKit(**settings)


def rate(client: RealtimeKit, meeting_id: str) -> float:
    """Return the requests per second, made one after another."""
    with Meter() as meter:
        for _ in range(CALLS):
            client.meetings.find(meeting_id)
    return CALLS / meter.wall


def page_time(client: RealtimeKit, number: int) -> float:
    """Return the seconds for one page of ended sessions, which are every other session."""
    ended = client.sessions.where(status="ENDED").page_size(PAGE)
    return fastest(lambda: len(ended.page(number)) == PAGE)


def find_time(client: RealtimeKit, emulator: Emulator) -> float:
    """Return the seconds for one session by its id."""
    row = emulator.world.store.row("select id from sessions limit 1 offset ?", MANY // 2)
    assert row is not None
    return fastest(lambda: client.sessions.find(row["id"]).id == row["id"])


def fastest(call: Callable[[], bool]) -> float:
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        assert call()
        taken.append(time.perf_counter() - started)
    return min(taken)


def fill(emulator: Emulator, count: int) -> None:
    """Insert sessions that start a minute apart. Every other one has ended."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with emulator.world.store.transaction():
        for number in range(count):
            at = (start + timedelta(minutes=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            over = number % 2 == 0
            emulator.world.store.insert(
                "sessions",
                {
                    "id": str(uuid.uuid4()),
                    "app_id": emulator.app_id,
                    "meeting_id": str(uuid.uuid4()),
                    "title": "Weekly",
                    "status": "ENDED" if over else "LIVE",
                    "live_participants": 0 if over else 1,
                    "max_concurrent_participants": 3,
                    "minutes_consumed": 41.25,
                    "started_at": at,
                    "ended_at": at if over else None,
                    "created_at": at,
                    "updated_at": at,
                },
            )


def resident() -> int:
    """Return the resident memory of this process in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))


CASE = Case(
    "the emulator",
    (
        Metric("http", "requests a second over HTTP", digits=0),
        Metric("in_process", "requests a second in process", digits=0),
        Metric("memory", "MB for 100,000 sessions", 1e-6),
        Metric("first_of_few", "ms, first filtered page of 1,000", 1e3, digits=2),
        Metric("first_of_many", "ms, first filtered page of 100,000", 1e3, digits=2),
        Metric("middle_of_many", "ms, page 500 of them", 1e3, digits=2),
        Metric("last_of_many", "ms, page 1,000 of them", 1e3, digits=2),
        Metric("find_of_many", "ms, one by its id", 1e3, digits=2),
    ),
    (EMULATOR,),
    begin,
    rounds=5,
)
