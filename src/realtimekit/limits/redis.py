"""The limiter for all processes that share a Redis (or Valkey). The client is yours: `pip install redis`."""

from __future__ import annotations

import json
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.interfaces import Reservation
from realtimekit.limits.headers import Observation, read
from realtimekit.limits.local import LocalLimiter, after_fork
from realtimekit.limits.script import SCRIPT
from realtimekit.limits.wait_queue import POLL_INTERVAL
from realtimekit.limits.waits import MAX_WAIT, too_long

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis
    import redis.asyncio

    from realtimekit.interfaces import Response

RETRY = 5.0  # seconds from one try to reach a Redis that failed to the next
_MOST = 1000  # answers that wait to be reported; beyond it, while Redis fails, the oldest are forgotten


class _Question(NamedTuple):
    text: str  # for the script
    asked: float  # when the turn was first asked for
    patience: float  # seconds
    reported: int  # the number of the last answer in it
    process: str


class _Redis:
    """What the two limiters share: all but the asking.

    What `heard` learns waits here for the next question. A limiter in memory counts what this process has under way;
    it learns the same, and takes over while Redis fails.
    """

    def __init__(
        self,
        client: Any,
        *,
        name: str = "realtimekit:limit",
        max_wait: float = MAX_WAIT,
        quota: int | None = None,
        window: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        from redis.exceptions import RedisError

        self._alone = LocalLimiter(max_wait=max_wait, quota=quota, window=window, clock=clock)
        self._policy = {"quota": quota, "window": window} if quota else {}
        self.max_wait: float = max_wait
        self._name, self._clock = name, clock
        self._keys = [f"{{{name}}}", f"{{{name}}}:line", f"{{{name}}}:due"]  # in braces: one slot of a cluster
        self._script: Any = client.register_script(SCRIPT)
        self._errors = (RedisError, OSError)
        self._lock = threading.Lock()
        self._fails = False
        self._next_try = 0.0
        self._answered = 0  # how many are reported, or wait for it
        self._answers: deque[tuple[int, Observation]] = deque(maxlen=_MOST)
        self._begin()
        after_fork(self)

    def _begin(self) -> None:
        # After a question without a reply nobody knows whether it got a turn: the process goes on under another name.
        self._process, self._given = os.urandom(8).hex(), 0

    def _after_fork(self) -> None:
        self._lock = threading.Lock()  # a thread of the parent may have held the other
        self._answers.clear()
        self._begin()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._name!r} max_wait={self.max_wait:g}>"

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        """See `Limiter`."""
        now = self._clock()
        answer = read(response, now if reservation is None else reservation.at, now)
        with self._lock:
            self._report(answer)
            self._alone.learn(answer)

    def _report(self, answer: Observation) -> None:
        self._answered += 1
        self._answers.append((self._answered, answer))

    def _reachable(self) -> bool:
        """Whether to ask Redis. While it fails, one caller tries it now and then, and nobody else waits for it."""
        if not self._fails:
            return True
        with self._lock:
            now = self._clock()
            if now < self._next_try:
                return False
            self._next_try = now + RETRY
            return True

    def _question(self, reservation: Reservation | None) -> _Question:
        now = self._clock()
        asked = now if reservation is None else reservation.requested_at
        patience = asked + self.max_wait - now
        with self._lock:
            under_way, lost = self._alone.used_elsewhere()
            for _ in range(lost):
                self._report(Observation(now, now))
            text = json.dumps(
                {
                    "process": self._process,
                    "number": None if reservation is None else reservation.number,
                    "patience": min(patience, 1e9),  # JSON has no infinity
                    "given": self._given,
                    "ended": max(0, self._given - under_way),
                    "answers": [_told(number, answer, now) for number, answer in self._answers],
                    **self._policy,
                }
            )
            return _Question(text, asked, patience, self._answered, self._process)

    def _place(self, question: _Question, reply: list[int]) -> Reservation:
        """What the script's reply means."""
        wait, number = reply[0] / 1e6, reply[1]
        with self._lock:
            recovered, self._fails = self._fails, False
            while self._answers and self._answers[0][0] <= question.reported:
                self._answers.popleft()
            now = self._clock()
            if not wait:
                self._alone.take()
                self._given += question.process == self._process
        if recovered:
            _logger().info("the rate limiter reaches its Redis again")
        if wait > max(question.patience, 0.0):
            raise too_long(wait, self.max_wait)
        return Reservation(min(wait, POLL_INTERVAL), number, question.asked, now)

    def _failed(self, error: Exception) -> None:
        with self._lock:
            self._begin()
            first, self._fails = not self._fails, True
            self._next_try = self._clock() + RETRY
        if first:
            _logger().warning(
                "the rate limiter cannot use its Redis, and limits this process alone until it can: %s: %s",
                type(error).__name__,
                error,
            )


class RedisLimiter(_Redis):
    """Keeps what all processes send that share a Redis inside the limit, in the order of asking.

    While Redis fails each process limits itself alone, as `LocalLimiter` does, and logs one warning: requests do not
    stop because a limiter is down. Give the client a `socket_timeout`.

    Args:
        client: a `redis.Redis`; it stays yours to close.
        name: what its keys begin with; never the token. Tokens with limits of their own need names of their own.
        max_wait: the most seconds that a request waits for its turn; one that would wait longer is refused at once.
        quota: a policy to begin with, until an answer tells of another: so many requests ...
        window: ... in so many seconds.
        clock: seconds that never go back, for tests.

    Raises:
        ValueError: one of them cannot be right.
    """

    if TYPE_CHECKING:

        def __init__(
            self,
            client: redis.Redis,
            *,
            name: str = "realtimekit:limit",
            max_wait: float = MAX_WAIT,
            quota: int | None = None,
            window: float | None = None,
            clock: Callable[[], float] = time.monotonic,
        ) -> None: ...

    def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        if self._reachable():
            question = self._question(reservation)
            try:
                reply = self._script(self._keys, [question.text])
            except self._errors as error:
                self._failed(error)
            except BaseException:
                self._begin()
                raise
            else:
                return self._place(question, reply)
        return self._alone.reserve(reservation)


class AsyncRedisLimiter(_Redis):
    """As `RedisLimiter`, for a `redis.asyncio.Redis`, and so for one event loop."""

    if TYPE_CHECKING:

        def __init__(
            self,
            client: redis.asyncio.Redis,
            *,
            name: str = "realtimekit:limit",
            max_wait: float = MAX_WAIT,
            quota: int | None = None,
            window: float | None = None,
            clock: Callable[[], float] = time.monotonic,
        ) -> None: ...

    async def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        if self._reachable():
            question = self._question(reservation)
            try:
                reply = await self._script(self._keys, [question.text])
            except self._errors as error:
                self._failed(error)
            except BaseException:
                self._begin()
                raise
            else:
                return self._place(question, reply)
        return self._alone.reserve(reservation)


def _told(number: int, answer: Observation, now: float) -> dict[str, Any]:
    return {
        "number": number,
        "sent": answer.sent - now,
        "heard": answer.heard - now,
        "status": answer.status,
        "wait": answer.wait,
        "limits": [
            {name: value for name, value in limit._asdict().items() if value is not None} for limit in answer.limits
        ],
    }


def _logger() -> Any:
    import logging

    return logging.getLogger("realtimekit.limits")
