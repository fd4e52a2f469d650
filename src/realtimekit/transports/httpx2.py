"""The default transport: httpx2, pure Python, installed with this package."""

from __future__ import annotations

from contextlib import aclosing, closing
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, TypeVar

import httpx2

from realtimekit.errors import ConfigurationError
from realtimekit.flow import Response
from realtimekit.transports import Streamed
from realtimekit.transports.failures import failure, host_and_target

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from realtimekit.errors import APIConnectionError
    from realtimekit.flow import Request

Client = TypeVar("Client", httpx2.Client, httpx2.AsyncClient)

LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=100, keepalive_expiry=30.0)  # seconds

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
        self._client = _new(httpx2.Client)

    def send(self, request: Request, /) -> Response:
        """Send the request. Raise `APIConnectionError` or `APITimeoutError`."""
        try:
            if not isinstance(request, Streamed):
                return _response(self._client.send(_outgoing(self._client, request)))
            response = self._client.send(_outgoing(self._client, request), stream=True)
        except FAILURES as error:
            raise _failure(request, error) from (None if isinstance(error, MALFORMED) else error)
        with closing(response), closing(_pieces(request, response)) as pieces:
            head = _head(response)
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
        self._client = _new(httpx2.AsyncClient)

    async def send(self, request: Request, /) -> Response:
        """Send the request. Raise `APIConnectionError` or `APITimeoutError`."""
        try:
            if not isinstance(request, Streamed):
                return _response(await self._client.send(_outgoing(self._client, request)))
            response = await self._client.send(_outgoing(self._client, request), stream=True)
        except FAILURES as error:
            raise _failure(request, error) from (None if isinstance(error, MALFORMED) else error)
        try:
            head = _head(response)
            write = request.receive(head)
            async with aclosing(_pieces_async(request, response)) as pieces:
                async for piece in pieces:
                    if not write(piece):
                        break
        finally:
            await response.aclose()
        return head

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _new(kind: type[Client]) -> Client:
    try:
        # One context: httpx2 would read all certificates again for each proxy.
        client = kind(verify=httpx2.create_ssl_context(), limits=LIMITS)
    except OSError as error:
        raise ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR") from error
    except (ValueError, ImportError, httpx2.InvalidURL):
        # Not chained: the message may quote the proxy's password.
        raise ConfigurationError(
            "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY (socks5:// needs `pip install socksio`)"
        ) from None
    client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # keep none
    return client


def _outgoing(client: httpx2.Client | httpx2.AsyncClient, request: Request) -> httpx2.Request:
    return client.build_request(
        request.method,
        request.url.partition("?")[0],  # httpx2 logs it, and a query may be the signature of a link
        headers=request.headers,
        content=request.content,
        timeout=request.timeout,
        # What is sent: whole, and as it is (httpx2 would normalise the URL).
        extensions={"target": host_and_target(request.url)[1].encode("ascii")},
    )


def _response(response: httpx2.Response) -> Response:
    return Response(response.status_code, dict(response.headers.items()), response.content)


def _head(response: httpx2.Response) -> Response:
    return Response(response.status_code, dict(response.headers.items()), b"")


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
