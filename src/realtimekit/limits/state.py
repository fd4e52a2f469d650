"""Whose turn it is and when: the algorithm, apart from clocks, locks and sockets.

What may be sent is what the windows leave, less what is under way: the server has not told of that yet. Who finds
nothing left waits in line for the windows to come, in the order of asking, and asks again now and then: what is known
by then decides, so that a wait that was told is never a promise to be kept against better knowledge.

After a 429, and where a window ends of which nobody said how much the next one holds, those who wait go one after the
other, `SPACING` apart, until an answer tells more.

`redis.py` holds the same in Lua; a test compares the two.
"""

from __future__ import annotations

import math

from realtimekit.limits.headers import Observation
from realtimekit.limits.wait_queue import POLL_INTERVAL, WaitQueue
from realtimekit.limits.window import MARGIN, Window

OWN = ""  # the name of a policy that was given, and not heard
SPACING = 0.1  # seconds between those who try whether there is room again
SOON = 0.1  # seconds until to look whether what is under way was answered; those further back look less often
SILENCE = 5.0  # seconds after which what is under way has surely been counted by the server, if it ever will be


class LimiterState:
    """What is known of the limits of one token, and who waits."""

    def __init__(self, quota: int | None = None, window: float | None = None) -> None:
        self.windows: dict[str, Window] = {}
        if quota is not None:
            self.windows[OWN] = Window(quota, window)
        self.line: WaitQueue = WaitQueue()
        self.under_way: int = 0
        self.blocked_until: float = -math.inf
        self._trying_since = math.inf  # from then on one after the other; inf: all is well
        self._active = -math.inf  # when a turn was last given or answered
        self._forgot = -math.inf  # turns from before then are not under way any more, whatever comes of them
        self._numbers = 0

    def ask(self, number: int | None, now: float, patience: float) -> tuple[float, int]:
        """Take a turn, or wait for one.

        Args:
            number: of who asks again; None: of who asks for the first time.
            now: seconds of any clock that never goes back.
            patience: the longest wait to take; who would have to wait for longer is not in line.

        Returns:
            The seconds until the turn, as far as can be told (0: it is taken), and the number to ask again with.
        """
        self.forget(now)
        self.line.sweep(now)
        self._begin(now)
        if number is None:
            self._numbers += 1
            number = self._numbers
        wait = self._wait(self.line.before(number), now)
        if wait <= 0:
            self.line.leave(number)
            self.take(now)
        elif wait > patience:
            self.line.leave(number)
        else:
            self.line.join(number, now + min(wait, POLL_INTERVAL))
        return wait, number

    def take(self, now: float) -> None:
        """A turn is given."""
        self.under_way += 1
        self._active = now
        if self._trying_since <= now:
            self.blocked_until = now + SPACING

    def hear(self, answer: Observation) -> None:
        """A turn was used, and this came of it."""
        if answer.sent >= self._forgot:
            self.under_way = max(0, self.under_way - 1)
        self._active = max(self._active, answer.heard)
        if answer.limits or self.windows:
            self._count(answer)
        if answer.status == 429:
            self.blocked_until = max(self.blocked_until, answer.heard + answer.wait)
            self._trying_since = self.blocked_until
        elif answer.status and answer.sent >= self._trying_since:
            self._trying_since = math.inf

    def forget(self, now: float) -> int:
        """What was under way and is not heard of counts as used. Returns how much that was."""
        lost = self.under_way
        if not lost or now <= self._active + SILENCE:
            return 0
        self.under_way, self._forgot = 0, now
        for window in self.windows.values():
            window.miss(lost, now)
        return lost

    def knows(self, now: float) -> bool:
        """Whether it would be a pity to forget all this."""
        self.forget(now)
        self.line.sweep(now)
        ends = [window.latest for name, window in self.windows.items() if name != OWN]
        return max(self.blocked_until, *ends, -math.inf) > now or bool(self.under_way or self.line)

    def fork(self, now: float) -> None:
        """What other threads did, and waited for, they do in the parent."""
        self.line, self.under_way, self._forgot = WaitQueue(), 0, now

    def _count(self, answer: Observation) -> None:
        told = {limit.name for limit in answer.limits}
        if told:
            self.windows.pop(OWN, None)
        for name, window in self.windows.items():
            if name not in told:
                window.miss(1, answer.heard)
        for limit in answer.limits:
            if (known := self.windows.get(limit.name)) is None:
                self.windows[limit.name] = Window.told(limit, answer.sent, answer.heard)
            else:
                known.hear(limit, answer.sent, answer.heard)

    def _begin(self, now: float) -> None:
        """Windows that are over are followed by others."""
        for name, window in list(self.windows.items()):
            if now < window.latest:
                continue
            if window.quota is None:
                del self.windows[name]
                if self.line:
                    self._trying_since = min(self._trying_since, now)
            else:
                window.begin(now)

    def _wait(self, position: int, now: float) -> float:
        """Seconds until the turn of who has so many before them."""
        at = max(now, self.blocked_until)
        if self._trying_since < math.inf:
            at += position * SPACING
        for window in self.windows.values():
            beyond = position - max(0, window.left - self.under_way)
            if beyond < 0:
                continue
            if position < window.left:  # it depends on whether what is under way is counted in that already
                at = max(at, min(now + SOON + position / 1000, window.latest))
            elif window.quota is None:
                at = max(at, window.latest + beyond * SPACING)
            else:
                at = max(at, window.latest + beyond // window.quota * ((window.seconds or 0) + MARGIN))
        return at - now
