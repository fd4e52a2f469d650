"""The fast transport: pyreqwest, written in Rust; `pip install realtimekit[fast]`.

It differs from httpcore2 in this: a URL that pyreqwest would rewrite is refused, and `NO_PROXY` knows no ports
(`host:8080`).
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
from realtimekit.transports.failures import failure, host_and_target, too_large, without_frames

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
Patient = TypeVar("Patient")
Outgoing = TypeVar("Outgoing", RequestBuilder, SyncRequestBuilder)

# When the time of a whole request is up, pyreqwest does not tell whether it was still connecting, so the server may
# have seen the request. Giving up earlier on a connection that does not come makes it certain that it has not.
CONNECT_TIMEOUT = timedelta(seconds=10)
IDLE_TIMEOUT = timedelta(seconds=30)
PATIENT = 4  # clients for downloads
READ_AHEAD = 0  # bytes: what pyreqwest has read ahead is lost when the connection breaks

PROXIES = {"http_proxy": ProxyBuilder.http, "https_proxy": ProxyBuilder.https, "all_proxy": ProxyBuilder.all}
PROXY_SCHEMES = ("http://", "https://", "socks5://", "socks5h://")

# A URL that it certainly leaves as it is: no dots that might be segments, nothing to encode.
PLAIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]+)?(/[\w-][\w.-]*)+(\?[\w=&.-]+)?", re.ASCII)

FORKED = "pyreqwest does not work in a forked process: make a new client there, with transport='httpcore2'"
# ValueError: a URL or a header that cannot be. What is said of it quotes the header, which may be the token.
FAILURES = (DetailedPyreqwestError, ValueError)


class PyreqwestTransport:
    """Blocking, and safe to share between threads."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` if the proxies or certificates named in the environment cannot be used."""
        self._process = os.getpid()
        self._streaming: dict[float, SyncClient] = {}  # by the seconds that each wait may take
        self._client = _built(lambda: _configured(SyncClientBuilder()).build())

    def send(self, request: Request, /) -> Response:
        """Send the request. Raise `APIConnectionError` or `APITimeoutError`."""
        _check(request, self._process)
        try:
            if not isinstance(request, StreamedRequest):
                outgoing = _filled(self._client.request(request.method, request.url), request)
                with outgoing.build_streamed() as response:
                    return _whole(request, response, response.body_reader.read(MAX_RESPONSE_BYTES + 1))
        except FAILURES as error:
            failed = _failure(request, error)
        else:
            return self._stream(request)
        raise failed

    def _stream(self, request: StreamedRequest) -> Response:
        entered = False
        try:
            with self._begun(request) as response:
                entered, head = True, _head(response)
                write = request.on_response(head)
                while (piece := _piece(request, response)) is not None and write(piece):
                    pass
                return head
        except FAILURES as error:
            if entered:  # comes from `receive` or `write`
                raise
            failed = _failure(request, error)
        raise failed

    def _begun(self, request: Request) -> SyncStreamRequest:
        client = self._patient(request.timeout)
        return (
            client.request(request.method, request.url)
            .headers(request.headers)
            .streamed_read_buffer_limit(READ_AHEAD)
            .build_streamed()
        )

    def _patient(self, timeout: float) -> SyncClient:
        client = self._streaming.get(timeout)
        if client is None:
            client = _built(lambda: _configured(SyncClientBuilder()).read_timeout(timedelta(seconds=timeout)).build())
            _keep(self._streaming, timeout, client)
        return client

    def close(self) -> None:
        """Close all connections."""
        for client in [self._client, *self._streaming.values()]:
            client.close()


