"""What a sync costs: memory, requests of the API, requests of the storage."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from realtimekit.emulator import Emulator
from tests.conftest import settings_of

from .storage import Storage
from .worlds import HOUR, World, below

MEGABYTES = {"folder": 300, "s3": 128}  # moto takes its time
# The measured process; the server that sends the recording is another one.
_PROGRAM = """
import hashlib, json, resource, sys, threading
import pyarrow.parquet
from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.archive.compression import compressed
target, settings = json.loads(sys.argv[1])
client = RealtimeKit(**settings)
archive = Archive(target)
compressed(b"x")
pyarrow.array(["x"])  # loads pandas, if it is installed
archive.store.is_empty()
client.sessions.count()
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) // 1024
start = peak()
result = archive.sync(client)
print(json.dumps({"start": start, "peak": peak(), "result": result.to_dict()}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is read from /proc")
def test_a_large_recording_is_streamed_in_little_memory(target: str) -> None:
    if target.startswith("memory:"):
        pytest.skip("it would be kept in memory")
    chunk, megabytes = bytes(range(256)) * 4096, MEGABYTES["s3" if target.startswith("s3") else "folder"]
    with Emulator() as emulator, emulator.serve() as server, large_file(chunk, megabytes) as link:
        world = World(emulator, target)
        held = world.hold("Alice")
        world.wait(2 * HOUR)
        (recording,) = [record.to_dict() for record in world.client.recordings.where(meeting_id=held.meeting_id)]
        whole = {**recording, "download_url": link, "file_size": megabytes << 20}
        world.fail("/recordings", status=200, body={"success": True, "data": [whole], "paging": {"total_count": 1}})
        command = [sys.executable, "-c", _PROGRAM, json.dumps([target, settings_of(emulator, server.base_url)])]
        output = subprocess.run(command, capture_output=True, check=True, timeout=120, text=True).stdout
        found = json.loads(output)
        assert found["result"]["ok"], found
        assert found["peak"] - found["start"] < 80, found
        (name,) = [name for name in world.states(held.session_id) if name.startswith("recordings/")]
        artifact = world.manifest(held.session_id).artifacts[name]
        assert (artifact.bytes, artifact.reason) == (megabytes << 20, None)
        (entry,) = [entry for entry in world.archive.store.entries("raw") if entry.path.endswith(".mp4")]
        assert entry.size == megabytes << 20


def large_file(chunk: bytes, count: int) -> Any:
    """Serve a file of so many megabytes, as a context manager that returns the link to it."""
    import contextlib
    import threading
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", str(len(chunk) * count))
            self.end_headers()
            for _ in range(count):
                self.wfile.write(chunk)

        def log_message(self, format: str, *args: object) -> None: ...

    @contextlib.contextmanager
    def serving() -> Any:
        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}/large.mp4?signature=x"
            finally:
                server.shutdown()
                thread.join()

    return serving()


def test_requests_of_a_session_of_ten(world: World, storage: Storage) -> None:
    """18 of the API for ten people; and of the storage one for each object, and some for the ledger."""
    world.hold(*[f"Person {number}" for number in range(10)], record_on_start=False)
    world.wait(2 * HOUR)
    storage.clear()
    result, requests = world.requests_of()
    assert result.completed == 1
    files = below(requests, "/files/")
    assert len(files) == 3
    assert len(requests) - len(files) == 2 + 18  # the list of sessions and its count
    objects = len(world.archive.store.entries("raw"))
    assert objects == 17
    before_tables = [call for call in storage.calls if "tables" not in call[1]]
    costs = Counter(verb for verb, _ in before_tables)
    assert costs["put"] == objects + 5  # identity, entry, window, claim, and the mark of what changed
    assert costs["delete"] == 3  # entry, claim and mark
    assert costs["get"] + costs["head"] + costs["list"] < 45, before_tables


def test_requests_of_a_sync_with_nothing_new(world: World, storage: Storage) -> None:
    for _ in range(3):
        world.hold("Alice")
    world.wait(2 * HOUR)
    world.sync()
    for wait in (HOUR, 60):
        world.wait(wait)
        storage.clear()
        result, requests = world.requests_of()
        assert result.ok
        assert len(requests) <= 2
        assert len(storage.calls) <= 12, storage.calls
        assert len(storage.writes) <= 1  # the window


def test_many_sessions_do_not_cost_more_each(world: World, storage: Storage) -> None:
    """No step lists the whole ledger for each session."""
    counts = []
    for number in (2, 8):
        for _ in range(number):
            world.hold("Alice", minutes=1, record_on_start=False)
        world.wait(2 * HOUR)
        storage.clear()
        assert world.sync().completed == number
        counts.append(storage.counts["list"])
    assert counts[1] <= counts[0] + 1
