"""What a limiter promises, in a simulated world: nothing is refused, nobody is overtaken, everybody gets there.

The first request finds out about the limit, and the second tells Redis: what came before could not know.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.limits import LocalLimiter
from tests.fuzz.examples import fuzzed

from .simulation import Request, Reserving, Server, Simulated, World

Arrivals = list[tuple[float, dict[str, Any]]]


def servers(*windows: float) -> st.SearchStrategy[Server]:
    rounded = st.sampled_from([math.ceil, math.floor, round])
    return st.builds(Server, st.integers(1, 12), st.sampled_from(windows), aligned=st.booleans(), rounded=rounded)


WAYS = st.fixed_dictionaries(
    {
        "up": st.floats(0.0, 0.4),
        "down": st.floats(0.0, 3.0),
        "late": st.floats(0.0, 0.5),
        "lost": st.sampled_from([False] * 9 + [True]),
        "number": st.integers(0, 3),
    }
)
ARRIVALS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 1.0, 2.5]) | st.floats(0.0, 40.0), WAYS), min_size=1, max_size=60
)


def played(server: Server, arrivals: Arrivals, world: World, limiters: list[Reserving]) -> list[Request]:
    """Requests that arrive after the first ones; `number` says which limiter each has."""
    first = [Request(world, limiters[0], server, up=0.0), Request(world, limiters[0], server, up=0.0)]
    for request, after in zip(first, [0.0, 0.5], strict=True):
        world.spawn(request.story(), after)
    requests = [Request(world, limiters[way["number"] % len(limiters)], server, **way) for _, way in arrivals]
    for request, (after, _) in zip(requests, arrivals, strict=True):
        world.spawn(request.story(), 1.0 + after)
    world.run()
    return [*first, *requests]


Play = Callable[[Server, Arrivals], list[Request]]


@pytest.fixture(params=["memory", "redis"])
def play(request: pytest.FixtureRequest) -> Play:
    """By one limiter in memory, or by four that share a Redis."""

    def in_memory(server: Server, arrivals: Arrivals) -> list[Request]:
        world = World()
        return played(server, arrivals, world, [LocalLimiter(max_wait=math.inf, clock=world.clock)])

    if request.param == "memory":
        return in_memory
    client: redis.Redis = request.getfixturevalue("client")

    def through_redis(server: Server, arrivals: Arrivals) -> list[Request]:
        client.flushall()
        world = World()
        limiters = [Simulated(client, world.clock, max_wait=math.inf) for _ in range(4)]
        return played(server, arrivals, world, [*limiters])

    return through_redis


@fuzzed(25)
@given(server=servers(10.0, 60.0, 300.0), arrivals=ARRIVALS)
def test_nothing_is_refused_and_everybody_gets_there(play: Play, server: Server, arrivals: Arrivals) -> None:
    requests = play(server, arrivals)
    assert not server.refused
    assert all(count <= server.quota for count in server.counts)
    assert all(request.window for request in requests)


@fuzzed(25)
@given(server=servers(10.0, 60.0, 300.0), arrivals=ARRIVALS)
def test_nobody_is_served_in_a_later_window_than_who_asked_after_them(
    play: Play, server: Server, arrivals: Arrivals
) -> None:
    alike = [(after, {**way, "up": 0.01, "late": 0.0}) for after, way in arrivals]
    requests = sorted(play(server, alike), key=lambda request: request.requested_at)
    windows = [request.window for request in requests]
    assert windows == sorted(windows)
