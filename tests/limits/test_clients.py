"""Clients with a rate limit, over real HTTP."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest

from realtimekit import APIConnectionError, AsyncRealtimeKit, ConfigurationError, RateLimitError, RealtimeKit
from realtimekit.interfaces import Reservation, Response
from realtimekit.limits import LocalLimiter, shared_limiter
from realtimekit.limits.window import RESET_MARGIN
from tests.core.scripted import AsyncScriptedTransport, Script, ScriptedTransport, error, lost, ok

from .conftest import Limited

CALLS = 30  # one and a half windows of `Limited`


def test_threads_share_the_limit(limited: Limited) -> None:
    """Each thread has its own client; all have the same token."""
    clients = [RealtimeKit(**limited.settings) for _ in range(12)]
    clients[0].apps.all()
    started = time.monotonic()
    with ThreadPoolExecutor(12) as threads:
        list(threads.map(lambda number: clients[number % 12].apps.all(), range(CALLS)))
    assert limited.statuses() == [200] * (CALLS + 1)
    assert time.monotonic() - started >= Limited.WINDOW
    for client in clients:
        client.close()


def test_tasks_share_the_limit(limited: Limited) -> None:
    async def main() -> None:
        async with AsyncRealtimeKit(**limited.settings) as client:
            await client.apps.all()
            await asyncio.gather(*(client.apps.all() for _ in range(CALLS)))

    asyncio.run(main())
    assert limited.statuses() == [200] * (CALLS + 1)


def test_without_a_limiter_they_are_rejected(limited: Limited) -> None:
    with RealtimeKit(**limited.settings, limiter="off", max_retries=0) as client:
        for _ in range(Limited.QUOTA):
            client.apps.all()
        with pytest.raises(RateLimitError, match="returned 429"):
            client.apps.all()
    assert limited.statuses() == [200] * Limited.QUOTA + [429]


def test_clients_that_start_too_fast_recover(limited: Limited) -> None:
    """Nothing is known, so some requests are rejected; all wait for the end of the block, and succeed."""
    with RealtimeKit(**limited.settings) as client, ThreadPoolExecutor(CALLS // 2) as threads:
        list(threads.map(lambda _: client.apps.all(), range(CALLS)))
    statuses = limited.statuses()
    assert statuses.count(200) == CALLS
    assert statuses.count(429) < CALLS / 2  # those in flight at the first 429, once each


def test_a_wait_that_is_too_long_fails_at_once(limited: Limited) -> None:
    with RealtimeKit(**limited.settings, limiter=LocalLimiter(max_wait=0.01)) as client:
        for _ in range(Limited.QUOTA):
            client.apps.all()
        with pytest.raises(RateLimitError, match="not sent: ") as caught:
            client.apps.all()
    assert 0 < (caught.value.retry_after or 0) <= Limited.WINDOW + RESET_MARGIN
    assert (caught.value.method, caught.value.status) == ("GET", 429)
    assert caught.value.path.endswith("/realtime/kit/apps")
    assert limited.statuses() == [200] * Limited.QUOTA


# --- without real time ------------------------------------------------------------------------------------------------

SETTINGS: dict[str, Any] = {"api_token": "x", "account_id": "a", "app_id": "b"}


def found() -> Response:
    return ok({"id": "sess-1"})


def test_a_429_is_waited_for_in_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and for as long as the server asks, even beyond the maximum without a limiter."""
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    script = Script(error(429, retry_after="250"), found())
    limiter = LocalLimiter(max_wait=300, clock=lambda: sum(waits))
    RealtimeKit(**SETTINGS, transport=ScriptedTransport(script), limiter=limiter).sessions.find("sess-1")
    assert sum(waits) == 250


def test_a_429_blocks_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    script = Script(error(429, retry_after="250"), found())
    client = RealtimeKit(**SETTINGS, transport=ScriptedTransport(script))
    with pytest.raises(RateLimitError, match="returned 429"):
        client.sessions.find("sess-1")
    with pytest.raises(RateLimitError, match="not sent"):
        client.with_options(timeout=5).sessions.find("sess-1")
    assert len(script.requests) == 1
    assert waits == []


def test_an_async_limiter_needs_an_async_client() -> None:
    class Awaiting:
        max_wait = 60.0

        async def reserve(self, reservation: Reservation | None, /) -> Reservation:
            return Reservation(0.0)

        def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
            observed.append(response)

    observed: list[Response | None] = []
    with pytest.raises(ConfigurationError, match=r"reserve\(\) is async"):
        RealtimeKit(**SETTINGS, limiter=Awaiting())
    with pytest.raises(ConfigurationError, match=r"reserve\(\) is async"):
        RealtimeKit(**SETTINGS).with_options(limiter=Awaiting())
    client = AsyncRealtimeKit(
        **SETTINGS, transport=AsyncScriptedTransport(Script(found(), lost())), limiter=Awaiting(), max_retries=0
    )
    asyncio.run(client.sessions.find("sess-1"))
    with pytest.raises(APIConnectionError):
        asyncio.run(client.sessions.find("sess-1"))
    assert observed == [found(), None]


@pytest.mark.parametrize("limiter", ["on", 5, object(), SimpleNamespace(reserve=print)])
def test_other_values_are_rejected(limiter: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"limiter=.*'auto', 'off', or an object with the methods `reserve`"):
        RealtimeKit(**SETTINGS, limiter=limiter)


@pytest.mark.parametrize(
    "wrong", [{"quota": 5}, {"window": 5}, {"quota": 0, "window": 5}, {"quota": 5, "window": 0}, {"max_wait": -1}]
)
def test_invalid_arguments_of_a_limiter(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"max_wait=|quota=|window="):
        LocalLimiter(**wrong)


def test_clients_with_the_same_token_share_a_limiter() -> None:
    one, same, other = (RealtimeKit(api_token=token) for token in ("x", "x", "y"))
    assert one._limiter is same._limiter is one.with_options(timeout=3)._limiter
    assert other._limiter is not one._limiter
    assert one.with_options(api_token="y")._limiter is other._limiter
    key = ("a key", 1)
    first = id(shared_limiter(key))
    gc.collect()
    held = [LocalLimiter() for _ in range(3)]  # so that no new one has the id of the first by chance
    assert id(shared_limiter(key)) != first or held


def test_nobody_holds_the_lock_while_waiting() -> None:
    limiter = LocalLimiter(quota=1, window=30.0, max_wait=100)
    script = Script(found(), found())
    client = RealtimeKit(**SETTINGS, transport=ScriptedTransport(script), limiter=limiter)
    client.sessions.find("sess-1")
    waiting = threading.Thread(target=client.sessions.find, args=("sess-1",), daemon=True)
    waiting.start()
    while not limiter._state.queue:
        time.sleep(0.01)
    assert not limiter._lock.locked()
    assert limiter.reserve(None).wait > 0  # answered at once
    assert waiting.is_alive()


FORK = """
import os, threading, time
from realtimekit.limits import LocalLimiter

limiter = LocalLimiter()
limiter._lock.acquire()  # as a thread would hold it at that moment
child = os.fork()
if not child:
    limiter.reserve(None)
    os._exit(7)
limit = time.monotonic() + 20
while time.monotonic() < limit:
    pid, status = os.waitpid(child, os.WNOHANG)
    if pid:
        print(os.waitstatus_to_exitcode(status))
        break
    time.sleep(0.01)
else:
    os.kill(child, 9)
    print("hangs")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="nothing forks there")
def test_a_fork_does_not_inherit_a_held_lock() -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "7\n", done.stderr
