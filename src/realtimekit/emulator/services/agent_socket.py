"""The connection of an agent without the network: what is to be sent, and what becomes of what was received.

`server` puts a WebSocket around it; in the same process it is used as it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAX_QUEUED = 10_000  # events that were not sent yet, of one agent
MAX_REPEATED = 100  # events that were sent, which a fault can have sent again
NORMAL = 1000
ABNORMAL = 1006  # the connection was lost: there is no frame that says so


class Close(NamedTuple):
    """How a connection ends: the code and the reason of a WebSocket's close frame."""

    code: int
    reason: str = ""


class SocketClosedError(Exception):
    """The connection of an agent has been closed, by either side.

    Attributes:
        close: with which code and reason.
    """

    def __init__(self, close: Close) -> None:
        super().__init__(f"closed with {close.code} {close.reason}".rstrip())
        self.close = close


class AgentQueue:
    """The events that are still to be sent to one agent, whichever connection it has.

    Attributes:
        close: how its connection is closed when all have been sent; None while the agent is in the session.
    """

    def __init__(self) -> None:
        self.events: deque[str] = deque()
        self.sent: deque[str] = deque(maxlen=MAX_REPEATED)
        self.close: Close | None = None
        self.socket: AgentSocket | None = None

    def repeat(self, count: int) -> None:
        """Queue the last of the events that were sent once more."""
        for _ in range(min(count, len(self.sent))):
            self.events.appendleft(self.sent.pop())

    def wake(self) -> None:
        if self.socket is not None:
            self.socket.wake()


class Owner(Protocol):
    """Who decides what happens on a connection. The lock of the world is held."""

    def fault(self, socket: AgentSocket) -> Close | None:
        """Return how the connection is closed instead of sending the next frame, or None if it is sent."""

    def handle_frame(self, socket: AgentSocket, message: str | bytes) -> str:
        """Return the result frame for a frame of the agent."""
        raise NotImplementedError

    def disconnected(self, socket: AgentSocket, close: Close, *, by_agent: bool) -> None:
        """Take note that the connection has ended."""


class AgentSocket:
    """One connection of an agent, as its client sees it. All methods may be called from any thread or event loop.

    Args:
        owner: who decides what happens on it.
        lock: of the world.
        agent_id: the id of the connection, as `connection.get` returns it. A resumed one keeps it.
        queue: the agent's, which outlives its connections.
    """

    def __init__(self, owner: Owner, lock: threading.RLock, agent_id: str, queue: AgentQueue) -> None:
        self.agent_id = agent_id
        self.closed: Close | None = None  # once it has ended
        self._owner = owner
        self._queue = queue
        self._results: deque[str] = deque()  # of requests; they belong to this connection alone
        self._closing: Close | None = None  # at once, whatever is queued
        self._may_be_sent = False  # the next frame: no fault prevents it
        self._in_flight: tuple[deque[str], str] | None = None
        self._changed = threading.Condition(lock)
        self._wakers: list[Callable[[], object]] = []

    # --- the agent's end ---------------------------------------------------------------------------------------------

    def receive(self, timeout: float | None = None) -> str:
        """Wait for the next frame.

        Args:
            timeout: in seconds; None waits forever.

        Raises:
            SocketClosedError: the connection has ended.
            TimeoutError: there was none.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while (frame := self._taken()) is None:
                seconds = None if deadline is None else deadline - time.monotonic()
                if seconds is not None and seconds <= 0:
                    raise TimeoutError("no frame arrived in time")
                self._changed.wait(seconds)
            return frame

    async def receive_async(self) -> str:
        """Wait for the next frame. May be canceled: the frame then stays the next one.

        Raises:
            SocketClosedError: the connection has ended.
        """
        return await self._until(self._taken)

    def send(self, message: str | bytes) -> None:
        """Send a frame.

        Raises:
            SocketClosedError: the connection has ended.
        """
        with self._changed:
            if self.closed is not None:
                raise SocketClosedError(self.closed)
            self._results.append(self._owner.handle_frame(self, message))
            self.wake()

    def close(self, code: int = NORMAL, reason: str = "") -> None:
        """Close it. With 1000 the agent leaves at once; otherwise, and with 1006 (lost), it can resume."""
        self.end(Close(code, reason), by_agent=True)

    # --- the platform's end ------------------------------------------------------------------------------------------

    def close_now(self, close: Close) -> None:
        """Close it before anything else is sent."""
        self._closing = self._closing or close
        self.wake()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._changed.notify_all()
        for waker in self._wakers:
            waker()

    async def next(self) -> str | Close:
        """Wait until there is something to send, and return it: a frame, or how the connection is closed.

        It stays the next one until `sent` is called.
        """
        return await self._until(self._next)

    async def closing(self) -> Close:
        """Wait until it must be closed at once, even if a frame is being sent."""
        return await self._until(lambda: self._closing)

    def sent(self) -> None:
        """Take note that the frame which `next` returned has been sent."""
        with self._changed:
            self._may_be_sent = False
            if self._in_flight is None:
                return
            source, frame = self._in_flight
            self._in_flight = None
            if source and source[0] is frame:  # otherwise another connection has sent it, or it was dropped
                source.popleft()
                if source is self._queue.events:
                    self._queue.sent.append(frame)

    def end(self, close: Close, *, by_agent: bool) -> None:
        """Take note that the connection has ended, and how."""
        with self._changed:
            if self.closed is None:
                self.closed = close
                self._owner.disconnected(self, close, by_agent=by_agent)
                self.wake()

    def _next(self) -> str | Close | None:
        if self.closed is not None:
            return self.closed
        if self._closing is not None:
            return self._closing
        source = self._results or self._queue.events
        if not source:
            return self._queue.close
        if not self._may_be_sent:
            self._closing = self._owner.fault(self)
            if self._closing is not None:
                return self._closing
            self._may_be_sent = True
        self._in_flight = (source, source[0])
        return source[0]

    def _taken(self) -> str | None:
        item = self._next()
        if isinstance(item, Close):
            self.end(item, by_agent=False)
            raise SocketClosedError(self.closed or item)
        if item is not None:
            self.sent()
        return item

    async def _until(self, look: Callable[[], T | None]) -> T:
        """Wait until `look` finds something, and return that."""
        loop = asyncio.get_running_loop()
        while True:
            woken = asyncio.Event()
            waker = partial(_call_in, loop, woken.set)
            with self._changed:
                if (found := look()) is not None:
                    return found
                self._wakers.append(waker)
            try:
                await woken.wait()
            finally:
                with self._changed:
                    self._wakers.remove(waker)


def _call_in(loop: asyncio.AbstractEventLoop, callback: Callable[[], object]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
        loop.call_soon_threadsafe(callback)
