"""The queue of those who wait for permission to send."""

from __future__ import annotations

import math
from bisect import bisect_left

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
        self._expiry[number] = expires_at  # first: a caller that is interrupted before the next line still expires
        at = bisect_left(self._numbers, number)
        if self._numbers[at : at + 1] != [number]:
            self._numbers.insert(at, number)

    def remove(self, number: int) -> None:
        """Leave the queue, if the caller is in it."""
        at = bisect_left(self._numbers, number)
        if self._numbers[at : at + 1] == [number]:
            del self._numbers[at]
        self._expiry.pop(number, None)  # last, as above

    def remove_expired(self, now: float) -> None:
        """Remove callers that did not ask again: they were canceled, interrupted or killed."""
        if now >= self._last_sweep + GRACE_PERIOD:
            self._last_sweep = now
            for number in [number for number, expires_at in self._expiry.items() if expires_at < now - GRACE_PERIOD]:
                self.remove(number)
