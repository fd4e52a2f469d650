"""A small world with a clock of its own: servers that limit, and requests that keep to it, or not."""

from __future__ import annotations

import heapq
import itertools
import json
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

import redis

from realtimekit.errors import RateLimitError
from realtimekit.interfaces import Reservation, Response
from realtimekit.limits import RedisLimiter
from realtimekit.limits.redis import _Question
from realtimekit.limits.script import CLOCK, SCRIPT

BLOCK = 300.0


class Reserving(Protocol):
    def reserve(self, reservation: Reservation | None = None, /) -> Reservation: ...
    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None: ...


class World:
    """Time that passes as told; `run` carries out what was spawned, each a generator of seconds to wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._order = itertools.count()
        self._plans: list[tuple[float, int, Generator[float]]] = []

    def clock(self) -> float:
        return self.now

    def spawn(self, story: Generator[float], after: float = 0.0) -> None:
        heapq.heappush(self._plans, (self.now + after, next(self._order), story))

    def run(self, until: float = math.inf) -> None:
        while self._plans and self._plans[0][0] <= until:
            self.now, _, story = heapq.heappop(self._plans)
            try:
                seconds = next(story)
            except StopIteration:
                continue
            assert seconds >= 0
            self.spawn(story, seconds)
        if until < math.inf:
            self.now = until


class Server:
    """So many requests in a window; more are refused, and everything else is for a while.

    Args:
        aligned: windows follow each other by the clock; otherwise each begins with its first request.
        rounded: how `t` becomes a whole number.
        silent: whether answers say nothing of it.
    """

    def __init__(
        self, quota: int, window: float, *, aligned: bool = False, rounded: Any = math.ceil, silent: bool = False
    ) -> None:
        self.quota, self.window, self.aligned, self.rounded, self.silent = quota, window, aligned, rounded, silent
        self.left = 0
        self.ends = -math.inf
        self.blocked = False
        self.refused: list[float] = []
        self.counts: list[int] = []  # of each window

    def take(self, now: float) -> Response:
        if now >= self.ends:
            begins = math.floor(now / self.window) * self.window if self.aligned and not self.blocked else now
            self.left, self.ends, self.blocked = self.quota, begins + self.window, False
            self.counts.append(0)
        if self.left:
            self.left -= 1
            self.counts[-1] += 1
            return Response(200, self._headers(now), b"")
        self.refused.append(now)
        if not self.blocked:
            self.ends, self.blocked = now + BLOCK, True
        return Response(429, {**self._headers(now), "retry-after": str(math.ceil(self.ends - now))}, b"")

    def __repr__(self) -> str:
        return f"Server({self.quota}, {self.window}, aligned={self.aligned}, rounded={self.rounded.__name__})"

    def _headers(self, now: float) -> dict[str, str]:
        if self.silent:
            return {}
        return {
            "ratelimit": f'"default";r={self.left};t={self.rounded(self.ends - now)}',
            "ratelimit-policy": f'"default";q={self.quota};w={math.ceil(self.window)}',
        }


@dataclass
class Request:
    """One request, and what becomes of it."""

    world: World
    limiter: Reserving | None
    server: Server
    up: float = 0.05  # seconds from here to the server
    down: float = 0.05  # and back
    late: float = 0.0  # how much longer it sleeps than it should
    lost: bool = False  # its answer never comes
    gives_up: float = math.inf  # seconds after asking; it says so to nobody
    number: int = 0
    asked: float = math.nan
    sent: float = math.nan
    window: int = -1  # of the server
    status: int = 0
    refused: RateLimitError | None = field(default=None, repr=False)

    def story(self) -> Generator[float]:
        self.requested_at = self.world.now
        reservation: Reservation | None = None
        if self.limiter is not None:
            try:
                reservation = self.limiter.reserve()
                while reservation.wait:
                    yield min(
                        reservation.wait + self.late, max(0.0, self.requested_at + self.gives_up - self.world.now)
                    )
                    if self.world.now >= self.requested_at + self.gives_up:
                        return
                    reservation = self.limiter.reserve(reservation)
            except RateLimitError as error:
                self.refused = error
                return
        self.sent = self.world.now
        yield self.up
        response = self.server.take(self.world.now)
        self.window = len(self.server.counts)
        yield self.down
        self.status = 0 if self.lost else response.status
        if self.limiter is not None:
            self.limiter.observe(None if self.lost else response, reservation)


class Simulated(RedisLimiter):
    """As the limiter, by a clock that the test moves."""

    def __init__(self, client: redis.Redis, clock: Callable[[], float], **options: Any) -> None:
        super().__init__(client, clock=clock, **options)
        assert SCRIPT.count(CLOCK) == 1
        self._script = client.register_script(SCRIPT.replace(CLOCK, "cjson.decode(ARGV[1]).time"))

    def _question(self, reservation: Reservation | None) -> _Question:
        question = super()._question(reservation)
        return question._replace(text=json.dumps({**json.loads(question.text), "time": [self._clock(), 0]}))
