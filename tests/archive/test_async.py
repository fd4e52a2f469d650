"""A sync with an async client: its own transport or another one, awaited, canceled."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Awaitable
from typing import Any

import pytest

from realtimekit import AsyncRealtimeKit
from realtimekit.archive import Archive
from realtimekit.emulator import Emulator
from realtimekit.errors import PermissionDeniedError
from realtimekit.interfaces import Request, Reservation, Response

from .worlds import HOUR, World

NAMES = ["Alice", "Bob", "Carol"]


def hold_some(world: World) -> None:
    for name in NAMES:
        world.hold(name, minutes=1)
    world.wait(2 * HOUR)


class Awaited:
    """An async transport that hands requests to the emulator, and notices the thread that it runs in."""

    def __init__(self, world: World) -> None:
        self._inner = world.transport
        self.threads: set[int] = set()
        self.at: asyncio.Event | None = None
        self.count = 0

    async def send(self, request: Request) -> Response:
        self.threads.add(threading.get_ident())
        self.count += 1
        if self.at is not None and "/participants" in request.url:
            self.at.set()
        await asyncio.sleep(0)
        return self._inner.send(request)


def client_of(world: World, **settings: Any) -> AsyncRealtimeKit:
    given: dict[str, Any] = {**world.settings, **settings}
    return AsyncRealtimeKit(**given)


def test_the_result_is_awaited(world: World) -> None:
    hold_some(world)
    pending = world.archive.sync(client_of(world))
    assert inspect.iscoroutine(pending)
    result = asyncio.run(pending)
    assert (result.ok, result.completed) == (True, 3)
    assert world.check_contents() == 27


def test_an_async_transport_runs_in_the_event_loop_and_the_storage_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from realtimekit.archive.store import Store

    hold_some(world)
    transport, writers = Awaited(world), set[int]()
    put = Store.put

    def noticed(self: Store, path: str, content: bytes) -> None:
        writers.add(threading.get_ident())
        put(self, path, content)

    monkeypatch.setattr(Store, "put", noticed)
    result = asyncio.run(world.archive.sync(client_of(world, transport=transport)))
    assert (result.ok, result.completed) == (True, 3)
    assert transport.threads == {threading.get_ident()}
    assert writers.isdisjoint(transport.threads)


@pytest.mark.parametrize("name", ["httpcore2", "pyreqwest"])
def test_over_http_with_each_transport(name: Any) -> None:
    with Emulator() as emulator, emulator.serve() as server:
        world = World(emulator)
        hold_some(world)

        async def run() -> Any:
            async with client_of(world, base_url=server.base_url, transport=name) as client:
                ticks = 0

                async def tick() -> None:
                    nonlocal ticks
                    while True:
                        ticks += 1
                        await asyncio.sleep(0.001)

                ticking = asyncio.ensure_future(tick())
                result = await world.archive.sync(client)
                ticking.cancel()
                return result, ticks

        result, ticks = asyncio.run(run())
        assert (result.ok, result.completed) == (True, 3)
        assert ticks > 5  # the event loop went on
        assert world.check_contents() == 27


class AsyncLimiter:
    """A limiter such as `AsyncRedisLimiter`: only an event loop can ask it."""

    max_wait = 60.0

    def __init__(self) -> None:
        self.count = 0

    def reserve(self, _: Reservation | None) -> Awaitable[Reservation]:
        return self._reserve()

    async def _reserve(self) -> Reservation:
        self.count += 1
        return Reservation(0.0, 0)

    def observe(self, *_: object) -> None: ...


def test_a_limiter_of_an_async_client() -> None:
    with Emulator() as emulator, emulator.serve() as server:
        world = World(emulator)
        hold_some(world)
        limiter = AsyncLimiter()

        async def run() -> Any:
            async with client_of(world, base_url=server.base_url, transport="auto", limiter=limiter) as client:
                return await world.archive.sync(client)

        assert asyncio.run(run()).completed == 3
        assert limiter.count > 20


@pytest.mark.parametrize("times", [1, 3])
def test_a_canceled_sync_finishes_what_is_in_hand(world: World, times: int) -> None:
    hold_some(world)
    transport = Awaited(world)

    async def run() -> None:
        transport.at = asyncio.Event()
        task = asyncio.ensure_future(world.archive.sync(client_of(world, transport=transport), concurrency=1))
        await transport.at.wait()
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0)
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert 1 <= len(list(world.archive.manifests())) < 3
    assert world.archive.store.entries("ledger/claims") == []
    assert world.sync().ok
    assert world.check_contents() == 27


def test_errors_come_out_as_they_are(world: World) -> None:
    hold_some(world)
    world.fail("/participants", status=403)
    with pytest.raises(PermissionDeniedError):
        asyncio.run(world.archive.sync(client_of(world, transport=Awaited(world))))
    with pytest.raises(ValueError, match="concurrency=0"):
        asyncio.run(world.archive.sync(client_of(world), concurrency=0))
    assert isinstance(world.archive, Archive)
