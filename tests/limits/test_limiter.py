"""The limiter in memory: what it makes of what it hears, one story each, in a simulated world."""

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
from realtimekit.limits import LocalLimiter, shared
from realtimekit.limits.state import SPACING
from realtimekit.limits.wait_queue import GRACE, POLL_INTERVAL
from realtimekit.settings import Secret

from .simulation import Request, Server, World


def told(remaining: int, reset: int, *, quota: int | None = None, window: int = 60, status: int = 200) -> Response:
    headers = {"ratelimit": f'"default";r={remaining};t={reset}'}
    if quota is not None:
        headers["ratelimit-policy"] = f'"default";q={quota};w={window}'
    return Response(status, headers, b"")


def refused(wait: float | None) -> Response:
    return Response(429, {} if wait is None else {"retry-after": f"{wait:g}"}, b"")


PLAIN = Response(200, {}, b"")


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def limiter(world: World) -> LocalLimiter:
    return LocalLimiter(clock=world.clock, max_wait=math.inf)


def waits(limiter: LocalLimiter, count: int = 1) -> list[float]:
    """How long those who ask now would have to wait."""
    return [limiter.reserve().wait for _ in range(count)]


def learn(limiter: LocalLimiter, response: Response) -> None:
    """The limiter hears this answer."""
    limiter.observe(response, limiter.reserve())


def arrive(world: World, limiter: LocalLimiter, count: int, **options: Any) -> list[Request]:
    """So many requests, all at once; the server lets everything through."""
    requests = [Request(world, limiter, Server(10**6, 1.0, silent=True), **options) for _ in range(count)]
    for request in requests:
        world.spawn(request.story())
    return requests


def test_without_headers_nothing_is_limited(limiter: LocalLimiter) -> None:
    for _ in range(100):
        reservation = limiter.reserve()
        assert reservation.wait == 0
        limiter.observe(PLAIN, reservation)
        limiter.observe(None, limiter.reserve())
    assert not any(waits(limiter, 5000)), "nor is what is under way"


def test_what_is_left_is_handed_out_and_no_more(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(3, 30, quota=10))
    requests = arrive(world, limiter, 25)
    world.run(world.now + 29)
    assert [not math.isnan(request.sent) for request in requests] == [True] * 3 + [False] * 22
    world.run()
    assert [request.sent - 1000 for request in requests[3:13]] == [31.0] * 10, "all of the next window at once"
    assert [request.sent - 1000 for request in requests[13:]] == [92.0] * 10 + [153.0] * 2


def test_what_is_under_way_may_not_be_counted_yet(limiter: LocalLimiter) -> None:
    first, second, third = (limiter.reserve() for _ in range(3))
    limiter.observe(told(3, 30), first)
    assert waits(limiter) == [0], "3 are left, and 2 of them may be meant for those under way"
    waiting = limiter.reserve()
    assert waiting.wait > 0
    limiter.observe(told(1, 30), third)  # it was counted last, and answered before the second
    limiter.observe(told(2, 30), second)
    assert 0 < limiter.reserve(waiting).wait <= 1, "1 is left, and 1 is under way: who knows; ask again soon"


def test_others_with_the_same_token_count(limiter: LocalLimiter) -> None:
    learn(limiter, told(50, 30, quota=100))
    learn(limiter, told(1, 29, quota=100))
    assert [not wait for wait in waits(limiter, 2)] == [True, False]


def test_a_later_window_is_known_by_what_an_answer_says(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(1, 5, quota=100))
    turn = limiter.reserve()
    world.now += 5.5  # ours would end at 6
    limiter.observe(told(99, 60, quota=100), turn)
    assert [not wait for wait in waits(limiter, 100)] == [True] * 99 + [False]


def test_an_answer_about_a_window_that_is_over_changes_nothing(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(50, 10, quota=100))
    slow = limiter.reserve()
    world.now += 12.0
    learn(limiter, told(99, 60, quota=100))
    world.now += 1.0
    limiter.observe(told(0, 1, quota=100), slow)
    assert waits(limiter) == [0]


