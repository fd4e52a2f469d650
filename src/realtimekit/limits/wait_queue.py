"""The queue of those who wait for permission to send."""

from __future__ import annotations

import math
from bisect import bisect_left, insort

POLL_INTERVAL = 5.0  # seconds: waiting callers ask again at least this often, which shows that they still wait
GRACE_PERIOD = 1.0  # seconds: a caller that is later than this has left the queue


class WaitQueue:
    """Reservation numbers in the order of arrival. A caller that was removed and comes back keeps its position."""

    def __init__(self) -> None:
        self._numbers: list[int] = []  # sorted
        self._expiry: dict[int, float] = {}  # when each caller should have asked again
        self._last_sweep = -math.inf

    def __len__(self) -> int:
        return len(self._numbers)

    def position(self, number: int) -> int:
        """Return how many callers go first."""
        return bisect_left(self._numbers, number)

    def add(self, number: int, expires_at: float) -> None:
        """Enter the queue, or stay in it, until `expires_at`."""
        if number not in self._expiry:
            insort(self._numbers, number)
        self._expiry[number] = expires_at

    def remove(self, number: int) -> None:
        """Leave the queue, if the caller is in it."""
        if self._expiry.pop(number, None) is not None:
            del self._numbers[bisect_left(self._numbers, number)]

    def remove_expired(self, now: float) -> None:
        """Remove callers that did not ask again: they were canceled, interrupted or killed."""
        if now >= self._last_sweep + GRACE_PERIOD:
            self._last_sweep = now
            for number in [number for number, expires_at in self._expiry.items() if expires_at < now - GRACE_PERIOD]:
                self.remove(number)
