"""A faster clock, for real threads and processes against the emulator's rate limit; and what a client does."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from realtimekit.emulator import Emulator
from realtimekit.emulator.clock import Clock
from realtimekit.interfaces import Request, Response
from realtimekit.limits import LocalLimiter, RedisLimiter
from realtimekit.limits.script import CLOCK, SCRIPT

SPEED = 20  # simulated seconds per real second


def seconds() -> float:
    """The clock of the limiter."""
    return time.monotonic() * SPEED


class FastClock(Clock):
    """The clock of the emulator."""

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() * SPEED, UTC)


def use_fast_clock(emulator: Emulator) -> None:
    emulator.world.clock = FastClock()


def fast_script(client: Any) -> Any:
    """The script with a clock of Redis that is as fast."""
    clock = f"(function () local t = {CLOCK} return {{t[1] * {SPEED}, t[2] * {SPEED}}} end)()"
    return client.register_script(SCRIPT.replace(CLOCK, clock))


def send(limiter: LocalLimiter | RedisLimiter, transport: Any, request: Request) -> Response:
    """Send a request as a client does, with a limiter."""
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
