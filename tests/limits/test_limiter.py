"""The limiter in memory: how it reacts to responses, in a simulation."""

from __future__ import annotations

import gc
import math
import os
import re
import signal
import threading
import weakref
from typing import Any

import pytest

from realtimekit import RateLimitError
from realtimekit.interfaces import Response
from realtimekit.limits import LocalLimiter, shared_limiter
from realtimekit.limits.state import PROBE_INTERVAL
from realtimekit.limits.wait_queue import GRACE_PERIOD, POLL_INTERVAL
from realtimekit.settings import Secret

from .simulation import Request, Server, Simulation


def with_limit(
    remaining: int, reset: int, *, quota: int | None = None, window: int = 60, status: int = 200
) -> Response:
    headers = {"ratelimit": f'"default";r={remaining};t={reset}'}
    if quota is not None:
        headers["ratelimit-policy"] = f'"default";q={quota};w={window}'
    return Response(status, headers, b"")


def rejected(wait: float | None) -> Response:
    return Response(429, {} if wait is None else {"retry-after": f"{wait:g}"}, b"")


PLAIN = Response(200, {}, b"")


@pytest.fixture
def simulation() -> Simulation:
    return Simulation()


@pytest.fixture
def limiter(simulation: Simulation) -> LocalLimiter:
    return LocalLimiter(clock=simulation.clock, max_wait=math.inf)


def waits(limiter: LocalLimiter, count: int = 1) -> list[float]:
    """The waits of new reservations."""
    return [limiter.reserve().wait for _ in range(count)]


def observe(limiter: LocalLimiter, response: Response) -> None:
    """Let the limiter observe a response."""
    limiter.observe(response, limiter.reserve())


def arrive(simulation: Simulation, limiter: LocalLimiter, count: int, **options: Any) -> list[Request]:
    """Let a number of requests arrive at once; the server accepts all of them."""
    requests = [Request(simulation, limiter, Server(10**6, 1.0, silent=True), **options) for _ in range(count)]
    for request in requests:
        simulation.spawn(request.process())
    return requests


def test_without_headers_nothing_is_limited(limiter: LocalLimiter) -> None:
    for _ in range(100):
        reservation = limiter.reserve()
        assert reservation.wait == 0
        limiter.observe(PLAIN, reservation)
        limiter.observe(None, limiter.reserve())
    assert not any(waits(limiter, 5000)), "requests in flight are not limited either"


def test_no_more_than_what_remains_is_allowed(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(3, 30, quota=10))
    requests = arrive(simulation, limiter, 25)
    simulation.run(simulation.now + 29)
    assert [not math.isnan(request.sent) for request in requests] == [True] * 3 + [False] * 22
    simulation.run()
    assert [request.sent - 1000 for request in requests[3:13]] == [31.0] * 10, "all of the next window at once"
    assert [request.sent - 1000 for request in requests[13:]] == [92.0] * 10 + [153.0] * 2


def test_requests_in_flight_may_not_be_counted_yet(limiter: LocalLimiter) -> None:
    first, second, third = (limiter.reserve() for _ in range(3))
    limiter.observe(with_limit(3, 30), first)
    assert waits(limiter) == [0], "3 are left, and 2 of them may belong to the requests in flight"
    waiting = limiter.reserve()
    assert waiting.wait > 0
    limiter.observe(with_limit(1, 30), third)  # counted last, but answered before the second
    limiter.observe(with_limit(2, 30), second)
    assert 0 < limiter.reserve(waiting).wait <= 1, "1 is left, and 1 is in flight: unclear, so ask again soon"


def test_other_users_of_the_token_count(limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(50, 30, quota=100))
    observe(limiter, with_limit(1, 29, quota=100))
    assert [not wait for wait in waits(limiter, 2)] == [True, False]


def test_a_response_can_announce_a_later_window(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(1, 5, quota=100))
    reservation = limiter.reserve()
    simulation.now += 5.5  # ours would end at 6
    limiter.observe(with_limit(99, 60, quota=100), reservation)
    assert [not wait for wait in waits(limiter, 100)] == [True] * 99 + [False]


def test_a_response_about_a_past_window_changes_nothing(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(50, 10, quota=100))
    slow = limiter.reserve()
    simulation.now += 12.0
    observe(limiter, with_limit(99, 60, quota=100))
    simulation.now += 1.0
    limiter.observe(with_limit(0, 1, quota=100), slow)
    assert waits(limiter) == [0]


def test_several_limits_apply_at_once(simulation: Simulation, limiter: LocalLimiter) -> None:
    headers = {
        "ratelimit": '"long";r=7;t=290, "short";r=2;t=9',
        "ratelimit-policy": '"long";q=1200;w=300, "short";q=4;w=10',
    }
    observe(limiter, Response(200, headers, b""))
    requests = arrive(simulation, limiter, 12)
    simulation.run()
    after = [request.sent - 1000 for request in requests]
    assert after == [0.0] * 2 + [10.0] * 4 + [21.0] + [291.0] * 4 + [301.0]


