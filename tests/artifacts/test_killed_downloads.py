"""Downloads whose process was killed: the next one resumes, or removes the part."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtimekit.artifacts import partial_file
from realtimekit.artifacts.resumable_download import MIN_PROGRESS
from tests.transports.loopback import Connection, Received

from .storage import DATA, SIGNATURE, TOKEN, Act, Storage, Way, left, says

SIZE = len(DATA)
HALF = SIZE // 2
WAY = Way("httpcore2", asynchronous=False)

SCRIPT = """
import asyncio, sys
import realtimekit
base_url, token, mode, to = sys.argv[1:]
settings = dict(api_token=token, account_id="a", app_id="b", base_url=base_url, transport="httpcore2")

async def main():
    async with realtimekit.AsyncRealtimeKit(**settings) as client:
        await (await client.sessions.ref("sess").chat).download(to)

if mode == "async":
    asyncio.run(main())
with realtimekit.RealtimeKit(**settings) as client:
    client.sessions.ref("sess").chat.download(to)
"""


@pytest.fixture(autouse=True)
def _new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partial_file, "_swept", set())


def stalls(until: int, *, etag: str = '"v1"') -> Act:
    """Serve up to this position, then nothing more."""

    def act(storage: Storage, connection: Connection, _request: Received) -> None:
        head = f"HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Length: {storage.size}\r\n\r\n"
        connection.send(head.encode() + storage.data[:until])
        connection.wait_for_close()

    return act


def kill_a_download(storage: Storage, to: Path, folder: Path, *, mode: str = "sync") -> Path:
    """Kill a process with -9 when about half was received. Returns the path of the part."""
    arguments = [sys.executable, "-c", SCRIPT, f"{storage.url}/client/v4", TOKEN, mode, str(to)]
    process = subprocess.Popen(arguments)
    try:
        end = time.monotonic() + 20
        while True:
            parts = [path for path in folder.iterdir() if path.suffix == ".part"]
            if parts and parts[0].stat().st_size >= HALF - MIN_PROGRESS:
                break
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(10)
    return parts[0]


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("named", [True, False], ids=["file", "folder"])
def test_the_next_download_resumes(tmp_path: Path, mode: str, named: bool) -> None:
    way = Way("httpcore2", mode == "async")
    to = tmp_path / "mine.csv" if named else tmp_path
    seen: list[tuple[int, int | None]] = []
    with Storage(stalls(HALF)) as storage:
        size = kill_a_download(storage, to, tmp_path, mode=mode).stat().st_size
        assert [path for path in tmp_path.iterdir() if SIGNATURE.encode() in path.read_bytes()] == []
        path = way.download(storage, to, progress=lambda *sizes: seen.append(sizes))
    assert path.read_bytes() == DATA
    assert storage.ranges == [None, f"bytes={size}-"]
    assert storage.asked[1].headers["if-range"] == '"v1"'
    assert left(tmp_path) == ["mine.csv" if named else "sess-chat.csv"]
    assert seen[0][0] > size
    assert seen[-1] == (SIZE, SIZE)


def test_another_version_starts_over(tmp_path: Path) -> None:
    with Storage(stalls(HALF)) as storage:
        kill_a_download(storage, tmp_path / "f", tmp_path)
        storage.etag, storage.data = '"v2"', DATA[::-1]
        assert WAY.download(storage, tmp_path / "f").read_bytes() == DATA[::-1]
    assert left(tmp_path) == ["f"]


@pytest.mark.parametrize("etag", ['W/"v1"', ""])
def test_without_a_strong_validator_it_starts_over(tmp_path: Path, etag: str) -> None:
    with Storage(stalls(HALF, etag=etag)) as storage:
        kill_a_download(storage, tmp_path / "f", tmp_path)
        storage.data = DATA[::-1]
        assert WAY.download(storage, tmp_path / "f").read_bytes() == DATA[::-1]
    assert storage.ranges == [None, None]
    assert left(tmp_path) == ["f"]


def damage_its_version(part: Path) -> None:
    part.with_suffix(".json").write_text('{"url": [')


def write_it_before_a_power_failure(part: Path) -> None:
    os.utime(part, (0, partial_file._booted_at() - 60))


def make_it_longer_than_the_file(part: Path) -> None:
    part.write_bytes(bytes(SIZE + 1))


@pytest.mark.parametrize(
    "damage", [damage_its_version, write_it_before_a_power_failure, make_it_longer_than_the_file]
)  # fmt: skip
def test_what_cannot_be_trusted_is_not_used(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with Storage(stalls(HALF)) as storage:
        damage(kill_a_download(storage, tmp_path / "f", tmp_path))
        assert WAY.download(storage, tmp_path / "f").read_bytes() == DATA
    assert storage.ranges == [None, None]
    assert left(tmp_path) == ["f"]


def test_killed_before_the_file_got_its_name(tmp_path: Path) -> None:
    with Storage(stalls(HALF)) as storage:
        kill_a_download(storage, tmp_path / "f", tmp_path).write_bytes(DATA)
        assert WAY.download(storage, tmp_path / "f").read_bytes() == DATA
    assert storage.ranges == [None, f"bytes={SIZE - 1}-"]


def test_abandoned_parts_are_removed(tmp_path: Path) -> None:
    week = partial_file.MAX_AGE
    with Storage(stalls(HALF)) as storage:
        old = kill_a_download(storage, tmp_path / "old", tmp_path)
        for path in (old, old.with_suffix(".json")):
            os.utime(path, (0, time.time() - week - 60))
        (tmp_path / ".others.part").write_bytes(b"")
        os.utime(tmp_path / ".others.part", (0, 0))
        storage._acts.clear()
        WAY.download(storage, tmp_path / "g")
    assert left(tmp_path) == [".others.part", "g"]


def test_recent_parts_stay(tmp_path: Path) -> None:
    with Storage(stalls(HALF)) as storage:
        part = kill_a_download(storage, tmp_path / "f", tmp_path)
        WAY.download(storage, tmp_path / "g")
    assert left(tmp_path) == [part.with_suffix(".json").name, part.name, "g"]


def test_two_at_once(tmp_path: Path) -> None:
    """To one path: each has a part of its own, and the last one wins, as with every other program."""
    release = threading.Event()

    def waits(storage: Storage, connection: Connection, request: Received) -> None:
        release.wait(10)
        storage.serve(connection, request)

    with Storage(waits, waits) as storage:
        threads = [threading.Thread(target=WAY.download, args=(storage, tmp_path / "f")) for _ in range(2)]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 10
        while len(storage.asked) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        parts = left(tmp_path)
        release.set()
        for thread in threads:
            thread.join(10)
    assert len(parts) == 2
    assert (tmp_path / "f").read_bytes() == DATA
    assert left(tmp_path) == ["f"]


def test_a_link_in_the_place_of_the_part_is_not_followed(tmp_path: Path) -> None:
    """In a folder that others can write to, such as /tmp."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"important")
    with Storage(stalls(HALF)) as storage:
        part = kill_a_download(storage, tmp_path / "f", tmp_path)
        part.unlink()
        part.symlink_to(victim)
        assert WAY.download(storage, tmp_path / "f").read_bytes() == DATA
    assert victim.read_bytes() == b"important"


def test_a_failed_download_leaves_nothing(tmp_path: Path) -> None:
    acts: list[Any] = [says(DATA[:MIN_PROGRESS], headers=('ETag: "v1"',)), says(status="400 Bad Request")]
    with Storage(*acts) as storage:
        WAY.download(storage, tmp_path / "f")
        with pytest.raises(Exception, match="400"):
            WAY.download(storage, tmp_path / "g")
    assert left(tmp_path) == ["f"]
