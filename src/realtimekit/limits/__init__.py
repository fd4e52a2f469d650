"""Keeping to the rate limit together: threads, tasks, clients, and with Redis processes and machines.

A limiter hands out turns, first come, first served, and hears what the answers tell (`Ratelimit`, `Ratelimit-Policy`,
`Retry-After`). Nothing is known of a limit before an answer tells it, and nothing is held back until then.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING, Protocol

from realtimekit.limits.pace import Pace, Place, told_by

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from realtimekit.flow import Response
    from realtimekit.limits.redis import AsyncRedisLimiter as AsyncRedisLimiter
    from realtimekit.limits.redis import RedisLimiter as RedisLimiter

MAX_WAIT = 60.0  # seconds; beyond it the caller decides


class Limiter(Protocol):
    """What a client takes as `limiter=`.

    Whoever wants to send takes a place: `place = reserve(None)`. After each wait of `place.wait` seconds it asks again,
    `place = reserve(place)`, until there is no wait. A limiter itself never sleeps.
    """

    @property
    def max_wait(self) -> float:
        """The longest wait in seconds that it hands out."""
        ...

    def reserve(self, place: Place | None, /) -> Place | Awaitable[Place]:
        """A place in the queue, or what is still to be waited for the given one.

        Raises:
            RateLimitError: a new place would be too far back; `retry_after` says how far, in seconds.
        """
        ...

    def heard(self, response: Response | None, /) -> None:
        """A call has ended, and what its answer tells of the limit; None: it had no answer. It does no I/O."""
        ...


class LocalLimiter:
    """For the threads and tasks of one process.

    Args:
        max_wait: the longest wait in seconds that it hands out; a call that would have to wait longer is a
            `RateLimitError` at once.
        quota: how many calls are allowed in a window, until an answer tells; e.g. 1200.
        window: its length in seconds; e.g. 300.
        clock: what time it is, in seconds.
    """

    def __init__(
        self,
        *,
        max_wait: float = MAX_WAIT,
        quota: int | None = None,
        window: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if (quota is None) != (window is None) or (
            quota is not None and window is not None and (quota < 1 or window <= 0)
        ):
            raise ValueError("quota= and window= belong together: at least 1 call in more than 0 seconds")
        self.max_wait: float = checked_wait(max_wait)
        self._pace, self._clock, self._lock = Pace(quota, window), clock, threading.Lock()
        _ALL.add(self)

    def reserve(self, place: Place | None, /) -> Place:
        """A place in the queue, or what is still to be waited for the given one: see `Limiter`."""
        with self._lock:
            if place is None:
                return Place(self._pace.take(self._clock(), self.max_wait), self._pace.moved)
            return Place(self._pace.moved - place.moved, self._pace.moved)

    def heard(self, response: Response | None, /) -> None:
        """A call has ended, and what its answer tells of the limit."""
        told = response and told_by(response)
        with self._lock:
            self._pace.heard(told, self._clock())


_ALL: weakref.WeakSet[LocalLimiter] = weakref.WeakSet()
_shared: weakref.WeakValueDictionary[object, LocalLimiter] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def shared(key: object) -> LocalLimiter:
    """The limiter of this process for a key: one while anybody uses it."""
    with _lock:
        limiter = _shared.get(key)
        if limiter is None:
            limiter = _shared[key] = LocalLimiter()
        return limiter


def checked_wait(max_wait: object) -> float:
    """Seconds, 0 or more.

    Raises:
        ValueError: it is none.
    """
    if isinstance(max_wait, bool) or not isinstance(max_wait, int | float) or not max_wait >= 0:
        raise ValueError(f"max_wait={max_wait!r}: must be a number of seconds, 0 or more")
    return float(max_wait)


def _after_fork() -> None:
    # A thread of the parent may have held a lock while another forked.
    global _lock  # noqa: PLW0603 - as above
    _lock = threading.Lock()
    for limiter in _ALL:
        limiter._lock = threading.Lock()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_after_fork)


def __getattr__(name: str) -> object:
    if name in {"AsyncRedisLimiter", "RedisLimiter"}:
        from realtimekit.limits import redis  # noqa: PLC0415 - only for who has it

        return getattr(redis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