def test_a_429_blocks_everybody_until_its_retry_after(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(0, 30, quota=10))
    asleep = arrive(simulation, limiter, 5)
    simulation.run(1020.0)
    limiter.observe(rejected(250))
    late = arrive(simulation, limiter, 5)
    simulation.run(1269.9)
    assert all(math.isnan(request.sent) for request in asleep + late), "including those that were waiting already"
    simulation.run()
    assert min(request.sent for request in asleep) >= 1270.0
    assert [request.sent for request in asleep + late] == sorted(request.sent for request in asleep + late)


def test_after_a_429_one_request_probes(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, rejected(30))
    requests = arrive(simulation, limiter, 100, up=0.1, down=0.15)
    simulation.run(1030.0 + PROBE_INTERVAL / 2)
    assert [not math.isnan(request.sent) for request in requests] == [True] + [False] * 99
    simulation.run(1030.2)
    assert sum(not math.isnan(request.sent) for request in requests) <= 3
    simulation.run()
    spread = [request.sent - 1030.0 for request in requests]
    assert spread == sorted(spread)
    assert spread[-1] <= 99 * PROBE_INTERVAL + 1e-6


def test_when_the_probe_is_rejected_the_others_are_not_sent(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, rejected(30))
    requests = arrive(simulation, limiter, 10, up=10.0)
    simulation.run(1030.05)
    limiter.observe(rejected(60))
    simulation.run(1090.1)
    assert sum(not math.isnan(request.sent) for request in requests) == 2, "one probe, and one at the end"


def test_a_429_without_retry_after_only_slows_down(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, rejected(None))
    assert waits(limiter, 2) == pytest.approx([0, PROBE_INTERVAL])
    simulation.now += 1
    observe(limiter, PLAIN)
    assert not any(waits(limiter, 100))


def test_a_window_of_unknown_size_is_probed(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(0, 30))
    requests = arrive(simulation, limiter, 20, up=0.5, down=0.5)
    simulation.run(1031.9)
    assert sum(not math.isnan(request.sent) for request in requests) <= 10
    simulation.run()
    assert [request.sent for request in requests] == sorted(request.sent for request in requests)


def test_a_request_without_a_response_counts(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(3, 30, quota=10))
    for _ in range(3):
        limiter.observe(None, limiter.reserve())
    assert waits(limiter)[0] > 1
    simulation.now += 31
    assert waits(limiter) == [0]


def test_requests_in_flight_count_as_used_after_a_while(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(5, 30, quota=10))
    for _ in range(3):
        limiter.reserve()
    simulation.now += 6
    assert [not wait for wait in waits(limiter, 3)] == [True, True, False]
    simulation.now += 60
    assert not any(waits(limiter, 10)), "they are forgotten with their window"


def test_a_request_that_never_ends_expires(simulation: Simulation, limiter: LocalLimiter) -> None:
    """An interrupt between `reserve` and the flow loses a reservation, while others go on all the time."""
    observe(limiter, with_limit(100, 300, quota=100))
    for _ in range(60):
        limiter.reserve()
    for remaining in range(99, 89, -1):
        simulation.now += 1
        limiter.observe(with_limit(remaining, 300 - (100 - remaining), quota=100), limiter.reserve())
    assert limiter.count_in_flight() == (0, 0)


def test_a_late_outcome_is_that_of_its_own_request(simulation: Simulation, limiter: LocalLimiter) -> None:
    late = limiter.reserve()
    simulation.now += 6
    limiter.reserve()
    limiter.observe(None, late)
    assert limiter.count_in_flight() == (1, 0)
    limiter.observe(None)
    simulation.now += 0.1
    limiter.observe(None)
    assert limiter.count_in_flight() == (0, 0), "without a reservation it is that of the oldest"


# --- the queue --------------------------------------------------------------------------------------------------------


def test_callers_that_give_up_block_no_others(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(0, 300, quota=10, window=300))
    given_up = arrive(simulation, limiter, 500, gives_up=2.0)
    simulation.run(1001.0)
    staying = arrive(simulation, limiter, 5)
    simulation.run(1000.0 + 2 * (POLL_INTERVAL + GRACE_PERIOD))
    late = arrive(simulation, limiter, 5)
    simulation.run()
    assert all(math.isnan(request.sent) for request in given_up)
    assert {request.sent for request in staying + late} == {1301.0}, "none of the 500 is in their way"


def test_a_late_caller_keeps_its_position(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(0, 30, quota=1))
    first, second = limiter.reserve(), limiter.reserve()
    simulation.now += 31 + POLL_INTERVAL + GRACE_PERIOD + 1
    second = limiter.reserve(second)
    assert second.wait == 0, "the first caller was away for too long"
    limiter.observe(with_limit(0, 60, quota=1), second)
    third = limiter.reserve()
    simulation.now += 61
    first = limiter.reserve(first)
    assert (first.wait, limiter.reserve(third).wait > 0) == (0, True)


