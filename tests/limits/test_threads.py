"""Real threads and tasks against the emulator's rate limit, with a faster clock."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from realtimekit.limits import LocalLimiter
from realtimekit.transports.emulator import EmulatorTransport, connected

from .fast_clock import SPEED, seconds, send, use_fast_clock


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as emulator:
        use_fast_clock(emulator)
        emulator.add_fault(limit={"requests": 30, "window_seconds": 10, "block_seconds": 300})
        yield emulator


def request_to(emulator: Emulator) -> Request:
    settings = connected(emulator)
    url = f"{settings['base_url']}/accounts/{emulator.account_id}/realtime/kit/apps"
    return Request("GET", url, {"authorization": f"Bearer {emulator.api_token}"}, None, 30.0)


def statuses(emulator: Emulator) -> list[int]:
    return [request["status"] for request in emulator.requests()]


def in_threads(count: int, work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_threads_stay_inside_the_limit(emulator: Emulator) -> None:
    limiter, transport, request = LocalLimiter(clock=seconds), EmulatorTransport(emulator), request_to(emulator)
    send(limiter, transport, request)
    in_threads(20, lambda: [send(limiter, transport, request) for _ in range(5)])
    assert statuses(emulator) == [200] * 101


def test_without_a_limiter_they_do_not(emulator: Emulator) -> None:
    transport, request = EmulatorTransport(emulator), request_to(emulator)
    in_threads(20, lambda: [transport.send(request) for _ in range(5)])
    assert statuses(emulator).count(429) == 70


def test_tasks_stay_inside_the_limit(emulator: Emulator) -> None:
    limiter, transport, request = LocalLimiter(clock=seconds), EmulatorTransport(emulator), request_to(emulator)

    async def one() -> None:
        reservation = limiter.reserve()
        while reservation.wait:
            await asyncio.sleep(reservation.wait / SPEED)
            reservation = limiter.reserve(reservation)
        await asyncio.sleep(0)
        limiter.observe(transport.send(request), reservation)

    async def main() -> None:
        await one()
        impatient = [asyncio.create_task(one()) for _ in range(100)]
        await asyncio.sleep(0.05)
        patient = [asyncio.create_task(one()) for _ in range(30)]
        await asyncio.sleep(0.05)
        for task in impatient:
            task.cancel()
        await asyncio.gather(*patient)

    asyncio.run(main())
    assert statuses(emulator) == [200] * 60, "the first window and a second one; none for the canceled tasks"


def test_nobody_holds_the_lock_while_waiting() -> None:
    limiter = LocalLimiter()
    limiter.observe(Response(429, {"retry-after": "50"}, b""), limiter.reserve())
    reservation = limiter.reserve()
    assert reservation.wait > 0
    assert not limiter._lock.locked()
    done = threading.Event()

    def other() -> None:
        limiter.observe(Response(200, {}, b""))
        limiter.reserve()
        done.set()

    threading.Thread(target=other, daemon=True).start()
    assert done.wait(10), "a waiting thread blocks nobody"
