"""The limiters for all processes that share a Redis (or Valkey). The caller brings the client: `pip install redis`."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.interfaces import Reservation, Response
from realtimekit.kwargs import name_constructor, validate_has
from realtimekit.lazy import LazyModule
from realtimekit.limits import forks
from realtimekit.limits.headers import Observation
from realtimekit.limits.local import DEFAULT_MAX_WAIT, LocalLimiter, max_wait_exceeded
from realtimekit.limits.script import SCRIPT
from realtimekit.limits.wait_queue import POLL_INTERVAL

if TYPE_CHECKING:
    import redis
    import redis.asyncio
else:
    redis = LazyModule("redis")

RETRY_INTERVAL = 5.0  # seconds between two attempts to reach a Redis that fails
_MAX_PENDING = 1000  # observations not sent yet; beyond that, while Redis fails, the oldest are dropped


class _ScriptRequest(NamedTuple):
    payload: str  # the script's argument
    requested_at: float  # when the reservation was first asked for
    max_wait: float  # seconds that the caller may still wait
    last_observation: int  # the number of the last observation in the payload
    process_id: str


class _RedisLimiterBase:
    """What the blocking and the async limiter share: everything except the call of the script.

    Observations wait here until the next call of the script takes them along. A local limiter counts what this process
    has in flight; it learns from the same responses and takes over while Redis fails.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        name_constructor(cls)

    def __init__(
        self,
        client: Any,
        *,
        name: str = "realtimekit:limit",
        max_wait: float = DEFAULT_MAX_WAIT,
        quota: int | None = None,
        window: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from redis.exceptions import RedisError

        validate_has("client", client, "register_script", "a client of the package redis")
        self._local = LocalLimiter(max_wait=max_wait, quota=quota, window=window, clock=clock)
        self._configured = {"quota": quota, "window": window} if quota else {}
        self.max_wait: float = max_wait
        self._name, self._clock = name, clock
        self._keys = [f"{{{name}}}", f"{{{name}}}:queue", f"{{{name}}}:expiry"]  # braces: one slot of a cluster
        self._script: Any = client.register_script(SCRIPT)
        self._errors = (RedisError, OSError)
        self._lock = threading.Lock()
        self._failing = False
        self._next_attempt = 0.0
        self._observed = 0  # the number of the last observation
        self._pending: deque[tuple[int, Observation]] = deque(maxlen=_MAX_PENDING)
        self._start_process()
        forks.register(self)

    def _start_process(self) -> None:
        """Go on under a new process id: without a reply nobody knows whether the script allowed the request."""
        self._process_id, self._allowed = os.urandom(8).hex(), 0

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as a `RedisLimiter` that connects to the same Redis by itself: for the workers of a cluster."""
        pool: Any = self._script.registered_client.connection_pool
        plain = {
            name: value
            for name, value in pool.connection_kwargs.items()
            if isinstance(value, str | bytes | int | float | None)
        }
        options = {"name": self._name, "max_wait": self.max_wait, **self._configured}
        return _connect, (pool.connection_class.__name__, plain, options)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent process may have held the other one
        self._pending.clear()
        self._start_process()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r} max_wait={self.max_wait:g}>"

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        """See `Limiter`."""
        now = self._clock()
        observation = Observation.from_response(response, now if reservation is None else reservation.at, now)
        with self._lock:
            self._add_pending(observation)
            self._local.record(observation)

    def _add_pending(self, observation: Observation) -> None:
        self._observed += 1
        self._pending.append((self._observed, observation))

    def _is_reachable(self) -> bool:
        """Whether to call Redis. While it fails, one caller tries it now and then, and the others skip it."""
        if not self._failing:
            return True
        with self._lock:
            now = self._clock()
            if now < self._next_attempt:
                return False
            self._next_attempt = now + RETRY_INTERVAL
            return True

    def _build_request(self, reservation: Reservation | None) -> _ScriptRequest:
        now = self._clock()
        requested_at = now if reservation is None else reservation.requested_at
        max_wait = requested_at + self.max_wait - now
        with self._lock:
            in_flight, lost = self._local.count_in_flight()
            for _ in range(lost):
                self._add_pending(Observation(now, now))
            payload = json.dumps(
                {
                    "process": self._process_id,
                    "number": None if reservation is None else reservation.number,
                    "max_wait": min(max_wait, 1e9),  # JSON has no infinity
                    "allowed": self._allowed,
                    "completed": max(0, self._allowed - in_flight),
                    "observations": [_to_json(number, observation, now) for number, observation in self._pending],
                    **self._configured,
                }
            )
            return _ScriptRequest(payload, requested_at, max_wait, self._observed, self._process_id)

    def _read_reply(self, request: _ScriptRequest, reply: list[int]) -> Reservation:
        """Turn the script's reply into a reservation.

        Raises:
            RateLimitError: the wait would be too long.
        """
        wait, number = reply[0] / 1e6, reply[1]
        with self._lock:
            recovered, self._failing = self._failing, False
            while self._pending and self._pending[0][0] <= request.last_observation:
                self._pending.popleft()
            now = self._clock()
            if not wait:
                self._local.count_request(now)
                self._allowed += request.process_id == self._process_id
        if recovered:
            _logger().info("the rate limiter reaches its Redis again")
        if wait > max(request.max_wait, 0.0):
            raise max_wait_exceeded(wait, self.max_wait)
        return Reservation(min(wait, POLL_INTERVAL), number, request.requested_at, now)

    def _handle_failure(self, error: Exception) -> None:
        with self._lock:
            self._start_process()
            first, self._failing = not self._failing, True
            self._next_attempt = self._clock() + RETRY_INTERVAL
        if first:
            _logger().warning(
                "the rate limiter cannot use its Redis, and limits this process alone until it can: %s: %s",
                type(error).__name__,
                error,
            )


def _connect(connection: str, arguments: dict[str, Any], options: dict[str, Any]) -> RedisLimiter:
    """Return a limiter with a client of its own.

    Args:
        connection: the name of the class of its connections: plain, TLS or Unix socket.
        arguments: of these.
        options: of the limiter.
    """
    import redis.connection as connections

    pool = connections.ConnectionPool(getattr(connections, connection), **arguments)
    return RedisLimiter(redis.Redis(connection_pool=pool), **options)


class RedisLimiter(_RedisLimiterBase):
    """Keeps the requests of all processes that share a Redis below the limit, in the order of arrival.

    While Redis fails, each process limits only itself, as `LocalLimiter` does, and logs one warning: requests do not
    stop because a limiter is down. Give the client a `socket_timeout`.

    Args:
        client: a `redis.Redis`. The limiter does not close it.
        name: the prefix of its keys; never the token. Tokens with separate limits need separate names.
        max_wait: the longest time in seconds that a request waits; one that would wait longer fails at once.
        quota: a limit to start with, in requests per window, until a response states another.
        window: the length of that window in seconds.
        clock: returns monotonic seconds; for tests.

    Raises:
        ValueError: an argument is invalid.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            client: redis.Redis,
            *,
            name: str = "realtimekit:limit",
            max_wait: float = DEFAULT_MAX_WAIT,
            quota: int | None = None,
            window: float | None = None,
            clock: Callable[[], float] = time.monotonic,
        ) -> None: ...

    def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        if self._is_reachable():
            request = self._build_request(reservation)
            try:
                reply = self._script(self._keys, [request.payload])
            except self._errors as error:
                self._handle_failure(error)
            except BaseException:
                self._start_process()
                raise
            else:
                return self._read_reply(request, reply)
        return self._local.reserve(reservation)


