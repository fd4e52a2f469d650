"""A real Redis, and an API with a real rate limit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from realtimekit.emulator import Emulator
from tests.conftest import settings_of
from tests.webhooks.conftest import redis_server


@pytest.fixture(scope="session")
def redis_socket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("l")
    with redis_server(folder):
        yield str(folder / "s")


@pytest.fixture
def client(redis_socket: str) -> Iterator[redis.Redis]:
    """An empty Redis."""
    with redis.Redis(unix_socket_path=redis_socket) as client:
        client.flushall()
        yield client


class Limited:
    """The API with a limit of 20 calls in two seconds; one call more, and everything is rejected for two seconds.

    The documented limits have windows of 10 seconds and more. In two seconds even a busy machine answers a call.
    """

    QUOTA, WINDOW = 20, 2.0

    def __init__(self, emulator: Emulator, base_url: str) -> None:
        self._emulator = emulator
        self.settings: dict[str, Any] = {**settings_of(emulator, base_url), "transport": "httpcore2"}
        emulator.add_fault(limit={"requests": self.QUOTA, "window_seconds": self.WINDOW, "block_seconds": 2})

    def statuses(self) -> list[int]:
        return [request["status"] for request in self._emulator.requests()]


@pytest.fixture
def limited() -> Iterator[Limited]:
    with Emulator() as emulator, emulator.serve() as server:
        yield Limited(emulator, server.base_url)
