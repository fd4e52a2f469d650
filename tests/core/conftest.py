"""Fixtures: every test starts without settings, and nothing sleeps."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

import realtimekit.client
from realtimekit.settings import ENVIRONMENT, _configured

from .scripted import Mode


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove configured settings, environment variables and the default client, before and after the test."""
    for variable in ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(realtimekit.client, "_default", None)
    before = dict(_configured)
    _configured.clear()
    yield
    _configured.clear()
    _configured.update(before)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each sleep that was requested. Servers of other tests go on, in threads of their own."""
    seconds: list[float] = []
    servers = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    block, suspend = time.sleep, asyncio.sleep

    def sleep(delay: float) -> None:
        if threading.get_ident() in servers:
            return block(delay)
        return seconds.append(delay)

    async def async_sleep(delay: float) -> None:
        if threading.get_ident() in servers:
            return await suspend(delay)
        return seconds.append(delay)

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(asyncio, "sleep", async_sleep)
    return seconds


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(asynchronous=request.param)
