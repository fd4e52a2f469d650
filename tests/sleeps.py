"""Sleeps that are recorded instead of slept."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest


def record_sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the list that gets the seconds of each sleep. Servers of other tests go on, in threads of their own."""
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
