"""The interface of a connection for the drivers, in both modes. `websocket.py` and `in_process.py` implement it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple, Protocol, TypeAlias

from realtimekit.agent.steps import Closed, Refusal
from realtimekit.interfaces import Request
from realtimekit.settings import Secret

SUBPROTOCOL = "realtimekit.v1"


class Target(NamedTuple):
    """Where to connect, and as whom."""

    url: str
    token: Secret
    timeout: float  # seconds to open a connection

    def request(self, query: str = "") -> Request:
        """Return the request that opens a connection."""
        headers = {"authorization": Secret(f"Bearer {self.token}"), "sec-websocket-protocol": SUBPROTOCOL}
        return Request("GET", f"{self.url}?{query}" if query else self.url, headers, None, self.timeout)

    def __repr__(self) -> str:
        return f"<Target {self.url}>"


class Socket(Protocol):
    """An open connection. `close` may be called from any thread."""

    def receive(self, seconds: float, /) -> bytes | Closed | None:
        """Return the next frame, or how the connection was closed; None on timeout."""

    def send(self, text: str, /) -> None:
        """Send a frame, unless the connection is closed."""

    def close(self, code: int, reason: str, /) -> None:
        """Close the connection, and release what it holds. Without effect if it is closed."""


class AsyncSocket(Protocol):
    """As `Socket`, awaited."""

    async def receive(self, seconds: float, /) -> bytes | Closed | None: ...

    async def send(self, text: str, /) -> None: ...

    async def close(self, code: int, reason: str, /) -> None: ...


Opener: TypeAlias = Callable[[Mapping[str, str]], Socket | Refusal]
"""Opens a connection with this query. Raises APIConnectionError if there was no complete response."""

AsyncOpener: TypeAlias = Callable[[Mapping[str, str]], Awaitable[AsyncSocket | Refusal]]
"""As `Opener`, awaited."""
