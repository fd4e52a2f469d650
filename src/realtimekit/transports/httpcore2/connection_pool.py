"""A pool of blocking connections that survives an exception at any point.

A signal handler may raise between any two instructions of the main thread: Ctrl-C in a notebook, the soft time limit of
a task queue. httpcore2's own pool may then keep its lock, and every other thread waits forever. So this pool has no
lock, only operations that are atomic in C, and a connection belongs to one request. A connection that is
garbage-collected with its request closes its socket and returns its permit.
"""

from __future__ import annotations

import queue
import weakref
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar

import httpcore2

from realtimekit.transports.httpcore2.errors import raise_proxy_error
from realtimekit.transports.httpcore2.network import RecordingBackend, has_unread_bytes

if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

    from realtimekit.transports.httpcore2.requests import EncodedRequest, Origin

KEEPALIVE_EXPIRY = 30.0  # seconds until an idle connection is closed


class _Permit:
    """Permission to use a connection. When it is garbage-collected, the pool gets a new one."""

    __slots__ = ("_permits",)

    def __init__(self, permits: queue.SimpleQueue[_Permit]) -> None:
        self._permits = weakref.ref(permits)

    def __del__(self) -> None:
        if (permits := self._permits()) is not None:
            permits.put(_Permit(permits))


class PooledConnection:
    """A connection to an origin, direct or through a proxy. When it is garbage-collected, its socket is closed."""

    __slots__ = ("_connection", "_streams", "idle_since", "origin", "permit")

    def __init__(
        self, origin: Origin, connection: httpcore2.ConnectionInterface, streams: Sequence[httpcore2.NetworkStream]
    ) -> None:
        self.origin: Origin = origin
        self.permit: _Permit | None = None  # while a request uses the connection
        self.idle_since: float = 0.0
        self._connection = connection
        self._streams = streams

    def handle_request(self, request: httpcore2.Request) -> httpcore2.Response:
        """Send a request and return the head of its response.

        Raises:
            httpcore2's exceptions, OSError: there is no response.
        """
        try:
            return self._connection.handle_request(request)
        except Exception as error:
            raise_proxy_error(error)
            raise

    def is_reusable(self) -> bool:
        """Return whether the last response was read to its end, and no bytes came after it."""
        return self._connection.is_available() and not has_unread_bytes(self._connection)

    def has_expired(self) -> bool:
        """Return whether the connection was idle for too long, or the server has sent something or closed it."""
        return self._connection.has_expired()

    def close(self) -> None:
        """Close the socket."""
        for stream in self._streams:
            stream.close()

    __del__ = close


class ConnectionPool:
    """Connections that respect deadlines, direct or through a proxy. Threads may share it.

    The connections are httpcore2's; the beginning of this module says why its pool is not used.
    """

    MAX_CONNECTIONS: ClassVar[int] = 100  # in use at the same time

    def __init__(self, proxy: httpcore2.Proxy | None, context: ssl.SSLContext | None) -> None:
        self._options: dict[str, Any] = {
            "proxy": proxy,
            "ssl_context": context,
            "keepalive_expiry": KEEPALIVE_EXPIRY,
        }
        self._closed = False
        self._idle: list[PooledConnection] = []  # the most recently used one is last
        self._permits: queue.SimpleQueue[_Permit] = queue.SimpleQueue()
        for _ in range(self.MAX_CONNECTIONS):
            self._permits.put(_Permit(self._permits))

    @property
    def connections(self) -> list[PooledConnection]:
        """The open connections that no request uses."""
        return self._idle.copy()

    def acquire(self, origin: Origin, request: EncodedRequest) -> PooledConnection:
        """Return a connection for a request, to be released after its response, or discarded without one.

        Raises:
            httpcore2.PoolTimeout: all connections are in use, and none became free within the timeout of the request.
        """
        try:
            permit = self._permits.get(timeout=request.timeout)
        except queue.Empty:
            raise httpcore2.PoolTimeout from None
        connection = self._take_idle(origin) or self._create(origin)
        connection.permit = permit
        return connection

    def release(self, connection: PooledConnection) -> None:
        """Keep a connection for the next request if it can be used again, else close it."""
        if connection.is_reusable():
            now = connection.idle_since = monotonic()
            permit, connection.permit = connection.permit, None
            self._idle.append(connection)
            if permit is not None:
                self._permits.put(permit)
            self._close_expired(now)
        else:
            self.discard(connection)

    def discard(self, connection: PooledConnection) -> None:
        """Close a connection whose request has failed."""
        connection.close()
        permit, connection.permit = connection.permit, None
        if permit is not None:
            self._permits.put(permit)

    def _take_idle(self, origin: Origin) -> PooledConnection | None:
        for connection in reversed(self._idle.copy()):
            if connection.origin == origin and self._remove(connection):
                if not connection.has_expired():
                    return connection
                connection.close()
        return None

    def _close_expired(self, now: float) -> None:
        for connection in self._idle.copy():
            if connection.idle_since + KEEPALIVE_EXPIRY > now and not self._closed:
                break  # the others were used more recently
            if self._remove(connection):
                connection.close()

    def _remove(self, connection: PooledConnection) -> bool:
        """Remove an idle connection; return False if another thread was faster."""
        try:
            self._idle.remove(connection)
        except ValueError:
            return False
        return True

    def _create(self, origin: Origin) -> PooledConnection:
        # Most connection classes are private; a pool is the public way to create a connection.
        backend = RecordingBackend()
        factory = httpcore2.ConnectionPool(network_backend=backend, **self._options)
        return PooledConnection(origin, factory.create_connection(origin.encoded), backend.streams)

    def close_idle(self) -> None:
        """Close the connections that no request uses."""
        for connection in self._idle.copy():
            if self._remove(connection):
                connection.close()

    def close(self) -> None:
        """Close all connections; those in use are closed after their responses."""
        self._closed = True
        self.close_idle()
