"""Time that runs faster, for real threads and processes against the emulator's own limit, and the client's part."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from realtimekit.emulator import Emulator
from realtimekit.emulator.clock import Clock
from realtimekit.interfaces import Request, Response
from realtimekit.limits import LocalLimiter, RedisLimiter
from realtimekit.limits.script import CLOCK, SCRIPT

SPEED = 20  # seconds of the test in one real second


def seconds() -> float:
    """The limiter's clock."""
    return time.monotonic() * SPEED


class Quick(Clock):
    """The emulator's."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() * SPEED, UTC)


def quicken(emulator: Emulator) -> None:
    emulator.world.clock = Quick()


def quick_script(client: Any) -> Any:
    """The script, by a clock of Redis that is as fast."""
    clock = f"(function () local t = {CLOCK} return {{t[1] * {SPEED}, t[2] * {SPEED}}} end)()"
    return client.register_script(SCRIPT.replace(CLOCK, clock))


def send(limiter: LocalLimiter | RedisLimiter, transport: Any, request: Request) -> Response:
    """What a client does with its limiter."""
    reservation = limiter.reserve()
    while reservation.wait:
        time.sleep(reservation.wait / SPEED)
        reservation = limiter.reserve(reservation)
    response: Response | None = None
    try:
        response = transport.send(request)
    finally:
        limiter.observe(response, reservation)
    assert response is not None
    return response
