"""When each call may go: a rate limit as windows with so many turns each, corrected by what the answers tell.

Whoever asks says what time it is, in seconds of any one clock.
"""

from __future__ import annotations

import math
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from realtimekit import protocol
from realtimekit.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.flow import Response


class Place(NamedTuple):
    """A place in the queue.

    Attributes:
        wait: seconds until its turn.
        moved: how far all places had been put off when it was given; whoever has waited asks again by it.
    """

    wait: float
    moved: float


class Told(NamedTuple):
    """What an answer tells about the limit.

    Attributes:
        remaining: how many calls are left in the present window.
        resets: seconds until the next window begins.
        quota: how many calls a window has.
        window: its length in seconds.
        refused: seconds during which every call is refused.
    """

    remaining: int | None = None
    resets: float = 0.0
    quota: int | None = None
    window: float | None = None
    refused: float | None = None


_ITEM = re.compile(r'"?([^",;]*)"?((?:;[^,]*)?)')
_PARAMETER = re.compile(r";\s*([a-z]+)=(\d{1,9})(?!\d)")


def told_by(response: Response) -> Told | None:
    """What an answer tells; None where it tells nothing.

    `Ratelimit: "default";r=50;t=30`, `Ratelimit-Policy: "default";q=100;w=60` (draft-ietf-httpapi-ratelimit-headers, in
    Cloudflare's form), and of a 429 the wait that it asks for. Of several policies the one that leaves the least.
    """
    headers, refused = response.headers, None
    if response.status == 429:
        refused = protocol.asked_wait(headers, time.time())
    elif "ratelimit" not in headers:
        return None
    left = [
        (values["r"], -values["t"], name) for name, values in _items(headers, "ratelimit") if {"r", "t"} <= {*values}
    ]
    policies = {name: values for name, values in _items(headers, "ratelimit-policy") if values.get("q", 0) > 0}
    remaining, resets, name = min(left, default=(None, 0, ""))
    policy = policies.get(name) or (next(iter(policies.values())) if len(policies) == 1 else {})
    window = policy.get("w") or None
    quota = policy.get("q") if window else None
    if refused is None and remaining is None and quota is None:
        return None
    return Told(remaining, float(-resets), quota, None if window is None else float(window), refused)


def _items(headers: Mapping[str, str], name: str) -> list[tuple[str, dict[str, int]]]:
    found = [_ITEM.fullmatch(item.strip()) for item in headers.get(name, "").split(",")]
    return [(item[1], {key: int(value) for key, value in _PARAMETER.findall(item[2])}) for item in found if item]


class Pace:
    """The windows of one limit, and the queue for their turns.

    Args:
        quota: how many calls a window has, until an answer says otherwise; None: as many as one likes.
        window: its length in seconds.
    """

    def __init__(self, quota: int | None = None, window: float | None = None) -> None:
        self.quota: int | None = quota
        self.window: float | None = window
        # The window whose turns are given out now. It may lie ahead, and then those before it are given out.
        self.start: float = -math.inf
        self.ends: float = -math.inf
        self.left: int | None = None  # None: nobody has said how many there are
        self.least: int | None = None  # that an answer has said are left of this window
        self.under_way: int = 0  # calls of this window that have no answer yet: the server may not have counted them
        self.late: int = 0  # those of the windows before: the server may count them to this one
        self.first: float = -math.inf  # when the first of those who wait may go
        self.moved: float = 0.0

    def take(self, now: float, longest: float) -> float:
        """The next turn: seconds until it.

        Raises:
            RateLimitError: they are more than `longest`; then nobody has taken the turn.
        """
        if now >= self.ends:
            self._open(now)
            if self.quota is not None:
                self.left = max(1, self.quota - self.late)
        queue = self._first_after(now)
        at = self.ends if self.left == 0 else max(now, self.start)
        if at - now > longest:
            raise too_long(at - now)
        if self.left == 0:
            self._open(at)
        if self.left is not None:
            self.left -= 1
        self.under_way += 1
        if at > now and queue is None:
            self.first = at
        return at - now

    def heard(self, told: Told | None, now: float) -> None:
        """A call has ended, and its answer has told this."""
        if self.late:
            self.late -= 1
        else:
            self.under_way = max(0, self.under_way - 1)
        if told is None:
            return
        if told.quota is not None:
            self.quota, self.window = told.quota, told.window
        if told.refused is not None:
            self._put_off(now + told.refused, now)
        elif told.remaining is not None:
            self._correct(told.remaining, now + told.resets, now)

    def _open(self, start: float) -> None:
        self.start, self.ends = start, start + (self.window or 0.0)
        self.left, self.least = self.quota, None
        # Halved, because whoever was killed meanwhile never says that its call has ended.
        self.under_way, self.late = 0, self.under_way + self.late // 2

    def _first_after(self, now: float) -> float | None:
        """When the first of those who wait may go; None where nobody waits."""
        if self.first > now:
            return self.first
        if self.start <= now:
            return None
        if not self.window:
            return self.start
        return min(self.start, self.first + math.ceil((now - self.first) / self.window) * self.window)

    def _put_off(self, until: float, now: float) -> None:
        """Nobody goes before then. Those who wait keep their order, and the distances between them."""
        first = self._first_after(now)
        if first is None:
            self.left, self.ends = 0, until
        elif first < until:
            by = until - first
            self.moved, self.start, self.ends = self.moved + by, self.start + by, self.ends + by
            self.first = until

    def _correct(self, remaining: int, ends: float, now: float) -> None:
        if self._first_after(now) is not None:
            # Those who wait are for the next window. It begins with the server's, not with ours: a call is on its way
            # for a while, and the end is told in whole seconds.
            self._put_off(ends, now)
            return
        # Answers overtake one another: within a window, the least counts.
        same = self.least is not None and ends <= self.ends + 1
        self.least = min(self.least, remaining) if same and self.least is not None else remaining
        self.left, self.ends = max(0, self.least - self.under_way - self.late), ends


def too_long(wait: float) -> RateLimitError:
    """Nothing was sent, because it would have to wait too long."""
    error = RateLimitError(
        f"not sent: the rate limit leaves no call for {wait:.0f} s, longer than the limiter's max_wait",
        status=429,
    )
    error.retry_after = wait
    return error
