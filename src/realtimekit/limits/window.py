"""One limit: what remains of it, and when there will be more."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from realtimekit.limits.headers import RateLimit

MARGIN = 1.0  # seconds: those in the headers are whole, and may have been rounded up or down


class Window:
    """What the server lets through until its window ends.

    Nobody says exactly when that is: `Ratelimit`'s `t` has whole seconds, counted from a moment between sending and
    hearing. So it is kept as the times between which it lies, and these tell, too, whether another answer speaks of
    the same window, a later one, or one that is over. What is taken for granted is always the worse of two: less
    remains, and it ends later.
    """

    __slots__ = ("earliest", "latest", "missed", "observed", "quota", "remaining", "seconds", "unseen")

    def __init__(self, quota: int | None, seconds: float | None) -> None:
        # None: unknown, and then nothing is known after its end.
        self.quota: int | None = quota
        self.seconds: float | None = seconds
        self.remaining: int = quota or 0  # as the server told, or it was when the window began
        self.unseen: int = 0  # requests since then whose answers did not tell
        self.missed: float = -math.inf  # when the last of these was heard of
        self.earliest: float = -math.inf  # its end lies between these
        self.latest: float = -math.inf
        self.observed: bool = False  # False: it was begun here, and the server has not told of it yet

    @classmethod
    def told(cls, limit: RateLimit, sent: float, heard: float) -> Self:
        """The window that an answer speaks of."""
        window = cls(limit.quota, limit.window)
        if limit.remaining is None:  # a policy alone: what is sent from now on is counted here
            window.begin(heard)
        window.hear(limit, sent, heard)
        return window

    @property
    def left(self) -> int:
        """How many more the server lets through, less what is under way."""
        return self.remaining - self.unseen

    def begin(self, now: float) -> None:
        """The window before is over."""
        self.remaining, self.unseen, self.observed = self.quota or 0, 0, False
        self.earliest, self.latest = now, now + (self.seconds or 0) + MARGIN

    def miss(self, count: int, heard: float) -> None:
        """So many requests of which nobody tells what they left."""
        self.unseen += count
        self.missed = heard

    def hear(self, limit: RateLimit, sent: float, heard: float) -> None:
        """Another answer speaks of this limit."""
        if limit.quota is not None:
            self.quota, self.seconds = limit.quota, limit.window
        if limit.remaining is None or limit.reset is None:
            self.miss(1, heard)
            return
        earliest, latest = sent + limit.reset - MARGIN, heard + limit.reset + MARGIN
        if sent > self.missed:
            self.unseen = 0  # they are counted in this answer
        if earliest > self.latest:
            self.remaining, self.earliest, self.latest = limit.remaining, earliest, latest
        elif latest < self.earliest or (heard < self.earliest and not self.observed):
            return  # it was long under way, or is reported late: it is about a window that is over
        else:
            # Answers overtake each other: the one that leaves least was given last.
            self.remaining = min(self.remaining, limit.remaining)
            self.earliest = max(self.earliest, earliest)
            self.latest = self._end(latest)
        self.observed = True

    def _end(self, latest: float) -> float:
        if not self.observed:
            return latest
        # A window so short that this could be the next one already: then it ends when that does.
        if self.seconds is not None and latest - self.latest >= self.seconds - 3 * MARGIN:
            return max(self.latest, latest)
        return min(self.latest, latest)
