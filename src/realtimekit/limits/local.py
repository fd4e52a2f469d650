"""The limiter in the memory of one process."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from realtimekit.errors import RateLimitError
from realtimekit.interfaces import Reservation, Response
from realtimekit.limits import forks
from realtimekit.limits.headers import Observation
from realtimekit.limits.state import LimiterState
from realtimekit.limits.wait_queue import POLL_INTERVAL

DEFAULT_MAX_WAIT = 60.0  # seconds; beyond that the caller decides


class LocalLimiter:
    """Keeps the requests of this process below the limit. For threads and tasks, before and after a fork.

    Args:
        max_wait: the longest time in seconds that a request waits; one that would wait longer fails at once.
        quota: a limit to start with, in requests per window, until a response states another.
        window: the length of that window in seconds.
        clock: returns monotonic seconds; for tests.

    Raises:
        ValueError: an argument is invalid.
    """

    def __init__(
        self,
        *,
        max_wait: float = DEFAULT_MAX_WAIT,
        quota: int | None = None,
        window: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _validate(max_wait, quota, window)
        self.max_wait: float = max_wait
        self._clock = clock
        self._lock = threading.Lock()
        self._state = LimiterState(quota, window)
        forks.register(self)

    def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        with self._lock:
            now = self._clock()
            number, requested_at = (
                (None, now) if reservation is None else (reservation.number, reservation.requested_at)
            )
            max_wait = requested_at + self.max_wait - now
            wait, number = self._state.reserve(number, now, max_wait)
        if wait and wait > max(max_wait, 0.0):
            raise max_wait_exceeded(wait, self.max_wait)
        return Reservation(min(wait, POLL_INTERVAL), number, requested_at, now)

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        """See `Limiter`."""
        now = self._clock()
        self.record(Observation.from_response(response, now if reservation is None else reservation.at, now))

    def record(self, observation: Observation) -> None:
        """As `observe`, for a response that has been parsed."""
        with self._lock:
            self._state.observe(observation)

    def count_request(self, now: float) -> None:
        """Count a request as in flight that another limiter allowed at this time."""
        with self._lock:
            self._state.count_request(now)

    def count_in_flight(self) -> tuple[int, int]:
        """Return how many requests are in flight, and how many were given up as lost since the last call."""
        with self._lock:
            lost = self._state.expire_in_flight(self._clock())
            return self._state.in_flight, lost

    @property
    def is_idle(self) -> bool:
        """Whether nobody uses it and no known limit is in force, so that it can be dropped."""
        with self._lock:
            return self._state.is_idle(self._clock())

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent process may have held the other one
        self._state.after_fork()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} max_wait={self.max_wait:g}>"


def _validate(max_wait: object, quota: object, window: object) -> None:
    if isinstance(max_wait, bool) or not isinstance(max_wait, int | float) or not max_wait >= 0:
        raise ValueError(f"max_wait={max_wait!r}: must be a number of seconds, 0 or more")
    if quota is None and window is None:
        return
    if isinstance(quota, bool) or not isinstance(quota, int) or quota < 1:
        raise ValueError(f"quota={quota!r}: must be a whole number above 0, and goes with window=")
    if isinstance(window, bool) or not isinstance(window, int | float) or not 0 < window < math.inf:
        raise ValueError(f"window={window!r}: must be a number of seconds above 0, and goes with quota=")


def max_wait_exceeded(wait: float, max_wait: float) -> RateLimitError:
    """Create the error for a request that would wait longer than `max_wait` seconds."""
    error = RateLimitError(
        f"not sent: the rate limit leaves no call for {math.ceil(wait)} s, longer than the limiter's max_wait "
        f"({max_wait:g} s)",
        status=429,
    )
    error.retry_after = wait
    return error