class AsyncRedisLimiter(_RedisLimiterBase):
    """As `RedisLimiter`, for a `redis.asyncio.Redis`, and so for one event loop."""

    if TYPE_CHECKING:

        def __init__(
            self,
            client: redis.asyncio.Redis,
            *,
            name: str = "realtimekit:limit",
            max_wait: float = DEFAULT_MAX_WAIT,
            quota: int | None = None,
            window: float | None = None,
            clock: Callable[[], float] = time.monotonic,
        ) -> None: ...

    async def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        if self._is_reachable():
            request = self._build_request(reservation)
            try:
                reply = await self._script(self._keys, [request.payload])
            except self._errors as error:
                self._handle_failure(error)
            except BaseException:
                self._start_process()
                raise
            else:
                return self._read_reply(request, reply)
        return self._local.reserve(reservation)


def _to_json(number: int, observation: Observation, now: float) -> dict[str, Any]:
    """Return an observation for the script, with times relative to now."""
    return {
        "number": number,
        "sent_at": observation.sent_at - now,
        "received_at": observation.received_at - now,
        "status": observation.status,
        "retry_after": observation.retry_after,
        "limits": [
            {name: value for name, value in limit._asdict().items() if value is not None}
            for limit in observation.limits
        ],
    }


def _logger() -> Any:
    import logging

    return logging.getLogger("realtimekit.limits")