def test_no_caller_waits_longer_than_max_wait(simulation: Simulation) -> None:
    limiter = LocalLimiter(clock=simulation.clock, max_wait=60)
    observe(limiter, with_limit(0, 30, quota=2, window=60))
    reservations = [limiter.reserve(), limiter.reserve()]
    for _ in range(50):
        with pytest.raises(RateLimitError) as caught:
            limiter.reserve()
        assert caught.value.status == 429
        assert caught.value.retry_after == 92.0
        assert str(caught.value) == (
            "not sent: the rate limit leaves no call for 92 s, longer than the limiter's max_wait (60 s)"
        )
    simulation.now += 31
    assert [limiter.reserve(reservation).wait for reservation in reservations] == [0, 0], "the 50 are not in the queue"


def test_waiting_callers_learn_of_a_longer_wait(simulation: Simulation) -> None:
    limiter = LocalLimiter(clock=simulation.clock, max_wait=60)
    observe(limiter, with_limit(0, 30, quota=2))
    reservation = limiter.reserve()
    simulation.now += 5
    limiter.observe(rejected(58))
    with pytest.raises(RateLimitError) as caught:
        limiter.reserve(reservation)
    assert caught.value.retry_after == 58.0


def test_a_caller_that_asks_late_is_not_rejected(simulation: Simulation) -> None:
    limiter = LocalLimiter(clock=simulation.clock, max_wait=35)
    observe(limiter, with_limit(0, 30, quota=2))
    reservation = limiter.reserve()
    simulation.now += 40
    assert limiter.reserve(reservation).wait == 0


def test_a_long_wait_is_split(limiter: LocalLimiter) -> None:
    observe(limiter, rejected(200))
    assert waits(limiter) == [POLL_INTERVAL]


# --- a configured limit -----------------------------------------------------------------------------------------------


def test_a_configured_limit(simulation: Simulation) -> None:
    limiter = LocalLimiter(clock=simulation.clock, max_wait=math.inf, quota=3, window=10)
    requests = arrive(simulation, limiter, 8)
    simulation.run()
    assert [request.sent - 1000 for request in requests] == [0.0] * 3 + [11.0] * 3 + [22.0] * 2


def test_a_response_replaces_the_configured_limit(simulation: Simulation) -> None:
    limiter = LocalLimiter(clock=simulation.clock, quota=1, window=10)
    observe(limiter, with_limit(20, 30, quota=100))
    assert [not wait for wait in waits(limiter, 21)] == [True] * 20 + [False]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"max_wait": -1}, "max_wait=-1"),
        ({"max_wait": math.nan}, "max_wait=nan"),
        ({"max_wait": "60"}, "max_wait='60'"),
        ({"max_wait": True}, "max_wait=True"),
        ({"quota": 10}, "window=None"),
        ({"window": 10}, "quota=None"),
        ({"quota": 0, "window": 10}, "quota=0"),
        ({"quota": 1.5, "window": 10}, "quota=1.5"),
        ({"quota": 1, "window": 0}, "window=0"),
        ({"quota": 1, "window": math.inf}, "window=inf"),
    ],
)
def test_invalid_arguments(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(named)}: must be"):
        LocalLimiter(**options)


# --- forks, and the shared limiter ------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_holds_the_lock(simulation: Simulation, limiter: LocalLimiter) -> None:
    observe(limiter, with_limit(3, 30, quota=10))
    waits(limiter, 2)
    with limiter._lock:  # as if a thread held it
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # ends it in case of a deadlock
            # The child does not inherit requests in flight, but does inherit what is known.
            correct = shared_limiter("fork") is shared_limiter("fork") and [
                bool(wait) for wait in waits(limiter, 4)
            ] == [0, 0, 0, 1]
            os._exit(0 if correct else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_one_limiter_for_all_with_the_same_key() -> None:
    key = ("https://api.test", Secret("token-1"))
    limiter = shared_limiter(key)
    assert shared_limiter(("https://api.test", Secret("token-1"))) is limiter
    assert shared_limiter(("https://api.test", Secret("token-2"))) is not limiter
    assert shared_limiter(("https://other.test", Secret("token-1"))) is not limiter


def test_it_is_dropped_with_the_last_client_when_it_is_idle() -> None:
    gone = weakref.ref(shared_limiter("gone"))
    known = shared_limiter("known")
    observe(known, rejected(250))
    kept = weakref.ref(known)
    del known
    shared_limiter("another")
    gc.collect()
    assert gone() is None
    assert shared_limiter("known") is kept()
    assert not shared_limiter("known").is_idle


def test_nothing_reveals_a_token() -> None:
    limiter = shared_limiter(("https://api.test", Secret("token-1")))
    assert repr(limiter) == "<LocalLimiter max_wait=60>"
    observe(limiter, rejected(250))
    with pytest.raises(RateLimitError) as caught:
        limiter.reserve()
    assert "token-1" not in f"{caught.value!r}{caught.value.__dict__}{vars(limiter)}"


def test_concurrent_threads_are_all_counted() -> None:
    limiter = LocalLimiter(max_wait=math.inf)
    observe(limiter, with_limit(100, 300, quota=100))
    results: list[float] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        results.extend(waits(limiter, 25))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results.count(0.0), len(results)) == (100, 200)
