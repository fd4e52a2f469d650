"""A recording's size: 500 MB over a connection that is cut three times, in a process of its own that is measured."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.transports.loopback import Connection

from .storage import TOKEN, Storage, cut

BLOCK = bytes(range(256)) * 4096  # 1 MiB
BLOCKS = 500
SIZE = BLOCKS * len(BLOCK)
ALLOWED = 60_000  # kB above the start of the process

SCRIPT = """
import asyncio, hashlib, json, re, sys
from pathlib import Path
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1])
start = peak()
import realtimekit
base_url, token, transport, asynchronous, to = sys.argv[1:]
settings = dict(api_token=token, account_id="a", app_id="b", base_url=base_url, transport=transport)

async def main():
    async with realtimekit.AsyncRealtimeKit(**settings) as client:
        return await (await client.sessions.ref("s").chat).download(to)

if asynchronous == "async":
    path = asyncio.run(main())
else:
    with realtimekit.RealtimeKit(**settings) as client:
        path = client.sessions.ref("s").chat.download(to)
above = peak() - start
with path.open("rb") as file:
    print(json.dumps({"above": above, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}))
"""


class Recording(Storage):
    """Serves blocks that are made when they are sent; no two are alike."""

    def send(self, connection: Connection, start: int, until: int | None) -> None:
        until = SIZE if until is None else until
        while start < until:
            number, offset = divmod(start, len(BLOCK))
            piece = block(number)[offset : offset + until - start]
            connection.send(piece)
            start += len(piece)


def block(number: int) -> bytes:
    return number.to_bytes(4, "big") + BLOCK[4:]


@pytest.fixture(scope="module")
def digest() -> str:
    sha256 = hashlib.sha256()
    for number in range(BLOCKS):
        sha256.update(block(number))
    return sha256.hexdigest()


# Not resource.getrusage: its peak begins with that of the process that started this one.
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel does not tell the peak of the memory")
@pytest.mark.parametrize(("transport", "mode"), [("httpcore2", "sync"), ("pyreqwest", "async")])
def test_a_recording_in_little_memory(tmp_path: Path, digest: str, transport: str, mode: str) -> None:
    places = [SIZE // 7, SIZE // 3 + 1, SIZE - 5_000_001]
    with Recording(*map(cut, places), size=SIZE) as storage:
        arguments = [f"{storage.url}/client/v4", TOKEN, transport, mode, str(tmp_path / "recording.mp4")]
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments], check=True, capture_output=True, text=True, timeout=60
        )
    result = json.loads(done.stdout)
    assert result["sha256"] == digest
    assert result["above"] < ALLOWED, f"{result['above']} kB above the start"
    assert len(storage.asked) == 4
    assert sum(request.headers.get("range") is not None for request in storage.asked) == 3
    assert [path.name for path in tmp_path.iterdir()] == ["recording.mp4"]
