"""Who waits for a turn."""

from __future__ import annotations

import math
from bisect import bisect_left, insort

POLL_INTERVAL = 5.0  # seconds: who waits asks again at least so often, and so shows that they still do
GRACE = 1.0  # seconds: who is so late has left


class WaitQueue:
    """Numbers in the order of asking. Who was away too long and comes back has kept their place."""

    def __init__(self) -> None:
        self._numbers: list[int] = []  # sorted
        self._due: dict[int, float] = {}  # when each asks again
        self._swept = -math.inf

    def __len__(self) -> int:
        return len(self._numbers)

    def before(self, number: int) -> int:
        """How many go first."""
        return bisect_left(self._numbers, number)

    def join(self, number: int, due: float) -> None:
        """Wait, or wait on, until `due`."""
        if number not in self._due:
            insort(self._numbers, number)
        self._due[number] = due

    def leave(self, number: int) -> None:
        """It is their turn, or they gave up."""
        if self._due.pop(number, None) is not None:
            del self._numbers[bisect_left(self._numbers, number)]

    def sweep(self, now: float) -> None:
        """Those who did not ask again have left: cancelled, interrupted, dead."""
        if now >= self._swept + GRACE:
            self._swept = now
            for number in [number for number, due in self._due.items() if due < now - GRACE]:
                self.leave(number)