class AsyncPyreqwestTransport:
    """Awaiting, and safe to share between tasks."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` if the proxies or certificates named in the environment cannot be used."""
        _leave_in_peace()
        self._process = os.getpid()
        self._streaming: dict[float, Client] = {}  # by the seconds that each wait may take
        self._client = _built(lambda: _configured(ClientBuilder()).build())

    async def send(self, request: Request, /) -> Response:
        """Send the request. Raise `APIConnectionError` or `APITimeoutError`."""
        _check(request, self._process)
        try:
            if not isinstance(request, StreamedRequest):
                outgoing = _filled(self._client.request(request.method, request.url), request)
                async with outgoing.build_streamed() as response:
                    return _whole(request, response, await response.body_reader.read(MAX_RESPONSE_BYTES + 1))
        except FAILURES as error:
            failed = _failure(request, error)
        else:
            return await self._stream(request)
        raise failed

    async def _stream(self, request: StreamedRequest) -> Response:
        entered = False
        try:
            async with self._begun(request) as response:
                entered, head = True, _head(response)
                write = request.on_response(head)
                while (piece := await _piece_async(request, response)) is not None and write(piece):
                    pass
                return head
        except FAILURES as error:
            if entered:  # comes from `receive` or `write`
                raise
            failed = _failure(request, error)
        raise failed

    def _begun(self, request: Request) -> StreamRequest:
        client = self._patient(request.timeout)
        return (
            client.request(request.method, request.url)
            .headers(request.headers)
            .streamed_read_buffer_limit(READ_AHEAD)
            .build_streamed()
        )

    def _patient(self, timeout: float) -> Client:
        client = self._streaming.get(timeout)
        if client is None:
            client = _built(lambda: _configured(ClientBuilder()).read_timeout(timedelta(seconds=timeout)).build())
            _keep(self._streaming, timeout, client)
        return client

    async def close(self) -> None:
        """Close all connections."""
        for client in [self._client, *self._streaming.values()]:
            await client.close()


@functools.cache
def _leave_in_peace() -> None:
    """Give pyreqwest's threads a moment at the end of the program.

    One that has just handed over an answer is still within Python; where the interpreter ends meanwhile, it aborts
    (0.15.1): every tenth program did that made one call, on a busy machine.
    """
    atexit.register(time.sleep, 0.05)


def _keep(clients: dict[float, Patient], timeout: float, client: Patient) -> None:
    """For the next download. Who computes timeouts from a deadline has another for each: only the last few stay."""
    clients[timeout] = client
    for oldest in list(clients)[:-PATIENT]:
        clients.pop(oldest, None)  # closes its connections when the last download is done with it


def _built(build: Callable[[], Patient]) -> Patient:
    problem: ConfigurationError | APIConnectionError
    try:
        return build()
    except (OSError, BuilderError) as error:
        problem = ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR")
        problem.__cause__ = without_frames(error)
    except ValueError:  # the message may quote the proxy's password
        problem = ConfigurationError("cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY")
    except RuntimeError as error:
        if "fork" not in str(error):
            raise
        problem = APIConnectionError(FORKED, maybe_processed=False)
    raise problem  # out here, where no frame below and no other error is told with it


def _configured(client: Builder) -> Builder:
    client = client.follow_redirects(enable=False).connect_timeout(CONNECT_TIMEOUT).pool_idle_timeout(IDLE_TIMEOUT)
    # On Linux pyreqwest itself obeys SSL_CERT_FILE and SSL_CERT_DIR; elsewhere it knows the system's store only.
    if certificates := os.environ.get("SSL_CERT_FILE"):
        client = client.add_root_certificate_pem(Path(certificates).read_bytes())
    return _with_proxies(client)


def _with_proxies(client: Builder) -> Builder:
    """Obey the environment as `proxies.py` does: lower case wins, and `NO_PROXY=*` turns all proxies off."""
    # Sorted, lower case comes last. Under CGI (REQUEST_METHOD), HTTP_PROXY is a header that anyone can send.
    names = [name for name in sorted(os.environ) if name != "HTTP_PROXY" or "REQUEST_METHOD" not in os.environ]
    environment = {name.lower(): os.environ[name] for name in names}
    if not environment.keys() & PROXIES.keys():
        return client  # the operating system's proxies
    client = client.no_proxy()
    bypassed = [host.strip() for host in environment.get("no_proxy", "").split(",")]
    if "*" in bypassed:
        return client
    for name, proxy in PROXIES.items():
        if address := environment.get(name):
            url = address if "://" in address else f"http://{address}"
            if not url.startswith(PROXY_SCHEMES):  # pyreqwest would do without the proxy
                raise ValueError(name)
            client = client.proxy(proxy(url).no_proxy(",".join(host.removeprefix("*") for host in bypassed)))
    return client


