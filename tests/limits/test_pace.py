"""The queue itself, by a clock that jumps from one event to the next."""

from __future__ import annotations

import heapq
import itertools
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import RateLimitError
from realtimekit.flow import Response
from realtimekit.limits.pace import Pace, Place, Told, told_by

HOUR = 3600.0


class TestWhatAnswersTell:
    @pytest.mark.parametrize(
        ("status", "headers", "told"),
        [
            (200, {}, None),
            (429, {}, None),
            (500, {"retry-after": "9"}, None),
            (200, {"ratelimit": '"default";r=50;t=30'}, Told(50, 30)),
            (
                200,
                {"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60'},
                Told(50, 30, 100, 60),
            ),
            (200, {"ratelimit": '"a";r=5;t=3', "ratelimit-policy": '"burst";q=100;w=60'}, Told(5, 3, 100, 60)),
            (
                200,
                {
                    "ratelimit": '"day";r=50;t=3000, "burst";r=1;t=10',
                    "ratelimit-policy": '"day";q=1200;w=86400, "burst";q=9;w=10',
                },
                Told(1, 10, 9, 10),
            ),
            (200, {"ratelimit": '"a";r=0;t=3, "b";r=0;t=30'}, Told(0, 30)),
            (200, {"ratelimit": "default; r=5; t=7"}, Told(5, 7)),
            (200, {"ratelimit": "soon"}, None),
            (200, {"ratelimit": '"default";r=;t=x', "ratelimit-policy": '"default";q=0;w=0'}, None),
            (429, {"retry-after": "250"}, Told(refused=250)),
            (429, {"retry-after": "0", "ratelimit": '"d";r=0;t=9'}, Told(0, 9, refused=0)),
            (429, {"ratelimit": '"d";r=0;t=9', "ratelimit-policy": '"d";q=10;w=60'}, Told(0, 9, 10, 60, 9)),
        ],
    )
    def test_it_is_read(self, status: int, headers: dict[str, str], told: Told | None) -> None:
        assert told_by(Response(status, headers, b"")) == told

    @given(st.text(), st.text(), st.text(), st.sampled_from([200, 429, 503]))
    def test_nonsense_is_passed_over(self, limit: str, policy: str, after: str, status: int) -> None:
        headers = {"ratelimit": limit, "ratelimit-policy": policy, "retry-after": after}
        told = told_by(Response(status, headers, b""))
        assert told is None or told.quota is None or told.quota > 0


class Server:
    """So many requests in a window, which begins with its first request; then 429 until it ends."""

    def __init__(self, quota: int, window: float) -> None:
        self.quota, self.window, self.ends, self.left = quota, window, -1.0, 0
        self.refused = 0

    def answer(self, now: float) -> Told:
        if now >= self.ends:
            self.ends, self.left = now + self.window, self.quota
        if self.left == 0:
            self.refused += 1
            return Told(0, self.ends - now, self.quota, self.window, self.ends - now)
        self.left -= 1
        return Told(self.left, self.ends - now, self.quota, self.window)


class Sent(NamedTuple):
    caller: int
    at: float
    refused: bool


def simulate(pace: Pace, server: Server, arrivals: list[float], latency: float, longest: float = HOUR) -> list[Sent]:
    """Let everybody call once, and again after a refusal; in the order in which they are sent."""
    number = itertools.count()
    events: list[tuple[float, int, int, Place | None, Told | None]] = []
    for caller, at in enumerate(arrivals):
        heapq.heappush(events, (at, next(number), caller, None, None))
    sent: list[Sent] = []
    while events:
        now, _, caller, place, told = heapq.heappop(events)
        if told is not None:
            pace.heard(told, now)
            if told.refused is None:
                continue
        if place is None:
            place = Place(pace.take(now, longest), pace.moved)
        else:
            place = Place(pace.moved - place.moved, pace.moved)
        if place.wait > 0:
            heapq.heappush(events, (now + place.wait, next(number), caller, place, None))
            continue
        answer = server.answer(now + latency / 2)
        sent.append(Sent(caller, now, answer.refused is not None))
        heapq.heappush(events, (now + latency, next(number), caller, None, answer))
        assert len(sent) < 50 * len(arrivals) + 50, "it never ends"
    return sent


QUOTAS = st.integers(1, 8)
WINDOWS = st.sampled_from([1.0, 10.0, 60.0])


class TestSimulated:
    @given(QUOTAS, WINDOWS, st.integers(1, 60), st.floats(0.01, 0.4))
    def test_once_the_limit_is_known_nobody_is_refused(
        self, quota: int, window: float, callers: int, latency: float
    ) -> None:
        pace, server = Pace(), Server(quota, window)
        pace.take(0, HOUR)
        pace.heard(server.answer(0), 0)
        sent = simulate(pace, server, [0.001] * callers, latency)
        assert server.refused == 0
        assert [each.caller for each in sent] == list(range(callers))
        # and nobody waits longer than the limit demands (each window begins a little after the one before it)
        assert sent[-1].at <= (callers // quota + 1) * (window + latency) + 0.01

    @given(QUOTAS, WINDOWS, st.lists(st.floats(0, 100), min_size=1, max_size=60), st.floats(0.01, 0.4))
    def test_everybody_is_served_and_in_order(
        self, quota: int, window: float, arrivals: list[float], latency: float
    ) -> None:
        """Also those who began before anything was known, and were refused."""
        sent = simulate(Pace(), Server(quota, window), sorted(arrivals), latency)
        assert sorted(each.caller for each in sent if not each.refused) == list(range(len(arrivals)))
        at_first: dict[int, float] = {}
        for each in sent:
            at_first.setdefault(each.caller, each.at)
        assert list(at_first.values()) == sorted(at_first.values())

    @given(QUOTAS, st.integers(1, 40))
    def test_a_policy_of_ones_own(self, quota: int, callers: int) -> None:
        pace = Pace(quota, 10.0)
        waits = [pace.take(5.0, HOUR) for _ in range(callers)]
        assert waits == [10.0 * (number // quota) for number in range(callers)]

    def test_others_use_the_same_token(self) -> None:
        pace = Pace(100, 60.0)
        for _ in range(10):
            assert pace.take(0, HOUR) == 0
        for _ in range(10):
            pace.heard(Told(2, 50, 100, 60), 1.0)
        assert [pace.take(1.0, HOUR) for _ in range(4)] == [0, 0, 50, 50]

    def test_an_answer_that_comes_late_gives_nothing_back(self) -> None:
        pace = Pace()
        for _ in range(3):
            pace.take(0, HOUR)
        pace.heard(Told(0, 60, 9, 60), 1.0)
        pace.heard(Told(2, 60, 9, 60), 1.1)
        assert pace.take(1.2, HOUR) == pytest.approx(59.9)


class TestRefused:
    def test_everybody_waits_until_it_is_over(self) -> None:
        pace = Pace()
        pace.take(0, HOUR)
        pace.heard(Told(refused=300), 0)
        assert [pace.take(now, HOUR) for now in (0, 100, 299)] == [300, 200, 1]
        assert pace.take(300, HOUR) == 0

    def test_those_who_sleep_are_put_off_once(self) -> None:
        pace = Pace(1, 10.0)
        waits = [pace.take(0, HOUR) for _ in range(3)]
        assert waits == [0, 10, 20]
        for _ in range(5):
            pace.heard(Told(refused=300), 1.0)
        assert pace.moved == 291  # those at 10 go at 301, those at 20 at 311
        assert pace.take(1.0, HOUR) == 320

    def test_a_refusal_shorter_than_the_queue_changes_nothing(self) -> None:
        pace = Pace(1, 10.0)
        assert [pace.take(0, HOUR) for _ in range(2)] == [0, 10]
        pace.heard(Told(refused=5), 1.0)
        assert pace.moved == 0

    def test_too_long_is_said_at_once_and_takes_no_turn(self) -> None:
        pace = Pace(1, 100.0)
        assert pace.take(0, 60) == 0
        with pytest.raises(RateLimitError, match="not sent: the rate limit leaves no call for 100 s") as caught:
            pace.take(0, 60)
        assert caught.value.retry_after == 100
        assert pace.take(40, 60) == 60
