"""The default transport: httpcore2, the layer under httpx2, in pure Python and installed with this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.transports.httpcore2 import log_filter
from realtimekit.transports.httpcore2.connection_pool import ConnectionPool
from realtimekit.transports.httpcore2.errors import SEND_ERRORS, connection_error
from realtimekit.transports.httpcore2.pools import AsyncPoolShards, PoolsByRoute
from realtimekit.transports.httpcore2.proxies import ProxySettings
from realtimekit.transports.httpcore2.requests import encode_request
from realtimekit.transports.httpcore2.responses import read_response, read_response_async

if TYPE_CHECKING:
    from realtimekit.interfaces import Request, Response
    from realtimekit.transports.httpcore2.pools import AsyncConnectionPool

log_filter.install()


class Httpcore2Transport:
    """The blocking transport. Threads may share it."""

    def __init__(self, *, proxies: bool = True) -> None:
        """Read the proxies from the environment, or use none."""
        settings = ProxySettings.from_environment() if proxies else ProxySettings({})
        self._pools = PoolsByRoute(ConnectionPool, settings)

    def send(self, request: Request, /) -> Response:
        """Send a request.

        Raises:
            APIConnectionError, APITimeoutError: there is no complete response.
            ConfigurationError: the proxy or the certificates that the environment names cannot be used.
        """
        origin, encoded = encode_request(request)
        pool, connection = self._pools.pool_for(origin), None
        try:
            try:
                connection = pool.acquire(origin, encoded)
                response = connection.handle_request(encoded)
            except SEND_ERRORS as error:
                failed = connection_error(request, error)
            else:
                found = read_response(request, response)
                pool.release(connection)
                connection = None
                return found
        finally:
            if connection is not None:  # httpcore2 may consider it idle although the call was interrupted
                pool.discard(connection)
        raise failed

    def close_idle(self) -> None:
        """Close the connections that no request uses."""
        for pool in self._pools:
            pool.close_idle()

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            pool.close()


class AsyncHttpcore2Transport:
    """The async transport. The tasks of one event loop may share it."""

    def __init__(self) -> None:
        """Read the proxies from the environment."""
        self._shards = AsyncPoolShards(ProxySettings.from_environment())

    async def send(self, request: Request, /) -> Response:
        """As `Httpcore2Transport.send`."""
        pools = self._shards.choose()
        pools.active_requests += 1
        try:
            return await self._send(pools, request)
        finally:
            pools.active_requests -= 1

    async def _send(self, pools: PoolsByRoute[AsyncConnectionPool], request: Request) -> Response:
        origin, encoded = encode_request(request)
        pool = pools.pool_for(origin)
        try:
            response = await pool.handle_async_request(encoded)
        except SEND_ERRORS as error:
            failed = connection_error(request, error)
        else:
            return await read_response_async(request, response)
        raise failed

    async def close_idle(self) -> None:
        """Close the connections that no request uses."""
        for pool in self._shards:
            await pool.close_idle()

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._shards:
            await pool.aclose()