def _check(request: Request, process: int) -> None:
    """Refuse what pyreqwest would not do as asked, and not say so."""
    if os.getpid() != process:  # it would hang for ever, whatever the timeout
        raise _refused(request, FORKED)
    if PLAIN.fullmatch(request.url):
        return
    as_sent = _as_sent(request.url)
    if as_sent is None:
        raise failure(request, "", never_sent=True, malformed=True)
    if as_sent is False:
        host = host_and_target(request.url)[0]
        raise _refused(
            request, f"pyreqwest would rewrite this URL before sending it to {host}: use transport='httpcore2'"
        )


def _as_sent(url: str) -> bool | None:
    """Whether pyreqwest sends the URL as it is; None if it is none. It raises nothing: the frame would hold the URL."""
    try:
        return host_and_target(str(Url(url)))[1] == host_and_target(url)[1]
    except ValueError:
        return None


def _refused(request: Request, text: str) -> APIConnectionError:
    path = host_and_target(request.url)[1].partition("?")[0]
    return APIConnectionError(text, maybe_processed=False, method=request.method, path=path)


def _filled(outgoing: Outgoing, request: Request) -> Outgoing:
    outgoing = outgoing.headers(request.headers).timeout(timedelta(seconds=request.timeout))
    if request.content:
        outgoing = outgoing.body_bytes(request.content)
    elif request.method in {"POST", "PUT", "PATCH"}:
        outgoing = outgoing.header("Content-Length", "0")  # some servers insist
    return outgoing


def _whole(request: Request, response: BaseResponse, body: Bytes | None) -> Response:
    if body and len(body) > MAX_RESPONSE_BYTES:
        raise too_large(request)
    return Response(response.status, _joined(response.headers), body.to_bytes() if body else b"")


def _head(response: BaseResponse) -> Response:
    return Response(response.status, _joined(response.headers), b"")


def _piece(request: Request, response: SyncResponse) -> bytes | None:
    try:
        piece = response.body_reader.read_chunk()
    except FAILURES as error:
        failed = _failure(request, error)
    else:
        return None if piece is None else piece.to_bytes()
    raise failed


async def _piece_async(request: Request, response: PyreqwestResponse) -> bytes | None:
    try:
        piece = await response.body_reader.read_chunk()
    except FAILURES as error:
        failed = _failure(request, error)
    else:
        return None if piece is None else piece.to_bytes()
    raise failed


def _joined(headers: HeaderMap) -> dict[str, str]:
    try:
        found = headers.dict_multi_value()
    except ValueError:
        return _joined_one_by_one(headers)
    return {name: value if isinstance(value, str) else ", ".join(value) for name, value in found.items()}


def _joined_one_by_one(headers: HeaderMap) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name in headers:
        try:
            joined[name] = ", ".join(headers.getall(name))
        except ValueError:  # bytes that are not ASCII, which pyreqwest does not give
            continue
    return joined


def _failure(request: Request, error: Exception) -> APIConnectionError:
    """What the caller is told. It is to be raised outside the `except`, whose error would be its context."""
    causes: list[str] = []
    if isinstance(error, DetailedPyreqwestError):
        causes = [cause["message"].partition(" for url ")[0] for cause in error.details["causes"] or []]
        error.args = (": ".join(causes) or error.message,)  # it quoted the URL, with its query
    # The exceptions do not tell: ConnectError is also raised when a connection breaks while waiting for the answer.
    malformed = isinstance(error, ValueError)
    never_sent = "client error (Connect)" in causes or malformed
    failed = failure(
        request,
        ": ".join(causes[2:]) if never_sent else (causes or [type(error).__name__])[-1],
        never_sent=never_sent,
        timed_out=isinstance(error, RequestTimeoutError),
        malformed=malformed,
    )
    if not malformed:  # that one quotes the header, which may be the token
        failed.__cause__ = without_frames(error)
    return failed
