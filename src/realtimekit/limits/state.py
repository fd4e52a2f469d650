"""The rate limiting algorithm, without clocks, locks or sockets.

A request may be sent while the windows have room for it, after subtracting the requests in flight: the server may not
have reported those yet. If there is no room, the caller waits in a queue for the next window, in the order of arrival,
and asks again from time to time. Each answer depends on what is known at that time, so an announced wait is an
estimate and never a promise that newer knowledge would have to break.

After a 429, and after the end of a window whose successor is of unknown size, the limiter *probes*: waiting requests
are sent one after the other, `PROBE_INTERVAL` apart, until a response shows that requests are accepted again.

`script.py` holds the same algorithm in Lua; a test compares the two.
"""

from __future__ import annotations

import math
from collections import deque

from realtimekit.limits.headers import Observation
from realtimekit.limits.wait_queue import POLL_INTERVAL, WaitQueue
from realtimekit.limits.window import RESET_MARGIN, Window

CONFIGURED = ""  # the name of the limit that the limiter was created with, until a response states one
PROBE_INTERVAL = 0.1  # seconds between two probes
RECHECK_INTERVAL = 0.1  # seconds until a request in flight may have been answered; those further back wait longer
# Seconds after which a request in flight counts as used: by then the server has counted it, if it received it. So a
# request whose caller was interrupted, and never reports an outcome, does not block others.
IN_FLIGHT_TIMEOUT = 5.0


class LimiterState:
    """The known limits of one token, the requests in flight, and the queue."""

    def __init__(self, quota: int | None = None, window: float | None = None) -> None:
        self.windows: dict[str, Window] = {}
        if quota is not None:
            self.windows[CONFIGURED] = Window(quota, window)
        self.queue: WaitQueue = WaitQueue()
        self._in_flight: deque[float] = deque()  # the times at which they were allowed, oldest first
        self.blocked_until: float = -math.inf
        self._probing_since = math.inf  # inf: no probing
        self._last_number = 0

    @property
    def in_flight(self) -> int:
        """How many requests are being sent."""
        return len(self._in_flight)

    def reserve(self, number: int | None, now: float, max_wait: float) -> tuple[float, int]:
        """Allow a request, or queue its caller.

        Args:
            number: the number of a caller that asks again; None: a new caller.
            now: seconds of any monotonic clock.
            max_wait: the longest acceptable wait in seconds; a caller that would wait longer is not queued.

        Returns:
            The estimated wait in seconds (0: the request may be sent now), and the number to ask again with.
        """
        if number is None:
            self._last_number += 1
            number = self._last_number
        self.expire_in_flight(now)
        if not self.windows and not self.queue and self._probing_since == math.inf and self.blocked_until <= now:
            self.count_request(now)  # nothing is known that could make anybody wait
            return 0.0, number
        self.queue.remove_expired(now)
        self._start_windows(now)
        wait = self._estimate_wait(self.queue.position(number), now)
        if wait <= 0:
            self.queue.remove(number)
            self.count_request(now)
        elif wait > max_wait:
            self.queue.remove(number)
        else:
            self.queue.add(number, now + min(wait, POLL_INTERVAL))
        return wait, number

    def count_request(self, now: float) -> None:
        """Count a request that is being sent."""
        self._in_flight.append(now)
        if self._probing_since <= now:
            self.blocked_until = now + PROBE_INTERVAL

    def observe(self, observation: Observation) -> None:
        """Learn from the response to a request, or from its absence."""
        self._remove_in_flight(observation.sent_at)
        if observation.limits or self.windows:
            self._update_windows(observation)
        if observation.status == 429:
            self.blocked_until = max(self.blocked_until, observation.received_at + observation.retry_after)
            self._probing_since = self.blocked_until
        elif observation.status and observation.sent_at >= self._probing_since:
            self._probing_since = math.inf

    def _remove_in_flight(self, sent_at: float) -> None:
        try:
            self._in_flight.remove(sent_at)
        except ValueError:  # it has expired, or its caller does not know when it was allowed
            if self._in_flight and sent_at > self._in_flight[0]:
                self._in_flight.popleft()

    def expire_in_flight(self, now: float) -> int:
        """Count requests that were in flight for too long as used. Returns how many."""
        lost = 0
        while self._in_flight and self._in_flight[0] + IN_FLIGHT_TIMEOUT < now:
            self._in_flight.popleft()
            lost += 1
        for window in self.windows.values() if lost else ():
            window.count_unreported(lost, now)
        return lost

    def is_idle(self, now: float) -> bool:
        """Whether no known limit is in force, nothing is in flight and nobody waits."""
        self.expire_in_flight(now)
        self.queue.remove_expired(now)
        ends = [window.latest_end for name, window in self.windows.items() if name != CONFIGURED]
        return not (max(self.blocked_until, *ends, -math.inf) > now or self._in_flight or self.queue)

    def after_fork(self) -> None:
        """Drop the queue and the requests in flight: they belong to threads of the parent process."""
        self.queue, self._in_flight = WaitQueue(), deque()

    def _update_windows(self, observation: Observation) -> None:
        sent_at, received_at = observation.sent_at, observation.received_at
        reported = {limit.name for limit in observation.limits}
        if reported:
            self.windows.pop(CONFIGURED, None)
        for name, window in self.windows.items():
            if name not in reported:
                window.count_unreported(1, received_at)
        for limit in observation.limits:
            if (known := self.windows.get(limit.name)) is None:
                self.windows[limit.name] = Window.from_header(limit, sent_at, received_at)
            else:
                known.observe(limit, sent_at, received_at)

    def _start_windows(self, now: float) -> None:
        """Start the next window where one is over."""
        for name, window in list(self.windows.items()):
            if now < window.latest_end:
                continue
            if window.quota is None:
                del self.windows[name]
                if self.queue:
                    self._probing_since = min(self._probing_since, now)
            else:
                window.start(now)

    def _estimate_wait(self, position: int, now: float) -> float:
        """Return the wait in seconds for a caller with so many others before it."""
        at = max(now, self.blocked_until)
        if self._probing_since < math.inf:
            at += position * PROBE_INTERVAL
        for window in self.windows.values():
            excess = position - max(0, window.available - len(self._in_flight))
            if excess < 0:
                continue
            if position < window.available:  # there is room if the window already includes those in flight
                at = max(at, min(now + RECHECK_INTERVAL + position / 1000, window.latest_end))
            elif window.quota is None:
                at = max(at, window.latest_end + excess * PROBE_INTERVAL)
            else:
                at = max(at, window.latest_end + excess // window.quota * ((window.seconds or 0) + RESET_MARGIN))
        return at - now
