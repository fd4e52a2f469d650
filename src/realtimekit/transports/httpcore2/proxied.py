"""Connections through a proxy that are closed when they fail.

If TLS fails inside a tunnel, httpcore2 (2.16) keeps counting the tunnel as in use: after some failures, no request
would get a connection any more. If a SOCKS proxy refuses, httpcore2 forgets the open connection.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import anyio
import httpcore2

from realtimekit.transports.httpcore2.network import AsyncDeadlineBackend, DeadlineBackend

if TYPE_CHECKING:
    from collections.abc import Sequence

Connection = TypeVar("Connection", httpcore2.ConnectionInterface, httpcore2.AsyncConnectionInterface)


class RecordingBackend(DeadlineBackend):
    """Records the streams that it opens, so that they can be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[httpcore2.NetworkStream] = []

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        stream = super().connect_tcp(*args, **kwargs)
        self.streams.append(stream)
        return stream


class AsyncRecordingBackend(AsyncDeadlineBackend):
    """As `RecordingBackend`, async."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[httpcore2.AsyncNetworkStream] = []

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        stream = await super().connect_tcp(*args, **kwargs)
        self.streams.append(stream)
        return stream


class _ConnectionState(Generic[Connection]):
    """Passes on what the pool asks about a connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection = connection

    def can_handle_request(self, origin: httpcore2.Origin) -> bool:
        return self._connection.can_handle_request(origin)

    def is_connected(self) -> bool:
        return self._connection.is_connected()

    def is_available(self) -> bool:
        return self._connection.is_available()

    def has_expired(self) -> bool:
        return self._connection.has_expired()

    def is_idle(self) -> bool:
        return self._connection.is_idle()

    def is_closed(self) -> bool:
        return self._connection.is_closed()

    def can_multiplex(self) -> bool:
        return self._connection.can_multiplex()

    def info(self) -> str:
        return self._connection.info()


class ProxiedConnection(_ConnectionState[httpcore2.ConnectionInterface], httpcore2.ConnectionInterface):
    """A connection through a proxy that is closed when it fails."""

    def __init__(self, connection: httpcore2.ConnectionInterface, streams: Sequence[httpcore2.NetworkStream]) -> None:
        super().__init__(connection)
        self._streams = streams

    def handle_request(self, request: httpcore2.Request) -> httpcore2.Response:
        try:
            return self._connection.handle_request(request)
        except httpcore2.ConnectionNotAvailable:  # another request uses it
            raise
        except BaseException as error:
            self.close()
            for stream in self._streams:
                stream.close()
            _raise_proxy_error(error)
            raise

    def close(self) -> None:
        self._connection.close()


class AsyncProxiedConnection(_ConnectionState[httpcore2.AsyncConnectionInterface], httpcore2.AsyncConnectionInterface):
    """As `ProxiedConnection`, async."""

    def __init__(
        self, connection: httpcore2.AsyncConnectionInterface, streams: Sequence[httpcore2.AsyncNetworkStream]
    ) -> None:
        super().__init__(connection)
        self._streams = streams

    async def handle_async_request(self, request: httpcore2.Request) -> httpcore2.Response:
        try:
            return await self._connection.handle_async_request(request)
        except httpcore2.ConnectionNotAvailable:
            raise
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self.aclose()
                for stream in self._streams:
                    await stream.aclose()
            _raise_proxy_error(error)
            raise

    async def aclose(self) -> None:
        await self._connection.aclose()


def _raise_proxy_error(error: BaseException) -> None:
    """Turn errors of socksio, which httpcore2 does not handle, into its own error for proxies."""
    if type(error).__module__.startswith("socksio"):
        raise httpcore2.ProxyError("the proxy does not speak SOCKS5") from error
