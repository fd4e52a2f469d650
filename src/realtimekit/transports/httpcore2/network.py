"""The network layer under httpcore2, which makes every operation respect a deadline.

httpcore2 applies a timeout to each network operation separately, so a server that sends a byte now and then never times
out. But httpcore2 passes the timeouts of a request on to the network unchanged. A `Deadline` is such a timeout, a float
like any other, and the streams here read the remaining time from it.
"""

# ruff: noqa: ASYNC109 - the signatures are those of httpcore2

from __future__ import annotations

import socket
from time import monotonic
from typing import TYPE_CHECKING, Any, cast

import anyio
import httpcore2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable

# Bytes: a TLS record, and what a socket with space in its buffer accepts at once. Each chunk may take the time that
# remains when it starts, and httpcore2 would give that time to every part of a larger one.
WRITE_CHUNK_SIZE = 16 * 1024


class Deadline(float):
    """A timeout in seconds, and the time at which it ends, by `time.monotonic()`."""

    __slots__ = ("at",)
    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """Return a deadline so many seconds from now."""
        deadline = cls(seconds)
        deadline.at = monotonic() + seconds
        return deadline

    def remaining(self, error: type[httpcore2.TimeoutException]) -> float:
        """Return the remaining seconds.

        Raises:
            TimeoutException: none remain; `error` is its class.
        """
        seconds = self.at - monotonic()
        if seconds <= 0:
            raise error
        return seconds


def _remaining(timeout: float | None, error: type[httpcore2.TimeoutException]) -> float | None:
    return timeout.remaining(error) if isinstance(timeout, Deadline) else timeout


class DeadlineBackend(httpcore2.NetworkBackend):
    """Opens blocking connections that respect deadlines."""

    def __init__(self, backend: httpcore2.NetworkBackend | None = None) -> None:
        self._backend = backend or httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to one of the host's addresses. The deadline does not apply to the look-up of the addresses."""
        if not isinstance(timeout, Deadline):
            return DeadlineStream(self._backend.connect_tcp(host, port, timeout, local_address, socket_options))
        addresses = _resolve(host, port)
        while True:
            address, seconds = addresses.pop(0), timeout.remaining(httpcore2.ConnectTimeout)
            if addresses:  # httpcore2 would give all the time to each address; a dead one must leave some to the next
                seconds /= 2
            try:
                stream = self._backend.connect_tcp(address, port, seconds, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if not addresses:
                    raise
            else:
                return DeadlineStream(stream)


def _resolve(host: str, port: int) -> list[str]:
    try:
        return [str(address[0]) for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError as error:
        raise httpcore2.ConnectError(error) from error


class DeadlineStream(httpcore2.NetworkStream):
    """A blocking connection that respects deadlines."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _remaining(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), WRITE_CHUNK_SIZE):
            chunk = buffer[start : start + WRITE_CHUNK_SIZE]
            self._stream.write(chunk, _remaining(timeout, httpcore2.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            seconds = _remaining(timeout, httpcore2.ConnectTimeout)
        except httpcore2.ConnectTimeout:
            self.close()  # as httpcore2 does when the handshake fails
            raise
        self._stream = self._stream.start_tls(ssl_context, server_hostname, seconds)
        return self  # the same stream, so that `RecordingBackend` can close it

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class RecordingBackend(DeadlineBackend):
    """Records the streams that it opens, so that they can be closed."""

    def __init__(self) -> None:
        super().__init__()
        self.streams: list[httpcore2.NetworkStream] = []

    def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.NetworkStream:
        stream = super().connect_tcp(*args, **kwargs)
        self.streams.append(stream)
        return stream


class AsyncDeadlineBackend(httpcore2.AsyncNetworkBackend):
    """Opens async connections that respect deadlines."""

    def __init__(self, backend: httpcore2.AsyncNetworkBackend | None = None) -> None:
        self._backend = backend or cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        seconds = _remaining(timeout, httpcore2.ConnectTimeout)
        return AsyncDeadlineStream(await self._backend.connect_tcp(host, port, seconds, local_address, socket_options))


class AsyncDeadlineStream(httpcore2.AsyncNetworkStream):
    """An async connection that respects deadlines."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, _remaining(timeout, httpcore2.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, _remaining(timeout, httpcore2.WriteTimeout))

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            seconds = _remaining(timeout, httpcore2.ConnectTimeout)
            return AsyncDeadlineStream(await self._stream.start_tls(ssl_context, server_hostname, seconds))
        except BaseException:  # including the cancellation of the task
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def has_unread_bytes(connection: object) -> bool:
    """Return whether bytes have arrived after the last response, which would be taken for the next response.

    httpcore2 checks the socket, but not what was read from it together with the response.
    """
    while (inner := getattr(connection, "_connection", None)) is not None:
        connection = inner
    http: Any = getattr(connection, "_h11_state", None)
    return http is not None and bool(http.trailing_data[0])
