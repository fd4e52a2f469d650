"""The default transport: httpx2, pure Python, installed with this package."""

from __future__ import annotations

import functools
from contextlib import aclosing, closing
from typing import TYPE_CHECKING, TypeVar

import httpx2

from realtimekit.errors import ConfigurationError
from realtimekit.flow import Response
from realtimekit.transports import LARGEST_ANSWER, Streamed
from realtimekit.transports.failures import failure, host_and_target, too_large
from realtimekit.transports.network import Deadline, adapt

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Generator

    from realtimekit.errors import APIConnectionError
    from realtimekit.flow import Request

Client = TypeVar("Client", httpx2.Client, httpx2.AsyncClient)

LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=30.0)  # seconds

# For each request httpcore2 looks at every idle connection of its pool, with a system call each: 100 in one pool cost
# more than all the rest. So the async transport, which may well have 100 at once, has several small pools.
POOL = 8  # connections
POOLS = 13
SMALL = httpx2.Limits(max_connections=POOL, max_keepalive_connections=POOL, keepalive_expiry=30.0)

# A header or a host name that cannot be. What is said of it quotes the header, which may be the token.
MALFORMED = (httpx2.LocalProtocolError, UnicodeError)
NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
    UnicodeError,
)
FAILURES = (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError, OSError)


class Httpx2Transport:
    """Blocking, and safe to share between threads."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` if the proxies or certificates named in the environment cannot be used."""
        self._client = _new(httpx2.Client, _context(), LIMITS)

    def send(self, request: Request, /) -> Response:
        """Send the request. Raise `APIConnectionError` or `APITimeoutError`."""
        try:
            response = _begun(self._client, request)
        except FAILURES as error:
            raise _failure(request, error) from (None if isinstance(error, MALFORMED) else error)
        with closing(response), closing(_pieces(request, response)) as pieces:
            head = _head(response)
            if not isinstance(request, Streamed):
                body = bytearray()
                for piece in pieces:
                    _add(body, piece, request)
                return head._replace(content=bytes(body))
            write = request.receive(head)
            for piece in pieces:
                if not write(piece):
                    break
        return head

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class AsyncHttpx2Transport:
    """Awaiting, and safe to share between the tasks of one event loop."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` if the proxies or certificates named in the environment cannot be used."""
        self._pools = [_Pool(_context())]

    async def send(self, request: Request, /) -> Response:
        """Send the request. Raise `APIConnectionError` or `APITimeoutError`."""
        with self._pool() as client:
            return await self._send(client, request)

    def _pool(self) -> _Pool:
        """The first pool with room, so that few requests share few connections; a new one; else the least busy."""
        for pool in self._pools:
            if pool.busy < POOL:
                return pool
        if len(self._pools) < POOLS:
            self._pools.append(_Pool(self._pools[0].context))
            return self._pools[-1]
        return min(self._pools, key=lambda pool: pool.busy)

    async def _send(self, client: httpx2.AsyncClient, request: Request) -> Response:
        try:
            response = await _begun_async(client, request)
        except FAILURES as error:
            raise _failure(request, error) from (None if isinstance(error, MALFORMED) else error)
        try:
            head = _head(response)
            async with aclosing(_pieces_async(request, response)) as pieces:
                if not isinstance(request, Streamed):
                    body = bytearray()
                    async for piece in pieces:
                        _add(body, piece, request)
                    return head._replace(content=bytes(body))
                write = request.receive(head)
                async for piece in pieces:
                    if not write(piece):
                        break
        finally:
            await response.aclose()
        return head

    async def close(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            await pool.client.aclose()


class _Pool:
    """A few connections, and how many requests want one of them now."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context, self.client, self.busy = context, _new(httpx2.AsyncClient, context, SMALL), 0

    def __enter__(self) -> httpx2.AsyncClient:
        self.busy += 1
        return self.client

    def __exit__(self, *_: object) -> None:
        self.busy -= 1


def _context() -> ssl.SSLContext:
    # One for all: httpx2 would read all certificates again for each proxy.
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        raise ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR") from error


def _new(kind: type[Client], context: ssl.SSLContext, limits: httpx2.Limits) -> Client:
    try:
        client = kind(verify=context, limits=limits)
    except (ValueError, ImportError, httpx2.InvalidURL):
        # Not chained: the message may quote the proxy's password.
        raise ConfigurationError(
            "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY (socks5:// needs `pip install socksio`)"
        ) from None
    adapt(client)
    return client


def _begun(client: httpx2.Client, request: Request) -> httpx2.Response:
    # Past the client's own `send`: there are no cookies to keep, no redirects to follow and nothing to log here.
    outgoing = _outgoing(request)
    return client._transport_for_url(outgoing.url).handle_request(outgoing)


async def _begun_async(client: httpx2.AsyncClient, request: Request) -> httpx2.Response:
    outgoing = _outgoing(request)
    return await client._transport_for_url(outgoing.url).handle_async_request(outgoing)


def _outgoing(request: Request) -> httpx2.Request:
    host, target = host_and_target(request.url)
    return httpx2.Request(
        request.method,
        # Where it leads, alone: httpx2 logs it, and a query may be the signature of a link. Parsing the whole of it for
        # each request (and `build_request`, which merges what is to be merged) would be a quarter of a call.
        _origin(f"{request.url.partition('://')[0]}://{host}"),
        headers={**_DEFAULTS, **request.headers},
        content=request.content,
        extensions={
            # What is sent: whole, and as it is (httpx2 would normalise the URL).
            "target": target.encode("ascii"),
            "timeout": _timeouts(request),
        },
    )


_DEFAULTS = {"accept-encoding": "gzip, deflate", "user-agent": f"python-httpx2/{httpx2.__version__}"}


@functools.lru_cache(maxsize=64)
def _origin(url: str) -> httpx2.URL:
    return httpx2.URL(url)


def _timeouts(request: Request) -> dict[str, float]:
    # A file may take its time: each wait for more of it is timed.
    timeout = request.timeout if isinstance(request, Streamed) else Deadline.after(request.timeout)
    return dict.fromkeys(("connect", "read", "write", "pool"), timeout)


def _head(response: httpx2.Response) -> Response:
    return Response(response.status_code, dict(response.headers.items()), b"")


def _add(body: bytearray, piece: bytes, request: Request) -> None:
    body += piece
    if len(body) > LARGEST_ANSWER:
        raise too_large(request)


def _pieces(request: Request, response: httpx2.Response) -> Generator[bytes]:
    try:
        yield from response.iter_bytes()
    except FAILURES as error:
        raise _failure(request, error) from error


async def _pieces_async(request: Request, response: httpx2.Response) -> AsyncGenerator[bytes]:
    try:
        async with aclosing(response.aiter_bytes()) as pieces:
            async for piece in pieces:
                yield piece
    except FAILURES as error:
        raise _failure(request, error) from error


def _failure(request: Request, error: Exception) -> APIConnectionError:
    never_sent = isinstance(error, NEVER_SENT)
    return failure(
        request,
        str(error) if never_sent else type(error).__name__,
        never_sent=never_sent,
        timed_out=isinstance(error, httpx2.TimeoutException),
        malformed=isinstance(error, MALFORMED),
    )
