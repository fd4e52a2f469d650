"""The limiters that the clients of this process share."""

from __future__ import annotations

import threading
import weakref

from realtimekit.limits import forks
from realtimekit.limits.local import LocalLimiter


class _Registry:
    """One limiter per key.

    A limiter lives for as long as a client uses it, and until it is idle: a client that is created for each task must
    not forget that the API rejects everything for five minutes.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._limiters: weakref.WeakValueDictionary[object, LocalLimiter] = weakref.WeakValueDictionary()
        self._in_use: set[LocalLimiter] = set()  # keeps these alive
        forks.register(self)

    def get(self, key: object) -> LocalLimiter:
        with self._lock:
            limiter = self._limiters.get(key)
            if limiter is None:
                limiter = self._limiters[key] = LocalLimiter()
            for idle in [other for other in self._in_use if other.is_idle]:
                self._in_use.discard(idle)
            self._in_use.add(limiter)
            return limiter

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent process may have held the other one


_registry = _Registry()


def shared_limiter(key: object) -> LocalLimiter:
    """Return the limiter of this process for a key, such as the base URL and the token."""
    return _registry.get(key)
