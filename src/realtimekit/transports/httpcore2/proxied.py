"""Async connections through a proxy that are closed when they fail.

If TLS fails inside a tunnel, httpcore2 (2.16) keeps counting the tunnel as in use: after some failures, no request
would get a connection any more. If a SOCKS proxy refuses, httpcore2 loses the open connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import httpcore2

from realtimekit.transports.httpcore2.errors import raise_proxy_error
from realtimekit.transports.httpcore2.network import AsyncDeadlineBackend, has_unread_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence


class AsyncRecordingBackend(AsyncDeadlineBackend):
    """Records the streams that it opens, so that they can be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[httpcore2.AsyncNetworkStream] = []

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        stream = await super().connect_tcp(*args, **kwargs)
        self.streams.append(stream)
        return stream


class AsyncProxiedConnection(httpcore2.AsyncConnectionInterface):
    """A connection that is closed when it fails, and not used again if bytes came after a response."""

    def __init__(
        self, connection: httpcore2.AsyncConnectionInterface, streams: Sequence[httpcore2.AsyncNetworkStream]
    ) -> None:
        self._connection = connection
        self._streams = streams

    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        try:
            return await self._connection.handle_async_request(request)
        except httpcore2.ConnectionNotAvailable:  # another request uses it
            raise
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self.aclose()
                for stream in self._streams:
                    await stream.aclose()
            raise_proxy_error(error)
            raise

    async def aclose(self) -> None:
        await self._connection.aclose()

    # --- what the pool needs from a connection ----------------------------------------------------------------------

    def can_handle_request(self, origin: httpcore2.Origin) -> bool:
        return self._connection.can_handle_request(origin)

    def is_connected(self) -> bool:
        return self._connection.is_connected()

    def is_available(self) -> bool:
        return self._connection.is_available()

    def has_expired(self) -> bool:
        return self._connection.has_expired() or has_unread_bytes(self._connection)

    def is_idle(self) -> bool:
        return self._connection.is_idle()

    def is_closed(self) -> bool:
        return self._connection.is_closed()

    def can_multiplex(self) -> bool:
        return self._connection.can_multiplex()

    def info(self) -> str:
        return self._connection.info()