def test_several_limits_hold_all_at_once(world: World, limiter: LocalLimiter) -> None:
    headers = {
        "ratelimit": '"long";r=7;t=290, "short";r=2;t=9',
        "ratelimit-policy": '"long";q=1200;w=300, "short";q=4;w=10',
    }
    learn(limiter, Response(200, headers, b""))
    requests = arrive(world, limiter, 12)
    world.run()
    after = [request.sent - 1000 for request in requests]
    assert after == [0.0] * 2 + [10.0] * 4 + [21.0] + [291.0] * 4 + [301.0]


def test_a_refusal_blocks_everybody_until_its_time_is_over(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(0, 30, quota=10))
    asleep = arrive(world, limiter, 5)
    world.run(1020.0)
    limiter.observe(refused(250))
    late = arrive(world, limiter, 5)
    world.run(1269.9)
    assert all(math.isnan(request.sent) for request in asleep + late), "also those who had slept already"
    world.run()
    assert min(request.sent for request in asleep) >= 1270.0
    assert [request.sent for request in asleep + late] == sorted(request.sent for request in asleep + late)


def test_after_a_refusal_one_tries_first(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, refused(30))
    requests = arrive(world, limiter, 100, up=0.1, down=0.15)
    world.run(1030.0 + SPACING / 2)
    assert [not math.isnan(request.sent) for request in requests] == [True] + [False] * 99
    world.run(1030.2)
    assert sum(not math.isnan(request.sent) for request in requests) <= 3
    world.run()
    spread = [request.sent - 1030.0 for request in requests]
    assert spread == sorted(spread)
    assert spread[-1] <= 99 * SPACING + 1e-6


def test_when_that_one_is_refused_the_others_are_not_sent(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, refused(30))
    requests = arrive(world, limiter, 10, up=10.0)
    world.run(1030.05)
    limiter.observe(refused(60))
    world.run(1090.1)
    assert sum(not math.isnan(request.sent) for request in requests) == 2, "the one, and one at the end"


def test_a_refusal_that_names_no_time_slows_down_only(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, refused(None))
    assert waits(limiter, 2) == pytest.approx([0, SPACING])
    world.now += 1
    learn(limiter, PLAIN)
    assert not any(waits(limiter, 100))


def test_where_nobody_said_how_much_the_next_window_holds_there_is_no_rush(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(0, 30))
    requests = arrive(world, limiter, 20, up=0.5, down=0.5)
    world.run(1031.9)
    assert sum(not math.isnan(request.sent) for request in requests) <= 10
    world.run()
    assert [request.sent for request in requests] == sorted(request.sent for request in requests)


def test_a_lost_answer_counts(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(3, 30, quota=10))
    for _ in range(3):
        limiter.observe(None, limiter.reserve())
    assert waits(limiter)[0] > 1
    world.now += 31
    assert waits(limiter) == [0]


def test_what_is_never_heard_of_counts_as_used_after_a_while(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(5, 30, quota=10))
    for _ in range(3):
        limiter.reserve()
    world.now += 6
    assert [not wait for wait in waits(limiter, 3)] == [True, True, False]
    world.now += 60
    assert not any(waits(limiter, 10)), "and is forgotten with its window"


# --- the line ---------------------------------------------------------------------------------------------------------


def test_who_gives_up_loses_a_turn_at_most(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(0, 300, quota=10, window=300))
    given_up = arrive(world, limiter, 500, gives_up=2.0)
    world.run(1001.0)
    staying = arrive(world, limiter, 5)
    world.run(1000.0 + 2 * (POLL_INTERVAL + GRACE))
    late = arrive(world, limiter, 5)
    world.run()
    assert all(math.isnan(request.sent) for request in given_up)
    assert {request.sent for request in staying + late} == {1301.0}, "none of 500 stands in their way"


def test_who_is_late_keeps_their_place(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(0, 30, quota=1))
    first, second = limiter.reserve(), limiter.reserve()
    world.now += 31 + POLL_INTERVAL + GRACE + 1
    second = limiter.reserve(second)
    assert second.wait == 0, "the first one was away for too long"
    limiter.observe(told(0, 60, quota=1), second)
    third = limiter.reserve()
    world.now += 61
    first = limiter.reserve(first)
    assert (first.wait, limiter.reserve(third).wait > 0) == (0, True)


