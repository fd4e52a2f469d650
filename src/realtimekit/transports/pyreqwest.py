"""The fast transport: pyreqwest, written in Rust; `pip install realtimekit[fast]`.

Two things differ from httpcore2: a URL that pyreqwest would rewrite is rejected, and entries of `NO_PROXY` with a port
(`host:8080`) are not supported.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from pyreqwest.client import ClientBuilder, SyncClientBuilder
from pyreqwest.exceptions import BuilderError, DetailedPyreqwestError, RequestTimeoutError
from pyreqwest.http import Url
from pyreqwest.proxy import ProxyBuilder
from pyreqwest.request import RequestBuilder, SyncRequestBuilder

from realtimekit.errors import APIConnectionError, ConfigurationError
from realtimekit.interfaces import MAX_RESPONSE_BYTES, Response, StreamedRequest
from realtimekit.transports.failures import failure, response_too_large, split_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyreqwest.bytes import Bytes
    from pyreqwest.client import Client, SyncClient
    from pyreqwest.http import HeaderMap
    from pyreqwest.request import StreamRequest, SyncStreamRequest
    from pyreqwest.response import BaseResponse, SyncResponse
    from pyreqwest.response import Response as PyreqwestResponse

    from realtimekit.interfaces import Request

Builder = TypeVar("Builder", ClientBuilder, SyncClientBuilder)
AnyClient = TypeVar("AnyClient")
AnyRequestBuilder = TypeVar("AnyRequestBuilder", RequestBuilder, SyncRequestBuilder)

# When a request times out, pyreqwest does not tell whether it was still connecting, so the server may have seen the
# request. A shorter timeout for connecting makes it certain that the server has not.
CONNECT_TIMEOUT = timedelta(seconds=10)
IDLE_TIMEOUT = timedelta(seconds=30)
MAX_STREAMING_CLIENTS = 4
READ_BUFFER_SIZE = 0  # bytes: anything that pyreqwest reads ahead is lost when the connection breaks

PROXIES = {"http_proxy": ProxyBuilder.http, "https_proxy": ProxyBuilder.https, "all_proxy": ProxyBuilder.all}
PROXY_SCHEMES = ("http://", "https://", "socks5://", "socks5h://")

# A URL that pyreqwest certainly sends unchanged: no dot segments, nothing to encode.
SAFE_URL = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?(/[\w-][\w.-]*)+(\?[\w=&.-]+)?", re.ASCII)

UNUSABLE_PROXY = "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"
FORKED = "pyreqwest does not work in a forked process: create a new client there, with transport='httpcore2'"
# ValueError: an invalid URL or header. Its message quotes the header, which may be the token.
ERRORS = (DetailedPyreqwestError, ValueError)


class PyreqwestTransport:
    """The blocking transport. Threads may share it."""

    def __init__(self) -> None:
        """Read the proxies and certificates from the environment.

        Raises:
            ConfigurationError: the certificates cannot be read.
        """
        self._process = os.getpid()
        self._has_unusable_proxy = _unusable_proxies()
        self._streaming: dict[float, SyncClient] = {}  # by the timeout of each read
        self._client = _build_client(lambda: _configure(SyncClientBuilder()).build())

    def send(self, request: Request, /) -> Response:
        """Send a request.

        Raises:
            APIConnectionError, APITimeoutError: there is no complete response, or the request cannot be sent.
            ConfigurationError: the proxy that the environment names cannot be used.
        """
        _validate(request, self._process)
        if self._has_unusable_proxy is not None and self._has_unusable_proxy(request.url):
            raise ConfigurationError(UNUSABLE_PROXY)
        try:
            if not isinstance(request, StreamedRequest):
                builder = _fill_in(self._client.request(request.method, request.url), request)
                with builder.build_streamed() as response:
                    return _to_response(request, response, response.body_reader.read(MAX_RESPONSE_BYTES + 1))
        except ERRORS as error:
            failed = _connection_error(request, error)
        else:
            return self._stream(request)
        raise failed

    def _stream(self, request: StreamedRequest) -> Response:
        started = False
        try:
            with self._build_stream(request) as response:
                started, head = True, _head(response)
                write = request.on_response(head)
                while (chunk := _read_chunk(request, response)) is not None and write(chunk):
                    pass
                return head
        except ERRORS as error:
            if started:  # raised by `on_response`, `write` or `_read_chunk`
                raise
            failed = _connection_error(request, error)
        raise failed

    def _build_stream(self, request: Request) -> SyncStreamRequest:
        client = self._streaming_client(request.timeout)
        return (
            client.request(request.method, request.url)
            .headers(request.headers)
            .streamed_read_buffer_limit(READ_BUFFER_SIZE)
            .build_streamed()
        )

    def _streaming_client(self, timeout: float) -> SyncClient:
        client = self._streaming.get(timeout)
        if client is None:
            client = _build_client(
                lambda: _configure(SyncClientBuilder()).read_timeout(timedelta(seconds=timeout)).build()
            )
            _cache_client(self._streaming, timeout, client)
        return client

    def close_idle(self) -> None:
        """Close the connections that no request uses; the others are closed after their responses."""
        self._client = _build_client(lambda: _configure(SyncClientBuilder()).build())
        self._streaming.clear()

    def close(self) -> None:
        """Close all connections."""
        for client in [self._client, *self._streaming.values()]:
            client.close()


class AsyncPyreqwestTransport:
    """The async transport. Tasks may share it."""

    def __init__(self) -> None:
        """Read the proxies and certificates from the environment.

        Raises:
            ConfigurationError: the certificates cannot be read.
        """
        _delay_exit()
        self._process = os.getpid()
        self._has_unusable_proxy = _unusable_proxies()
        self._streaming: dict[float, Client] = {}  # by the timeout of each read
        self._client = _build_client(lambda: _configure(ClientBuilder()).build())

    async def send(self, request: Request, /) -> Response:
        """Send a request.

        Raises:
            APIConnectionError, APITimeoutError: there is no complete response, or the request cannot be sent.
            ConfigurationError: the proxy that the environment names cannot be used.
        """
        _validate(request, self._process)
        if self._has_unusable_proxy is not None and self._has_unusable_proxy(request.url):
            raise ConfigurationError(UNUSABLE_PROXY)
        try:
            if not isinstance(request, StreamedRequest):
                builder = _fill_in(self._client.request(request.method, request.url), request)
                async with builder.build_streamed() as response:
                    return _to_response(request, response, await response.body_reader.read(MAX_RESPONSE_BYTES + 1))
        except ERRORS as error:
            failed = _connection_error(request, error)
        else:
            return await self._stream(request)
        raise failed

    async def _stream(self, request: StreamedRequest) -> Response:
        started = False
        try:
            async with self._build_stream(request) as response:
                started, head = True, _head(response)
                write = request.on_response(head)
                while (chunk := await _read_chunk_async(request, response)) is not None and write(chunk):
                    pass
                return head
        except ERRORS as error:
            if started:  # raised by `on_response`, `write` or `_read_chunk`
                raise
            failed = _connection_error(request, error)
        raise failed

    def _build_stream(self, request: Request) -> StreamRequest:
        client = self._streaming_client(request.timeout)
        return (
            client.request(request.method, request.url)
            .headers(request.headers)
            .streamed_read_buffer_limit(READ_BUFFER_SIZE)
            .build_streamed()
        )

    def _streaming_client(self, timeout: float) -> Client:
        client = self._streaming.get(timeout)
        if client is None:
            read_timeout = timedelta(seconds=timeout)
            client = _build_client(lambda: _configure(ClientBuilder()).read_timeout(read_timeout).build())
            _cache_client(self._streaming, timeout, client)
        return client

    async def close_idle(self) -> None:
        """Close the connections that no request uses; the others are closed after their responses."""
        self._client = _build_client(lambda: _configure(ClientBuilder()).build())
        self._streaming.clear()

    async def close(self) -> None:
        """Close all connections."""
        for client in [self._client, *self._streaming.values()]:
            await client.close()


@functools.cache
def _delay_exit() -> None:
    """Give pyreqwest's threads a moment when the program exits.

    A thread that has just delivered a response is still in Python code, and if the interpreter exits meanwhile, it
    aborts (0.15.1): on a busy machine, this happened to every tenth program that made one call.
    """
    atexit.register(time.sleep, 0.05)


def _cache_client(clients: dict[float, AnyClient], timeout: float, client: AnyClient) -> None:
    """Keep a client for the next download with this timeout.

    Only the last few are kept: a caller that computes timeouts from a deadline uses a different one each time.
    """
    clients[timeout] = client
    for oldest in list(clients)[:-MAX_STREAMING_CLIENTS]:
        clients.pop(oldest, None)  # its connections are closed after its last download


def _build_client(build: Callable[[], AnyClient]) -> AnyClient:
    error_to_raise: ConfigurationError | APIConnectionError
    try:
        return build()
    except (OSError, BuilderError) as error:
        error_to_raise = ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR")
        error_to_raise.__cause__ = _plain(error)
    except ValueError:  # the message may quote the proxy's password
        error_to_raise = ConfigurationError(UNUSABLE_PROXY)
    except RuntimeError as error:
        if "fork" not in str(error):
            raise
        error_to_raise = APIConnectionError(FORKED, maybe_processed=False)
    raise error_to_raise  # outside the `except`, so that neither that error nor its frames become its context


def _configure(client: Builder) -> Builder:
    client = client.follow_redirects(enable=False).connect_timeout(CONNECT_TIMEOUT).pool_idle_timeout(IDLE_TIMEOUT)
    # On Linux pyreqwest itself reads SSL_CERT_FILE and SSL_CERT_DIR; elsewhere it uses the system's store only.
    if certificates := os.environ.get("SSL_CERT_FILE"):
        client = client.add_root_certificate_pem(Path(certificates).read_bytes())
    return _add_proxies(client)


def _add_proxies(client: Builder) -> Builder:
    """Use the environment as `ProxySettings` does: lower case takes precedence, and `NO_PROXY=*` disables all."""
    environment = _proxy_environment()
    if not environment.keys() & PROXIES.keys():
        return client  # pyreqwest uses the proxies of the operating system
    client = client.no_proxy()
    no_proxy = [host.strip() for host in environment.get("no_proxy", "").split(",")]
    if "*" in no_proxy:
        return client
    for name, proxy in PROXIES.items():
        if url := _proxy_url(environment.get(name, "")):
            client = client.proxy(proxy(url).no_proxy(",".join(host.removeprefix("*") for host in no_proxy)))
    return client


def _proxy_environment() -> dict[str, str]:
    # Sorted, so that lowercase names win. In CGI programs (REQUEST_METHOD), a client can set HTTP_PROXY by a header.
    names = [name for name in sorted(os.environ) if name != "HTTP_PROXY" or "REQUEST_METHOD" not in os.environ]
    return {name.lower(): os.environ[name] for name in names}


def _proxy_url(address: str) -> str | None:
    """Return the URL of a proxy; None if there is none, or one that pyreqwest cannot use."""
    url = address if "://" in address else f"http://{address}"
    if url.startswith("socks://"):  # as GNOME sets it; the proxy looks names up, as with httpcore2
        url = f"socks5h{url.removeprefix('socks')}"
    if not address or not url.startswith(PROXY_SCHEMES):
        return None
    try:
        ProxyBuilder.all(url)
    except ValueError:
        return None
    return url


def _unusable_proxies() -> Callable[[str], bool] | None:
    """Return a predicate for URLs that need a proxy that pyreqwest cannot use; None if there is no such proxy.

    Such a proxy affects only the requests that would go through it.
    """
    environment = _proxy_environment()
    unusable = {address for name in PROXIES if (address := environment.get(name)) and _proxy_url(address) is None}
    if not unusable:
        return None
    from realtimekit.transports.httpcore2.proxies import ProxySettings

    settings = ProxySettings.from_environment()

    def is_unusable(url: str) -> bool:
        parts = Url(url)
        host, port = (parts.host_str or "").strip("[]"), parts.port_or_known_default or 0
        return settings.address_for(parts.scheme, host, port) in unusable

    return is_unusable


def _validate(request: Request, process: int) -> None:
    """Reject what pyreqwest would silently do differently.

    Raises:
        APIConnectionError: the request cannot be sent as it is.
    """
    if os.getpid() != process:  # it would hang forever, whatever the timeout
        raise _not_sent(request, FORKED)
    if SAFE_URL.fullmatch(request.url):
        return
    unchanged = _is_unchanged(request.url)
    if unchanged is None:
        raise failure(request, "", never_sent=True, malformed=True)
    if unchanged is False:
        host = split_url(request.url)[1]
        raise _not_sent(
            request, f"pyreqwest would rewrite this URL before sending it to {host}: use transport='httpcore2'"
        )


def _is_unchanged(url: str) -> bool | None:
    """Whether pyreqwest sends the URL unchanged; None: it is invalid. An error raised here would hold the URL."""
    try:
        return split_url(str(Url(url)))[2] == split_url(url)[2]
    except ValueError:
        return None


def _not_sent(request: Request, text: str) -> APIConnectionError:
    path = split_url(request.url)[2].partition("?")[0]
    return APIConnectionError(text, maybe_processed=False, method=request.method, path=path)


def _fill_in(builder: AnyRequestBuilder, request: Request) -> AnyRequestBuilder:
    builder = builder.headers(request.headers).timeout(timedelta(seconds=request.timeout))
    if request.content:
        builder = builder.body_bytes(request.content)
    elif request.method in {"POST", "PUT", "PATCH"}:
        builder = builder.header("Content-Length", "0")  # some servers require it
    return builder


def _to_response(request: Request, response: BaseResponse, body: Bytes | None) -> Response:
    if body and len(body) > MAX_RESPONSE_BYTES:
        raise response_too_large(request)
    return Response(response.status, _decode_headers(response.headers), body.to_bytes() if body else b"")


def _head(response: BaseResponse) -> Response:
    return Response(response.status, _decode_headers(response.headers), b"")


def _read_chunk(request: Request, response: SyncResponse) -> bytes | None:
    try:
        chunk = response.body_reader.read_chunk()
    except ERRORS as error:
        failed = _connection_error(request, error)
    else:
        return None if chunk is None else chunk.to_bytes()
    raise failed


async def _read_chunk_async(request: Request, response: PyreqwestResponse) -> bytes | None:
    try:
        chunk = await response.body_reader.read_chunk()
    except ERRORS as error:
        failed = _connection_error(request, error)
    else:
        return None if chunk is None else chunk.to_bytes()
    raise failed


def _decode_headers(headers: HeaderMap) -> dict[str, str]:
    try:
        values = headers.dict_multi_value()
    except ValueError:
        return _decode_one_by_one(headers)
    return {name: value if isinstance(value, str) else ", ".join(value) for name, value in values.items()}


def _decode_one_by_one(headers: HeaderMap) -> dict[str, str]:
    decoded: dict[str, str] = {}
    for name in headers:
        try:
            decoded[name] = ", ".join(headers.getall(name))
        except ValueError:  # not ASCII, which pyreqwest cannot return
            continue
    return decoded


def _connection_error(request: Request, error: Exception) -> APIConnectionError:
    """Return the error for the caller. Raise it outside the `except`: the original would become its context."""
    causes: list[str] = []
    if isinstance(error, DetailedPyreqwestError):
        causes = [cause["message"].partition(" for url ")[0] for cause in error.details["causes"] or []]
        error.args = (": ".join(causes) or error.message,)  # the message quoted the URL with its query
    # The class does not tell: ConnectError is also raised if a connection breaks while waiting for the response.
    malformed = isinstance(error, ValueError)
    never_sent = "client error (Connect)" in causes or malformed
    failed = failure(
        request,
        ": ".join(causes[2:]) if never_sent else (causes or [type(error).__name__])[-1],
        never_sent=never_sent,
        timed_out=isinstance(error, RequestTimeoutError),
        malformed=malformed,
    )
    if not malformed:  # that error quotes the header, which may be the token
        failed.__cause__ = _plain(error)
    return failed


def _plain(error: Exception) -> OSError:
    """Return the cause of an error as one of Python's own.

    Dask sends the causes of errors, too, and pyreqwest's cannot be unpickled: their `details` are missing then.
    """
    kind = TimeoutError if isinstance(error, RequestTimeoutError) else ConnectionError
    return kind(f"{type(error).__name__}: {error.args[0] if error.args else error}")
