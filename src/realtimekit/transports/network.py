"""Under httpcore2: connections that mind a deadline, and tunnels that are given back.

httpcore2 knows timeouts for each wait alone, and a server that sends a byte now and then is never late for any of them.
But it hands the timeouts of a request down to the network as they are. A `Deadline` is one of them, a float like the
others, and the streams here read from it how much time is left.
"""

from __future__ import annotations

import socket
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

# Bytes: what TLS sends at once, and a socket that has room takes at once. A piece has the time that is left when it
# begins, and the library would give that much to each part of a larger one.
PIECE = 16 * 1024


class Deadline(float):
    """Seconds, and when they are over by `time.monotonic()`."""

    __slots__ = ("at",)
    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """So many seconds from now."""
        deadline = cls(seconds)
        deadline.at = monotonic() + seconds
        return deadline

    def left(self, late: type[httpcore2.TimeoutException]) -> float:
        """The seconds that are left now. Raise this kind of error if there are none."""
        seconds = self.at - monotonic()
        if seconds <= 0:
            raise late
        return seconds


def giving_back(pool: Any) -> None:
    """Have the pool close each connection through a proxy that fails.

    Where TLS fails within a tunnel, httpcore2 (2.16) goes on counting the tunnel as in use: some failures later, no
    call would get a connection any more. Where a SOCKS proxy refuses, it forgets the open connection.
    """
    pool.create_connection = partial(_created, pool.create_connection)


def _created(create: Callable[[httpcore2.Origin], Any], origin: httpcore2.Origin) -> Any:
    connection = create(origin)
    opened: list[Any] = []
    if isinstance(backend := getattr(connection, "_network_backend", None), Backend | AsyncBackend):
        connection._network_backend = backend.telling(opened)
    if hasattr(connection, "handle_async_request"):
        connection.handle_async_request = partial(_answer_async, connection, connection.handle_async_request, opened)
    else:
        connection.handle_request = partial(_answer, connection, connection.handle_request, opened)
    return connection


def _answer(connection: Any, handle: Callable[[Any], Any], opened: list[Any], request: httpcore2.Request) -> Any:
    try:
        return handle(request)
    except httpcore2.ConnectionNotAvailable:  # another request has it
        raise
    except BaseException as error:
        for each in (connection, *opened):
            each.close()
        _explain(error)
        raise


async def _answer_async(
    connection: Any, handle: Callable[[Any], Any], opened: list[Any], request: httpcore2.Request
) -> Any:
    try:
        return await handle(request)
    except httpcore2.ConnectionNotAvailable:
        raise
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            for each in (connection, *opened):
                await each.aclose()
        _explain(error)
        raise


def _explain(error: BaseException) -> None:
    """Tell what a SOCKS proxy says wrongly as httpcore2 tells the rest of proxies: it lets socksio's errors through."""
    if type(error).__module__.startswith("socksio"):
        raise httpcore2.ProxyError("the proxy does not answer as SOCKS5 does") from error


def _left(timeout: float | None, late: type[httpcore2.TimeoutException]) -> float | None:
    return timeout.left(late) if isinstance(timeout, Deadline) else timeout


class Backend(httpcore2.NetworkBackend):
    """What blocking connections are made with."""

    def __init__(self, backend: httpcore2.NetworkBackend | None = None, opened: list[Any] | None = None) -> None:
        self._backend = backend or httpcore2.SyncBackend()
        self._opened = opened

    def telling(self, opened: list[Any]) -> Backend:
        """The same, which adds to the list what it opens."""
        return Backend(self._backend, opened)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to one of the host's addresses. Only looking these up takes the time that the system gives itself."""
        if not isinstance(timeout, Deadline):
            return self._told(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))
        addresses = _addresses(host, port)
        while True:
            address, seconds = addresses.pop(0), timeout.left(httpcore2.ConnectTimeout)
            if addresses:  # the library would give all the time to each; so the first that is dead leaves some
                seconds /= 2
            try:
                return self._told(self._backend.connect_tcp(address, port, seconds, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not addresses:
                    raise

    def _told(self, connected: httpcore2.NetworkStream) -> Stream:
        stream = Stream(connected)
        if self._opened is not None:
            self._opened.append(stream)
        return stream


def _addresses(host: str, port: int) -> list[str]:
    try:
        return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise httpcore2.ConnectError(error) from error


class Stream(httpcore2.NetworkStream):
    """A blocking connection."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], _left(timeout, httpcore2.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            seconds = _left(timeout, httpcore2.ConnectTimeout)
        except httpcore2.ConnectTimeout:
            self.close()  # as the library does when the handshake fails
            raise
        return Stream(self._stream.start_tls(ssl_context, server_hostname, seconds))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class AsyncBackend(httpcore2.AsyncNetworkBackend):
    """What awaiting connections are made with."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend | None = None, opened: list[Any] | None = None) -> None:
        self._backend = backend or cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())
        self._opened = opened

    def telling(self, opened: list[Any]) -> AsyncBackend:
        """The same, which adds to the list what it opens."""
        return AsyncBackend(self._backend, opened)

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        seconds = _left(timeout, httpcore2.ConnectTimeout)
        stream = AsyncStream(await self._backend.connect_tcp(host, port, seconds, local_address, socket_options))
        if self._opened is not None:
            self._opened.append(stream)
        return stream


class AsyncStream(httpcore2.AsyncNetworkStream):
    """An awaiting connection."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, _left(timeout, httpcore2.WriteTimeout))

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            seconds = _left(timeout, httpcore2.ConnectTimeout)
            return AsyncStream(await self._stream.start_tls(ssl_context, server_hostname, seconds))
        except BaseException:  # also where the task is cancelled
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
