"""What a limiter guarantees, in a simulation: nothing is rejected, the order is kept, and every request is sent.

The first request finds out about the limit, and the second tells Redis: earlier requests could not know.
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

from .simulation import Request, Reserving, Server, Simulated, Simulation

Arrivals = list[tuple[float, dict[str, Any]]]


def servers(*windows: float) -> st.SearchStrategy[Server]:
    rounded = st.sampled_from([math.ceil, math.floor, round])
    return st.builds(Server, st.integers(1, 12), st.sampled_from(windows), aligned=st.booleans(), rounded=rounded)


OPTIONS = st.fixed_dictionaries(
    {
        "up": st.floats(0.0, 0.4),
        "down": st.floats(0.0, 3.0),
        "late": st.floats(0.0, 0.5),
        "lost": st.sampled_from([False] * 9 + [True]),
        "number": st.integers(0, 3),
    }
)
ARRIVALS = st.lists(
    st.tuples(st.sampled_from([0.0, 0.0, 1.0, 2.5]) | st.floats(0.0, 40.0), OPTIONS), min_size=1, max_size=60
)


def simulate(server: Server, arrivals: Arrivals, simulation: Simulation, limiters: list[Reserving]) -> list[Request]:
    """Run requests that arrive after the first two; `number` chooses the limiter of each."""
    first = [Request(simulation, limiters[0], server, up=0.0), Request(simulation, limiters[0], server, up=0.0)]
    for request, after in zip(first, [0.0, 0.5], strict=True):
        simulation.spawn(request.process(), after)
    requests = [
        Request(simulation, limiters[options["number"] % len(limiters)], server, **options) for _, options in arrivals
    ]
    for request, (after, _) in zip(requests, arrivals, strict=True):
        simulation.spawn(request.process(), 1.0 + after)
    simulation.run()
    return [*first, *requests]


Play = Callable[[Server, Arrivals], list[Request]]


@pytest.fixture(params=["memory", "redis"])
def play(request: pytest.FixtureRequest) -> Play:
    """With one limiter in memory, or with four that share a Redis."""

    def in_memory(server: Server, arrivals: Arrivals) -> list[Request]:
        simulation = Simulation()
        return simulate(server, arrivals, simulation, [LocalLimiter(max_wait=math.inf, clock=simulation.clock)])

    if request.param == "memory":
        return in_memory
    client: redis.Redis = request.getfixturevalue("client")

    def through_redis(server: Server, arrivals: Arrivals) -> list[Request]:
        client.flushall()
        simulation = Simulation()
        limiters = [Simulated(client, simulation.clock, max_wait=math.inf) for _ in range(4)]
        return simulate(server, arrivals, simulation, [*limiters])

    return through_redis


@fuzzed(25)
@given(server=servers(10.0, 60.0, 300.0), arrivals=ARRIVALS)
def test_nothing_is_rejected_and_every_request_is_sent(play: Play, server: Server, arrivals: Arrivals) -> None:
    requests = play(server, arrivals)
    assert not server.rejected
    assert all(count <= server.quota for count in server.counts)
    assert all(request.window for request in requests)


@fuzzed(25)
@given(server=servers(10.0, 60.0, 300.0), arrivals=ARRIVALS)
def test_no_request_is_sent_in_a_later_window_than_one_that_came_after_it(
    play: Play, server: Server, arrivals: Arrivals
) -> None:
    alike = [(after, {**options, "up": 0.01, "late": 0.0}) for after, options in arrivals]
    requests = sorted(play(server, alike), key=lambda request: request.requested_at)
    windows = [request.window for request in requests]
    assert windows == sorted(windows)
