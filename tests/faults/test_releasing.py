"""Calls that time out or are canceled leave nothing behind: no connection, no request."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from realtimekit import APITimeoutError, AsyncRealtimeKit, RealtimeKitError
from realtimekit.emulator import Emulator
from realtimekit.emulator.faults import Fault
from realtimekit.emulator.server import Server
from tests.transports.loopback import Connection
from tests.transports.loopback import Server as RawServer
from tests.transports.test_deadlines import SLOW, drips_a_handshake, reads_slowly, says_nothing

from .callers import Caller, unlimited_settings

TIMES = 8  # more than the few descriptors that the measure allows for
DESCRIPTORS = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(not DESCRIPTORS.exists(), reason="counts descriptors where Linux lists them")


def descriptors() -> int:
    return sum(1 for _ in DESCRIPTORS.iterdir())


@asynccontextmanager
async def no_more_descriptors(patience: int = 4000) -> AsyncGenerator[None]:
    """Wait until about as many descriptors are open as before: a few are kept, or closed a bit later by the server."""
    before = descriptors()
    yield
    await until(lambda: descriptors() <= before + 4, patience)


@asynccontextmanager
async def cancelled(call: Any) -> AsyncGenerator[None]:
    """Cancel a call at the end of the block."""
    task = asyncio.ensure_future(call)
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool], patience: int = 4000) -> None:
    for _ in range(patience):
        if condition():
            return
        await asyncio.sleep(0.005)
    pytest.fail("it did not come about")


def applied(emulator: Emulator, number: int) -> bool:
    return bool(emulator.faults()[0]["applied"] == number)


def taken(server: RawServer, number: int) -> bool:
    return server.connections == number


# pyreqwest continues a request whose caller was canceled until its response arrives or it times out (0.15.1): so
# these calls have little time. httpcore2 ends it at once, and its calls have all the time in the world.
PATIENCE = {"pyreqwest": 1.0, "httpcore2": 3600.0}

WHILE: dict[str, Fault] = {
    "waiting for the answer": {"latency_seconds": 3600},
    "within the body": {"drip_seconds": 3600},
    "between two tries": {"status": 429, "headers": {"Retry-After": "55"}},
}


@pytest.mark.parametrize("fault", WHILE.values(), ids=WHILE.keys())
def test_cancelling_a_call_that_was_sent(
    transport: Any, served: tuple[Emulator, Server], emulator: Emulator, fault: Fault
) -> None:
    async def story() -> None:
        async with AsyncRealtimeKit(**unlimited_settings(*served), transport=transport) as client:
            await client.meetings.first()
            emulator.add_faults([{**fault, "method": "POST"}])
            before = len(emulator.requests())
            async with no_more_descriptors():
                for number in range(1, TIMES + 1):
                    async with cancelled(client.meetings.create(title="a", timeout=PATIENCE[transport])):
                        await until(partial(applied, emulator, number))
                        await asyncio.sleep(0.01)
                emulator.clear_faults()
                assert (await client.meetings.create(title="b")).title == "b"
            assert len(emulator.requests()) - before == TIMES + 1, "nothing is sent after the caller has gone"

    asyncio.run(story())


def test_cancelling_more_calls_than_there_may_be_connections(
    served: tuple[Emulator, Server], emulator: Emulator
) -> None:
    async def story() -> None:
        async with AsyncRealtimeKit(**unlimited_settings(*served), transport="httpcore2") as client:
            await client.meetings.first()
            emulator.add_fault(latency_seconds=3600)
            async with no_more_descriptors():
                calls = [asyncio.ensure_future(client.meetings.find("m")) for _ in range(130)]
                await until(lambda: emulator.faults()[0]["applied"] >= 100)
                for call in calls:
                    call.cancel()
                assert {type(result) for result in await asyncio.gather(*calls, return_exceptions=True)} == {
                    asyncio.CancelledError
                }
                emulator.clear_faults()
                await asyncio.gather(*[client.meetings.first() for _ in range(3)])

    asyncio.run(story())


@pytest.mark.xfail(strict=True, raises=pytest.fail.Exception, reason="see PATIENCE: pyreqwest cannot be interrupted")
def test_cancelling_ends_the_request_at_once_with_pyreqwest(
    served: tuple[Emulator, Server], emulator: Emulator
) -> None:
    async def story() -> None:
        async with AsyncRealtimeKit(**unlimited_settings(*served), transport="pyreqwest") as client:
            emulator.add_fault(latency_seconds=3600)
            async with no_more_descriptors(patience=200):
                for number in range(1, TIMES + 1):
                    async with cancelled(client.meetings.find("m")):
                        await until(partial(applied, emulator, number))

    asyncio.run(story())


# httpcore2 leaves a connection that is canceled in its TLS handshake to the garbage collector, which warns about it.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("phase", ["connecting", "sending"])
def test_cancelling_a_call_that_was_not_sent(transport: Any, phase: str) -> None:
    """To a server that accepts the connection and reads nothing, so that neither TLS nor a large body gets through."""
    over = threading.Event()

    def reads_nothing(connection: Connection) -> None:
        over.wait()

    async def story(server: RawServer) -> None:
        url = server.url.replace("http:", "https:") if phase == "connecting" else server.url
        settings: dict[str, Any] = {"api_token": "t", "account_id": "a", "app_id": "b", "base_url": url}
        async with AsyncRealtimeKit(**settings, transport=transport) as client:
            body = {"filler": "x" * (100 if phase == "connecting" else 20_000_000)}
            async with no_more_descriptors():
                for number in range(1, TIMES + 1):
                    async with cancelled(client.meetings.create(title="a", extra_body=body)):
                        await until(partial(taken, server, number))
                        await asyncio.sleep(0.01)
                over.set()
                gc.collect()  # here, where its warning is expected, and not in another test

    with RawServer(reads_nothing) as server:
        try:
            asyncio.run(story(server))
        finally:
            over.set()


GIVING_UP: dict[str, Fault] = {
    "no answer in time": {"latency_seconds": 3600},
    "a drip": {"drip_seconds": 3600},
    "a drip without a long wait": {"drip_seconds": 1},
    "reset before the answer": {"cut": "before"},
    "reset within the body": {"cut": "within"},
    "closed after the answer": {"cut": "after"},
    "too long": {"content_length": 1_000_000},
    "too short": {"content_length": 5},
    "refused": {"status": 503},
}


@pytest.mark.parametrize("fault", GIVING_UP.values(), ids=GIVING_UP.keys())
def test_a_fault_leaves_no_connection(caller: Caller, emulator: Emulator, fault: Fault) -> None:
    async def story() -> None:
        async with no_more_descriptors():
            emulator.add_fault(**fault)
            for _ in range(TIMES):
                with suppress(RealtimeKitError):
                    await caller.awaited(patient.apps.current, timeout=0.1)
            emulator.clear_faults()
            assert (await caller.awaited(client.apps.current)).name == "Emulator"

    if not caller.over_http:
        pytest.skip("in process there are no connections")
    client = caller.client
    patient = client.with_options(max_retries=0)
    patient.waits = caller.waits
    assert caller.get(client.apps.current()).name == "Emulator"
    caller.run(story())


# scheme, what the server does, bytes of the body
LATE = {name: ("http", script, 100) for name, script in SLOW.items()} | {
    "takes a body slowly": ("http", reads_slowly, 20_000_000),
    "says nothing to TLS": ("https", says_nothing, 100),
    "drips a handshake": ("https", drips_a_handshake, 100),
}


@pytest.mark.parametrize(("scheme", "script", "size"), LATE.values(), ids=LATE.keys())
def test_a_deadline_leaves_no_connection(
    caller: Caller, scheme: str, script: Callable[[Connection], None], size: int
) -> None:
    async def story(client: Any) -> None:
        async with no_more_descriptors():
            for _ in range(TIMES):
                with pytest.raises(APITimeoutError):
                    await caller.awaited(client.meetings.create, title="a", extra_body=body, timeout=0.1)

    if not caller.over_http:
        pytest.skip("in process there are no connections")
    body = {"filler": "x" * size}
    with RawServer(script) as server:
        client = caller.at(server.url.replace("http:", f"{scheme}:")).with_options(max_retries=0)
        client.waits = caller.waits
        caller.run(story(client))
        assert server.connections_within(5, TIMES) == TIMES, "none is used again"
