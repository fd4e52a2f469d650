"""Fixtures: an emulator to archive, and targets of every kind."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from realtimekit.emulator import Emulator

from .storage import Storage
from .worlds import World

KEY, SECRET = "AKIAHOSTILEREVIEWER", "a-secret-storage-key"
_S3 = """
import threading, urllib.request
from moto.server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler
WSGIRequestHandler.protocol_version = "HTTP/1.1"  # connections stay open: a quarter of its CPU went into new ones
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
port = server.get_host_and_port()[1]
urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/bucket", method="PUT")).close()
print(port, flush=True)
threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def _cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search indexes of archives that are no folders are not kept in the cache of whoever runs the tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """S3 over HTTP, in a process of its own: what it holds in memory is not this one's."""
    with subprocess.Popen([sys.executable, "-c", _S3], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="session")
def s3_environment(s3_port: int) -> dict[str, str]:
    """The credentials of S3, as the environment has them."""
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{s3_port}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }


@pytest.fixture
def s3(s3_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """An S3 target: a prefix that nobody else uses."""
    for name, value in s3_environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/archive-{next(World._numbers)}"


@pytest.fixture(params=["memory", "folder", "s3"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A target of each kind, empty."""
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    return f"memory://test-{next(World._numbers)}" if request.param == "memory" else str(tmp_path / "archive")


@pytest.fixture
def world() -> Iterator[World]:
    with Emulator() as emulator:
        yield World(emulator)


@pytest.fixture
def world_at(target: str) -> Iterator[World]:
    """A world whose archive is at each kind of target."""
    with Emulator() as emulator:
        yield World(emulator, target)


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    """What every store of this process asks of its storage is counted, and can fail."""
    import realtimekit.archive.store

    storage = Storage()
    monkeypatch.setattr(realtimekit.archive.store, "_obstore", lambda: storage)
    return storage
