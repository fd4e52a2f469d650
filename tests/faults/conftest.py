"""One served emulator and one client of each kind for a file of tests; faults are removed after each test."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from realtimekit.emulator import Emulator
from realtimekit.emulator.server import Server

from .callers import CALLERS, Caller


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Emulator, Server]]:
    with Emulator() as emulator, emulator.serve() as server:
        yield emulator, server


@pytest.fixture
def emulator(served: tuple[Emulator, Server]) -> Iterator[Emulator]:
    yield served[0]
    served[0].clear_faults()


@pytest.fixture(scope="module", params=CALLERS)
def open_caller(request: pytest.FixtureRequest, served: tuple[Emulator, Server]) -> Iterator[Caller]:
    caller = Caller(request.param, *served)
    yield caller
    caller.close()


@pytest.fixture
def caller(open_caller: Caller) -> Caller:
    open_caller.waits.clear()
    return open_caller


@pytest.fixture(scope="module")
def closed_url() -> Iterator[str]:
    """The base URL of a port that refuses connections."""
    with socket.socket() as bound:  # so that no other program takes the port
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/client/v4"
