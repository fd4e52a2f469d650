"""The limiter of one process, and the one that its clients share."""

from __future__ import annotations

import os
import threading
import time
import weakref
from typing import TYPE_CHECKING

from realtimekit.interfaces import Reservation
from realtimekit.limits.headers import read
from realtimekit.limits.state import LimiterState
from realtimekit.limits.wait_queue import POLL_INTERVAL
from realtimekit.limits.waits import MAX_WAIT, too_long, validate

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from realtimekit.interfaces import Response
    from realtimekit.limits.headers import Observation


class LocalLimiter:
    """Keeps what is sent from this process inside the limit. For threads and tasks, before and after a fork.

    Args:
        max_wait: the most seconds that a request waits for its turn; one that would wait longer is refused at once.
        quota: a policy to begin with, until an answer tells of another: so many requests ...
        window: ... in so many seconds.
        clock: seconds that never go back, for tests.

    Raises:
        ValueError: one of them cannot be right.
    """

    def __init__(
        self,
        *,
        max_wait: float = MAX_WAIT,
        quota: int | None = None,
        window: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        validate(max_wait, quota, window)
        self.max_wait: float = max_wait
        self._clock = clock
        self._lock = threading.Lock()
        self._allowance = LimiterState(quota, window)
        after_fork(self)

    def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        with self._lock:
            now = self._clock()
            number, asked = (None, now) if reservation is None else (reservation.number, reservation.requested_at)
            patience = asked + self.max_wait - now
            wait, number = self._allowance.ask(number, now, patience)
        if wait > max(patience, 0.0):
            raise too_long(wait, self.max_wait)
        return Reservation(min(wait, POLL_INTERVAL), number, asked, now)

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        """See `Limiter`."""
        now = self._clock()
        self.learn(read(response, now if reservation is None else reservation.at, now))

    def learn(self, answer: Observation) -> None:
        """What `heard` read from the answer."""
        with self._lock:
            self._allowance.hear(answer)

    def take(self) -> None:
        """A turn was given by somebody else."""
        with self._lock:
            self._allowance.take(self._clock())

    def used_elsewhere(self) -> tuple[int, int]:
        """How many turns are under way, and how many will not be heard of any more."""
        with self._lock:
            lost = self._allowance.forget(self._clock())
            return self._allowance.under_way, lost

    @property
    def informed(self) -> bool:
        """Whether it knows of a limit in force, or is in use."""
        with self._lock:
            return self._allowance.knows(self._clock())

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent may have held the other
        self._allowance.fork(self._clock())

    def __repr__(self) -> str:
        return f"<{type(self).__name__} max_wait={self.max_wait:g}>"


_forked: weakref.WeakSet[Any] = weakref.WeakSet()


def after_fork(limiter: Any) -> None:
    """Have `limiter._after_fork()` called in each forked child, before anything else runs there."""
    _forked.add(limiter)


_lock = threading.Lock()
_shared: weakref.WeakValueDictionary[object, LocalLimiter] = weakref.WeakValueDictionary()
_kept: set[LocalLimiter] = set()


def shared(key: object) -> LocalLimiter:
    """The one limiter of this process for a key, such as the API's address and the token.

    It lives as long as somebody uses it, and as long as it knows something: a client that is made for each task must
    not forget that all are refused for five minutes.
    """
    with _lock:
        limiter = _shared.get(key)
        if limiter is None:
            limiter = _shared[key] = LocalLimiter()
        for known in [known for known in _kept if not known.informed]:
            _kept.discard(known)
        _kept.add(limiter)
        return limiter


def _in_child() -> None:
    global _lock  # noqa: PLW0603 - a thread of the parent may have held it
    _lock = threading.Lock()
    for limiter in list(_forked):
        limiter._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
