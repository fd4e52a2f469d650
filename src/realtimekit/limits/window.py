"""One rate limit window: how many requests remain, and when the window ends."""

from __future__ import annotations

import math
from typing import Self

from realtimekit.limits.headers import RateLimit

RESET_MARGIN = 1.0  # seconds: the headers have whole seconds, which may have been rounded up or down


class Window:
    """The number of requests that the server accepts until the window ends.

    The exact end is unknown: `t` in the `Ratelimit` header has whole seconds, counted from some time between sending
    the request and receiving the response. So the end is kept as an interval, which also shows whether another
    response describes the same window, a later one, or one that is over. The limiter always assumes the worse of two
    possibilities: fewer requests remain, and the window ends later.
    """

    __slots__ = (
        "earliest_end",
        "latest_end",
        "observed",
        "quota",
        "remaining",
        "seconds",
        "unreported",
        "unreported_at",
    )

    def __init__(self, quota: int | None, seconds: float | None) -> None:
        # None: unknown; then nothing is known after the end of the window.
        self.quota: int | None = quota
        self.seconds: float | None = seconds
        self.remaining: int = quota or 0  # as the server reported it, or the quota at the start of the window
        self.unreported: int = 0  # requests since then whose responses did not report what remains
        self.unreported_at: float = -math.inf  # when the last of them ended
        self.earliest_end: float = -math.inf
        self.latest_end: float = -math.inf
        self.observed: bool = False  # False: started by this limiter, and no response has described it yet

    @classmethod
    def from_header(cls, limit: RateLimit, sent_at: float, received_at: float) -> Self:
        """Create the window that a response describes."""
        window = cls(limit.quota, limit.window)
        if limit.remaining is None:  # only a policy: count here what is sent from now on
            window.start(received_at)
        window.observe(limit, sent_at, received_at)
        return window

    @property
    def available(self) -> int:
        """How many more requests the server accepts, including those in flight."""
        return self.remaining - self.unreported

    def start(self, now: float) -> None:
        """Start the next window, when the one before is over."""
        self.remaining, self.unreported, self.observed = self.quota or 0, 0, False
        self.earliest_end, self.latest_end = now, now + (self.seconds or 0) + RESET_MARGIN

    def count_unreported(self, count: int, at: float) -> None:
        """Count requests whose responses did not report what remains."""
        self.unreported += count
        self.unreported_at = at

    def observe(self, limit: RateLimit, sent_at: float, received_at: float) -> None:
        """Learn from another response that describes this limit."""
        if limit.quota is not None:
            self.quota, self.seconds = limit.quota, limit.window
        if limit.remaining is None or limit.reset is None:
            self.count_unreported(1, received_at)
            return
        earliest_end, latest_end = sent_at + limit.reset - RESET_MARGIN, received_at + limit.reset + RESET_MARGIN
        if sent_at > self.unreported_at:
            self.unreported = 0  # this response includes them
        if earliest_end > self.latest_end:
            self.remaining, self.earliest_end, self.latest_end = limit.remaining, earliest_end, latest_end
        elif latest_end < self.earliest_end or (received_at < self.earliest_end and not self.observed):
            return  # a slow response, or one reported late: it describes a window that is over
        else:
            # Responses overtake each other: the one with the fewest remaining requests is the latest.
            self.remaining = min(self.remaining, limit.remaining)
            self.earliest_end = max(self.earliest_end, earliest_end)
            self.latest_end = self._narrow(latest_end)
        self.observed = True

    def _narrow(self, latest_end: float) -> float:
        if not self.observed:
            return latest_end
        # The window may be so short that this is already the next one: then the end of that one counts.
        if self.seconds is not None and latest_end - self.latest_end >= self.seconds - 3 * RESET_MARGIN:
            return max(self.latest_end, latest_end)
        return min(self.latest_end, latest_end)
