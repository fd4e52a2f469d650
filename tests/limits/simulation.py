"""A simulation with its own clock: servers with a rate limit, and requests that respect it or not."""

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
from realtimekit.limits.redis import _ScriptRequest
from realtimekit.limits.script import CLOCK, SCRIPT

BLOCK = 300.0


class Reserving(Protocol):
    def reserve(self, reservation: Reservation | None = None, /) -> Reservation: ...
    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None: ...


class Simulation:
    """A simulated clock. `run` runs the spawned processes: generators that yield seconds to wait."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._order = itertools.count()
        self._scheduled: list[tuple[float, int, Generator[float]]] = []

    def clock(self) -> float:
        return self.now

    def spawn(self, process: Generator[float], after: float = 0.0) -> None:
        heapq.heappush(self._scheduled, (self.now + after, next(self._order), process))

    def run(self, until: float = math.inf) -> None:
        while self._scheduled and self._scheduled[0][0] <= until:
            self.now, _, process = heapq.heappop(self._scheduled)
            try:
                seconds = next(process)
            except StopIteration:
                continue
            assert seconds >= 0
            self.spawn(process, seconds)
        if until < math.inf:
            self.now = until


class Server:
    """Accepts a number of requests per window; one more, and everything is rejected for `BLOCK` seconds.

    Args:
        aligned: windows start at multiples of their length; otherwise with their first request.
        rounded: rounds `t` to a whole number.
        silent: whether responses leave out the headers.
    """

    def __init__(
        self, quota: int, window: float, *, aligned: bool = False, rounded: Any = math.ceil, silent: bool = False
    ) -> None:
        self.quota, self.window, self.aligned, self.rounded, self.silent = quota, window, aligned, rounded, silent
        self.left = 0
        self.ends = -math.inf
        self.blocked = False
        self.rejected: list[float] = []
        self.counts: list[int] = []  # accepted requests per window

    def handle(self, now: float) -> Response:
        if now >= self.ends:
            begins = math.floor(now / self.window) * self.window if self.aligned and not self.blocked else now
            self.left, self.ends, self.blocked = self.quota, begins + self.window, False
            self.counts.append(0)
        if self.left:
            self.left -= 1
            self.counts[-1] += 1
            return Response(200, self._headers(now), b"")
        self.rejected.append(now)
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
    """One request and its outcome."""

    simulation: Simulation
    limiter: Reserving | None
    server: Server
    up: float = 0.05  # seconds to the server
    down: float = 0.05  # and back
    late: float = 0.0  # seconds that each sleep takes too long
    lost: bool = False  # no response arrives
    gives_up: float = math.inf  # seconds after the first `reserve`; the limiter does not know
    number: int = 0
    requested_at: float = math.nan
    sent: float = math.nan
    window: int = -1  # of the server; -1: not sent
    status: int = 0
    error: RateLimitError | None = field(default=None, repr=False)

    def process(self) -> Generator[float]:
        self.requested_at = self.simulation.now
        reservation: Reservation | None = None
        if self.limiter is not None:
            try:
                reservation = self.limiter.reserve()
                while reservation.wait:
                    yield min(
                        reservation.wait + self.late, max(0.0, self.requested_at + self.gives_up - self.simulation.now)
                    )
                    if self.simulation.now >= self.requested_at + self.gives_up:
                        return
                    reservation = self.limiter.reserve(reservation)
            except RateLimitError as error:
                self.error = error
                return
        self.sent = self.simulation.now
        yield self.up
        response = self.server.handle(self.simulation.now)
        self.window = len(self.server.counts)
        yield self.down
        self.status = 0 if self.lost else response.status
        if self.limiter is not None:
            self.limiter.observe(None if self.lost else response, reservation)


class Simulated(RedisLimiter):
    """The limiter with a simulated clock."""

    def __init__(self, client: redis.Redis, clock: Callable[[], float], **options: Any) -> None:
        super().__init__(client, clock=clock, **options)
        assert SCRIPT.count(CLOCK) == 1
        self._script = client.register_script(SCRIPT.replace(CLOCK, "cjson.decode(ARGV[1]).time"))

    def _build_request(self, reservation: Reservation | None) -> _ScriptRequest:
        request = super()._build_request(reservation)
        return request._replace(payload=json.dumps({**json.loads(request.payload), "time": [self._clock(), 0]}))