def test_it_waits_no_longer_than_it_may(world: World) -> None:
    limiter = LocalLimiter(clock=world.clock, max_wait=60)
    learn(limiter, told(0, 30, quota=2, window=60))
    places = [limiter.reserve(), limiter.reserve()]
    for _ in range(50):
        with pytest.raises(RateLimitError) as caught:
            limiter.reserve()
        assert caught.value.status == 429
        assert caught.value.retry_after == 92.0
        assert str(caught.value) == (
            "not sent: the rate limit leaves no call for 92 s, longer than the limiter's max_wait (60 s)"
        )
    world.now += 31
    assert [limiter.reserve(reservation).wait for reservation in places] == [0, 0], "the 50 are not in line"


def test_who_waits_already_is_told_when_it_takes_longer(world: World) -> None:
    limiter = LocalLimiter(clock=world.clock, max_wait=60)
    learn(limiter, told(0, 30, quota=2))
    reservation = limiter.reserve()
    world.now += 5
    limiter.observe(refused(58))
    with pytest.raises(RateLimitError) as caught:
        limiter.reserve(reservation)
    assert caught.value.retry_after == 58.0


def test_who_overslept_is_not_refused_for_it(world: World) -> None:
    limiter = LocalLimiter(clock=world.clock, max_wait=35)
    learn(limiter, told(0, 30, quota=2))
    reservation = limiter.reserve()
    world.now += 40
    assert limiter.reserve(reservation).wait == 0


def test_a_long_wait_is_cut_into_pieces(limiter: LocalLimiter) -> None:
    learn(limiter, refused(200))
    assert waits(limiter) == [POLL_INTERVAL]


# --- a policy of one's own --------------------------------------------------------------------------------------------


def test_a_policy_to_begin_with(world: World) -> None:
    limiter = LocalLimiter(clock=world.clock, max_wait=math.inf, quota=3, window=10)
    requests = arrive(world, limiter, 8)
    world.run()
    assert [request.sent - 1000 for request in requests] == [0.0] * 3 + [11.0] * 3 + [22.0] * 2


def test_until_an_answer_knows_better(world: World) -> None:
    limiter = LocalLimiter(clock=world.clock, quota=1, window=10)
    learn(limiter, told(20, 30, quota=100))
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
def test_what_no_limiter_can_be_made_with(options: dict[str, Any], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(named)}: must be"):
        LocalLimiter(**options)


# --- processes, and who shares ----------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_fork_while_another_thread_holds_the_lock(world: World, limiter: LocalLimiter) -> None:
    learn(limiter, told(3, 30, quota=10))
    waits(limiter, 2)
    with limiter._lock:  # as if a thread were in it
        child = os.fork()
        if child == 0:
            signal.alarm(20)  # ends it, where it would wait for ever
            # What the parent has under way is the parent's; what it knows, the child knows.
            right = shared("fork") is shared("fork") and [bool(wait) for wait in waits(limiter, 4)] == [0, 0, 0, 1]
            os._exit(0 if right else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_one_limiter_for_all_with_the_same_key() -> None:
    key = ("https://api.test", Secret("token-1"))
    limiter = shared(key)
    assert shared(("https://api.test", Secret("token-1"))) is limiter
    assert shared(("https://api.test", Secret("token-2"))) is not limiter
    assert shared(("https://other.test", Secret("token-1"))) is not limiter


def test_it_goes_with_the_last_client_unless_it_knows_something() -> None:
    gone = weakref.ref(shared("gone"))
    known = shared("known")
    learn(known, refused(250))
    kept = weakref.ref(known)
    del known
    shared("another")
    gc.collect()
    assert gone() is None
    assert shared("known") is kept()
    assert shared("known").informed


def test_nothing_shows_a_token() -> None:
    limiter = shared(("https://api.test", Secret("token-1")))
    assert repr(limiter) == "<LocalLimiter max_wait=60>"
    learn(limiter, refused(250))
    with pytest.raises(RateLimitError) as caught:
        limiter.reserve()
    assert "token-1" not in f"{caught.value!r}{caught.value.__dict__}{vars(limiter)}"


def test_threads_that_ask_at_once_get_different_turns() -> None:
    limiter = LocalLimiter(max_wait=math.inf)
    learn(limiter, told(100, 300, quota=100))
    turns: list[float] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        turns.extend(waits(limiter, 25))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (turns.count(0.0), len(turns)) == (100, 200)
