"""Shutdown of commands that run until they are stopped."""

from __future__ import annotations

import signal
from queue import SimpleQueue


class Shutdown:
    """Waits for SIGINT, SIGTERM, or a `request()` from any thread.

    Not a `threading.Event`: a signal handler that calls its `set()` while the same thread is entering `wait()` waits
    forever for a lock that this thread holds. `SimpleQueue.put` is reentrant.
    """

    def __init__(self) -> None:
        self._requests: SimpleQueue[None] = SimpleQueue()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: self.request())

    def request(self) -> None:
        """End `wait()`, now or when it is called."""
        self._requests.put(None)

    def wait(self) -> None:
        """Return when a shutdown was requested."""
        self._requests.get()
