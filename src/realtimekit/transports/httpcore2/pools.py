"""The connection pools of a transport: one for each route, and for async transports several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import httpcore2

from realtimekit.transports.httpcore2.connection_pool import KEEPALIVE_EXPIRY, ConnectionPool
from realtimekit.transports.httpcore2.network import AsyncDeadlineBackend, has_unread_bytes
from realtimekit.transports.httpcore2.tls import ssl_context

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

    from realtimekit.transports.httpcore2.proxies import ProxySettings
    from realtimekit.transports.httpcore2.requests import Origin


class _AsyncConnection(httpcore2.AsyncHTTPConnection):
    """A direct connection that is not used again if bytes came after a response."""

    def has_expired(self) -> bool:
        """See `httpcore2.AsyncConnectionInterface`."""
        return super().has_expired() or has_unread_bytes(self)


class AsyncConnectionPool(httpcore2.AsyncConnectionPool):
    """Connections that respect deadlines, direct or through a proxy. For the tasks of one event loop."""

    MAX_CONNECTIONS: ClassVar[int] = 8  # see `AsyncPoolShards`

    def __init__(self, proxy: httpcore2.Proxy | None, context: ssl.SSLContext | None) -> None:
        self._options: dict[str, Any] = {
            "proxy": proxy,
            "ssl_context": context,
            "max_connections": self.MAX_CONNECTIONS,
            "keepalive_expiry": KEEPALIVE_EXPIRY,
        }
        super().__init__(network_backend=AsyncDeadlineBackend(), **self._options)

    def create_connection(self, origin: httpcore2.Origin) -> httpcore2.AsyncConnectionInterface:
        """See `httpcore2.AsyncConnectionPool`."""
        if self._options["proxy"] is None:
            return _AsyncConnection(
                origin, self._options["ssl_context"], KEEPALIVE_EXPIRY, network_backend=AsyncDeadlineBackend()
            )
        # The classes of proxied connections are private; a pool is the public way to create one. A pool for this
        # connection alone gives it its own network backend.
        from realtimekit.transports.httpcore2.proxied import (
            AsyncProxiedConnection,
            AsyncRecordingBackend,
        )  # loaded only for a proxy

        backend = AsyncRecordingBackend()
        factory = httpcore2.AsyncConnectionPool(network_backend=backend, **self._options)
        return AsyncProxiedConnection(factory.create_connection(origin), backend.streams)

    async def close_idle(self) -> None:
        """Close the connections that no request uses."""
        for connection in self.connections:
            if connection.is_idle():
                await connection.aclose()


Pool = TypeVar("Pool", ConnectionPool, AsyncConnectionPool)


class PoolsByRoute(Generic[Pool]):
    """One pool per scheme and proxy, created when it is first needed.

    Attributes:
        active_requests: how many requests use these pools or wait for one of their connections; kept by the transport.
    """

    def __init__(
        self, create_pool: Callable[[httpcore2.Proxy | None, ssl.SSLContext | None], Pool], proxies: ProxySettings
    ) -> None:
        self.active_requests = 0
        self._create_pool: Callable[[httpcore2.Proxy | None, ssl.SSLContext | None], Pool] = create_pool
        self._proxies = proxies
        self._pools: dict[tuple[str, httpcore2.Proxy | None], Pool] = {}

    def pool_for(self, origin: Origin) -> Pool:
        """Return the pool for requests to an origin.

        Raises:
            ConfigurationError: the proxy or the certificates that the environment names cannot be used.
        """
        route = origin.scheme, self._proxies.proxy_for(origin.scheme, origin.host, origin.port)
        return self._pools.get(route) or self._pools.setdefault(route, self._create(*route))  # of two threads, one wins

    def _create(self, scheme: str, proxy: httpcore2.Proxy | None) -> Pool:
        if proxy is not None and proxy.url.scheme == b"https":
            proxy = httpcore2.Proxy(proxy.url, auth=proxy.auth, ssl_context=ssl_context())
        return self._create_pool(proxy, ssl_context() if scheme == "https" else None)

    def __iter__(self) -> Iterator[Pool]:
        return iter(list(self._pools.values()))


class AsyncPoolShards:
    """Several small sets of pools instead of one large one.

    For every request httpcore2 checks each idle connection of its pool, with a system call each: with 100 connections
    in one pool, that costs more than everything else. An async program may well send 100 requests at once.
    """

    MAX_SHARDS: ClassVar[int] = 13

    def __init__(self, proxies: ProxySettings) -> None:
        self._proxies = proxies
        self._shards = [PoolsByRoute(AsyncConnectionPool, proxies)]

    def choose(self) -> PoolsByRoute[AsyncConnectionPool]:
        """Return the first shard with a free connection, so that few requests share few; else the least busy one."""
        for pools in self._shards:
            if pools.active_requests < AsyncConnectionPool.MAX_CONNECTIONS:
                return pools
        if len(self._shards) < self.MAX_SHARDS:
            self._shards.append(PoolsByRoute(AsyncConnectionPool, self._proxies))
            return self._shards[-1]
        return min(self._shards, key=lambda pools: pools.active_requests)

    def __iter__(self) -> Iterator[AsyncConnectionPool]:
        for pools in self._shards:
            yield from pools
