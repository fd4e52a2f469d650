"""The two implementations of the algorithm, in Python and in Lua, give the same results."""

from __future__ import annotations

import random
from typing import Any

import pytest
import redis

from realtimekit.errors import RateLimitError
from realtimekit.interfaces import Reservation, Response
from realtimekit.limits import LocalLimiter

from .simulation import Reserving, Simulated


class Clock:
    """Seconds in steps that a float represents exactly, so that rounding cannot make the two sides differ."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def random_response(chance: random.Random) -> Response | None:
    """Any response that a server may send, mostly with one limit and few requests left."""
    if chance.random() < 0.1:
        return None
    status = chance.choices([200, 503, 429], [20, 1, 1])[0]
    headers: dict[str, str] = {}
    names = chance.choices([[], ["a"], ["a", "b"], ["b"]], [2, 8, 2, 1])[0]
    if names:
        headers["ratelimit"] = ", ".join(
            f'"{name}";r={chance.choice([0, 0, 1, 2, 5, 9])};t={chance.randint(0, 12)}' for name in names
        )
    names = chance.choices([[], ["a"], ["a", "b"], ["b"]], [4, 8, 2, 1])[0]
    if names:
        windows = [1, 2, 4, 8, 10, 60]
        headers["ratelimit-policy"] = ",".join(
            f'"{name}";q={chance.randint(1, 9)};w={chance.choice(windows)}' for name in names
        )
    if status == 429 and chance.random() < 0.8:
        headers["retry-after"] = str(chance.randint(0, 20))
    return Response(status, headers, b"")


@pytest.mark.parametrize("seed", range(40))
def test_python_and_lua_agree(client: redis.Redis, seed: int) -> None:
    chance, clock = random.Random(seed), Clock()
    options: dict[str, Any] = {"max_wait": chance.choice([2.0, 30.0, 120.0])}
    if chance.random() < 0.3:
        options |= {"quota": chance.randint(1, 4), "window": chance.choice([1.0, 8.0])}
    both: list[Reserving] = [LocalLimiter(clock=clock, **options), Simulated(client, clock, **options)]
    waiting: list[tuple[Reservation, Reservation]] = []
    in_flight: list[tuple[Reservation, Reservation]] = []

    def reserve(*reservations: Reservation | None) -> None:
        results: list[Any] = []
        for limiter, reservation in zip(both, reservations, strict=True):
            try:
                results.append(limiter.reserve(reservation))
            except RateLimitError as error:
                results.append(error)
        one, other = results
        if isinstance(one, RateLimitError):
            assert isinstance(other, RateLimitError)
            assert abs((one.retry_after or 0) - (other.retry_after or 0)) < 1e-5
            return
        assert abs(one.wait - other.wait) < 1e-5
        assert bool(one.wait) == bool(other.wait)
        assert one[1:] == other[1:]
        (waiting if one.wait else in_flight).append((one, other))

    for _ in range(500):
        step = chance.choices(["wait", "reserve", "reserve again", "observe"], [3, 4, 6, 5])[0]
        if step == "wait":
            clock.now += chance.choices([1, 8, 64, 400], [6, 4, 3, 1])[0] / 64
        elif step == "reserve":
            reserve(None, None)
        elif step == "reserve again" and waiting:
            reserve(*waiting.pop(chance.randrange(len(waiting))))
        elif step == "observe" and in_flight:
            response = random_response(chance)
            for limiter, reservation in zip(both, in_flight.pop(chance.randrange(len(in_flight))), strict=True):
                limiter.observe(response, reservation)
