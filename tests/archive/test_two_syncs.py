"""Two syncs at once, and more: they share the work, lose nothing and copy nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive
from realtimekit.archive.sync_result import SyncResult
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from tests.conftest import settings_of

from .worlds import HOUR, World, below, objects

SESSIONS = 3
ROOT = Path(__file__).parents[2]


def hold_some(world: World) -> list[str]:
    ids = [world.hold("Alice", minutes=1, record_on_start=False).session_id for _ in range(SESSIONS)]
    world.wait(2 * HOUR)
    return ids


def check_nothing_twice(world: World, requests: list[str], ids: list[str]) -> None:
    """Check that each session was copied once, whole, and that the ledger is clean."""
    assert {manifest.session_id for manifest in world.archive.manifests()} == set(ids)
    for name in ("chat", "transcript", "summary", "participants"):
        asked = Counter(path for path in requests if path.endswith(f"/{name}"))
        assert asked == Counter({f"/sessions/{session_id}/{name}": 1 for session_id in ids}), name
    assert max(Counter(below(requests, "/peer-report/")).values()) == 1
    assert {manifest.revision for manifest in world.archive.manifests()} == {1}
    assert world.check_contents() == 8 * SESSIONS - SESSIONS
    ledger = [entry.path for entry in world.archive.store.entries("ledger")]
    assert below(ledger, "/claims/") == below(ledger, "/open/") == []
    assert world.archive.ledger.proven_until() is not None
    assert world.sync().ok


def test_threads(world_at: World) -> None:
    world = world_at
    ids = hold_some(world)
    barrier, before = threading.Barrier(3), len(world.log())

    def sync(_: int) -> SyncResult:
        archive = Archive(world.archive.target)
        barrier.wait()
        return archive.sync(world.client, concurrency=2)

    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(sync, range(3)))
    assert all(result.ok for result in results), results
    assert sum(result.artifacts.get("COPIED", 0) for result in results) == 7 * SESSIONS
    check_nothing_twice(world, world.requests(before), ids)


_PROGRAM = """
import json, sys
from realtimekit import RealtimeKit
from realtimekit.archive import Archive
target, settings = json.loads(sys.argv[1])
client = RealtimeKit(**settings)
archive = Archive(target)
client.sessions.count()
print("ready", flush=True)
sys.stdin.readline()
print(json.dumps(archive.sync(client, concurrency=2).to_dict()))
"""


def test_processes_over_http(target: str) -> None:
    if target.startswith("memory:"):
        pytest.skip("memory is not shared")
    with Emulator() as emulator, emulator.serve() as server:
        world = World(emulator, target)
        ids = hold_some(world)
        command = [sys.executable, "-c", _PROGRAM, json.dumps([target, settings_of(emulator, server.base_url)])]
        processes = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
            for _ in range(2)
        ]
        try:
            for process in processes:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
            before = len(world.log())
            for process in processes:
                assert process.stdin is not None
                process.stdin.write("\n")
                process.stdin.flush()
            results = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.communicate()
        assert [result["failures"] for result in results] == [[], []]
        assert [result["ok"] for result in results] == [True, True]
        check_nothing_twice(world, world.requests(before), ids)


class Gate:
    """A transport that stops at the first request for something, until it is opened."""

    def __init__(self, world: World, part: str) -> None:
        self._inner, self._part = world.transport, part
        self.reached, self.opened = threading.Event(), threading.Event()

    def send(self, request: Request) -> Response:
        if self._part in request.url and not self.reached.is_set():
            self.reached.set()
            assert self.opened.wait(30)
        return self._inner.send(request)


def test_one_that_was_asleep_when_another_took_over_overwrites_nothing(world: World) -> None:
    """A laptop that sleeps for longer than its claim lasts: what it wakes up to is another's work."""
    held = world.hold("Alice", record_on_start=False)
    world.wait(2 * HOUR)
    gate = Gate(world, "/summary")
    asleep = world.client_with(transport=gate)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(world.archive.sync, asleep)
        assert gate.reached.wait(30)
        world.wait(HOUR)
        assert world.sync().completed == 1
        before = {path: content for path, content in objects(world.archive).items() if "manifest" in path}
        gate.opened.set()
        result: Any = slow.result(30)
    assert (result.skipped, result.completed) == (1, 0)
    after = {path: content for path, content in objects(world.archive).items() if "manifest" in path}
    assert before == after
    assert world.manifest(held.session_id).revision == 1
    assert world.check_contents() == 7
    assert world.sync().ok


def test_a_session_that_another_is_at_work_on_is_left_to_it(world: World) -> None:
    world.hold("Alice", record_on_start=False)
    world.wait(2 * HOUR)
    gate = Gate(world, "/summary")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(world.archive.sync, world.client_with(transport=gate))
        assert gate.reached.wait(30)
        result, requests = world.requests_of()
        assert (result.ok, result.skipped, result.checked) == (True, 1, 0)
        assert below(requests, "/sessions/") == []
        gate.opened.set()
        assert slow.result(30).completed == 1
