"""The default transport: httpcore2, the layer under httpx2, pure Python, installed with this package."""

from __future__ import annotations

import functools
import logging
import os
import re
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar, cast
from urllib.parse import urlsplit

import httpcore2

from realtimekit.errors import ConfigurationError
from realtimekit.interfaces import MAX_RESPONSE_BYTES, Response, StreamedRequest
from realtimekit.transports.compression import Decompression, GarbledError
from realtimekit.transports.failures import failure, host_and_target, too_large, without_frames
from realtimekit.transports.network import AsyncBackend, Backend, Deadline, giving_back
from realtimekit.transports.proxies import Proxies

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable, Generator, Iterable

    from realtimekit.errors import APIConnectionError
    from realtimekit.interfaces import Request

Pool = TypeVar("Pool", httpcore2.ConnectionPool, httpcore2.AsyncConnectionPool)

CONNECTIONS = 100
IDLE = 30.0  # seconds until a connection that nobody needs is closed

# For each request httpcore2 looks at every idle connection of its pool, with a system call each: 100 in one pool cost
# more than all the rest. So the async transport, which may well have 100 at once, has several small pools.
SMALL = 8  # connections
POOLS = 13

LONGEST_REASON = 200  # characters: a proxy says what it likes

NEVER_SENT = (
    httpcore2.LocalProtocolError,
    httpcore2.ConnectError,
    httpcore2.ConnectTimeout,
    httpcore2.PoolTimeout,
    httpcore2.ProxyError,
)
BROKEN = (httpcore2.ProtocolError, httpcore2.NetworkError, httpcore2.TimeoutException, OSError)
SENDING = (httpcore2.ProxyError, *BROKEN)
READING = (GarbledError, *BROKEN)


def _discreet(record: logging.LogRecord) -> bool:
    """At DEBUG httpcore2 logs the password for a SOCKS proxy and where an answer leads to, signatures and all."""
    record.msg, record.args = _SECRETS.sub("...", record.getMessage()), ()
    return True


_SECRETS = re.compile(r"(?<=auth=)\(.*?\)|(?<=\?)[^'\"\s]+")
for _name in ("http11", "proxy", "socks"):
    logging.getLogger(f"httpcore2.{_name}").addFilter(_discreet)


class Httpcore2Transport:
    """Blocking, and safe to share between threads."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` if a proxy named in the environment cannot be used."""
        self._pools = _Pools(httpcore2.ConnectionPool, CONNECTIONS, Backend(), _proxies())

    def send(self, request: Request, /) -> Response:
        """Send the request.

        Raises:
            APIConnectionError, APITimeoutError: no complete answer arrived.
            ConfigurationError: the certificates named in the environment cannot be read.
        """
        origin, outgoing = _prepared(request)
        try:
            answer = self._pools.pool_for(origin).handle_request(outgoing)
        except SENDING as error:
            failed = _failure(request, error)
        else:
            return _received(request, answer)
        raise failed

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools:
            pool.close()


def _received(request: Request, answer: httpcore2.Response) -> Response:
    try:
        head = _head(answer)
        pieces = _pieces(request, answer, head)
        if not isinstance(request, StreamedRequest):
            body = bytearray()
            for piece in pieces:
                _add(body, piece, request)
            return head._replace(content=bytes(body))
        write = request.on_response(head)
        for piece in pieces:
            if not write(piece):
                break
    finally:
        answer.close()
    return head


class AsyncHttpcore2Transport:
    """Awaiting, and safe to share between the tasks of one event loop."""

    def __init__(self) -> None:
        """Raise `ConfigurationError` if a proxy named in the environment cannot be used."""
        self._new = partial(_Pools, httpcore2.AsyncConnectionPool, SMALL, AsyncBackend(), _proxies())
        self._pools = [self._new()]

    async def send(self, request: Request, /) -> Response:
        """As `Httpcore2Transport.send`."""
        with self._roomy() as pools:
            return await self._send(pools, request)

    def _roomy(self) -> _Pools[httpcore2.AsyncConnectionPool]:
        """The first with room, so that few requests share few connections; new ones; else the least busy."""
        for pools in self._pools:
            if pools.busy < SMALL:
                return pools
        if len(self._pools) < POOLS:
            self._pools.append(self._new())
            return self._pools[-1]
        return min(self._pools, key=lambda pools: pools.busy)

    async def _send(self, pools: _Pools[httpcore2.AsyncConnectionPool], request: Request) -> Response:
        origin, outgoing = _prepared(request)
        try:
            answer = await pools.pool_for(origin).handle_async_request(outgoing)
        except SENDING as error:
            failed = _failure(request, error)
        else:
            return await _received_async(request, answer)
        raise failed

    async def close(self) -> None:
        """Close all connections."""
        for pools in self._pools:
            for pool in pools:
                await pool.aclose()


async def _received_async(request: Request, answer: httpcore2.Response) -> Response:
    try:
        head = _head(answer)
        async with aclosing(_pieces_async(request, answer, head)) as pieces:
            if not isinstance(request, StreamedRequest):
                body = bytearray()
                async for piece in pieces:
                    _add(body, piece, request)
                return head._replace(content=bytes(body))
            write = request.on_response(head)
            async for piece in pieces:
                if not write(piece):
                    break
    finally:
        await answer.aclose()
    return head


class _Pools(Generic[Pool]):
    """A pool for each proxy and one without, for http and for https; and how many requests want them now."""

    def __init__(self, kind: Callable[..., Pool], connections: int, backend: object, proxies: Proxies) -> None:
        self.busy = 0
        self._proxies = proxies
        self._new: Callable[..., Pool] = partial(
            kind, max_connections=connections, keepalive_expiry=IDLE, network_backend=backend
        )
        self._pools: dict[tuple[str, httpcore2.Proxy | None], Pool] = {}

    def pool_for(self, origin: _Origin) -> Pool:
        """Raise `ConfigurationError` if it is to trust what cannot be read."""
        way = origin.scheme, self._proxies.proxy_for(origin.scheme, origin.host, origin.port)
        return self._pools.get(way) or self._pools.setdefault(way, self._made(*way))  # of many threads, one wins

    def _made(self, scheme: str, proxy: httpcore2.Proxy | None) -> Pool:
        if proxy is not None and proxy.url.scheme == b"https":
            proxy.ssl_context = _context()
        pool = self._new(proxy=proxy, ssl_context=_context() if scheme == "https" else None)
        if proxy is not None:
            giving_back(pool)
        return pool

    def __iter__(self) -> Generator[Pool]:
        yield from list(self._pools.values())

    def __enter__(self) -> Self:
        self.busy += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.busy -= 1


def _proxies() -> Proxies:
    # Raised out here: the frames below hold the proxy's password, and the error there may quote it.
    try:
        return Proxies()
    except (ValueError, ImportError):
        pass
    raise ConfigurationError(
        "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY (socks5:// needs `pip install socksio`)"
    )


def _context() -> ssl.SSLContext:
    """What decides whom to trust: read once for all transports (it takes 20 ms, and each event loop has its own)."""
    file, folders = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")  # the file alone, if both are named
    try:
        return _read_context(file, folders, Path(file).stat().st_mtime_ns if file else None)
    except OSError as error:
        raise ConfigurationError("cannot read the trusted CAs: check SSL_CERT_FILE and SSL_CERT_DIR") from error


@functools.lru_cache(maxsize=4)
def _read_context(*_: object) -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


class _Origin(NamedTuple):
    scheme: str
    host: str  # in lower case, of IPv6 without brackets
    port: int  # also where the URL names none
    url_port: int | None  # None: the usual one
    header: bytes  # what `Host` says


LONGEST_NAME = 253  # characters (RFC 1035, 2.3.4)
PORTS = {"http": 80, "https": 443}


@functools.lru_cache(maxsize=64)
def _origin(scheme: str, authority: str) -> _Origin:
    """Raise `ValueError` if a URL with these cannot be."""
    parts = urlsplit(f"{scheme}://{authority}")
    host = (parts.hostname or "").encode("idna").decode()
    if parts.scheme not in PORTS or not 0 < len(host) <= LONGEST_NAME or not authority.isprintable():
        raise ValueError
    usual = PORTS[parts.scheme]
    port = None if parts.port == usual else parts.port
    header = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
    return _Origin(parts.scheme, host, usual if port is None else port, port, header.encode())


_DEFAULTS = {b"accept-encoding": b"gzip", b"user-agent": f"python-httpcore2/{httpcore2.__version__}".encode()}


def _prepared(request: Request) -> tuple[_Origin, httpcore2.Request]:
    """What httpcore2 is to send, and whereto. Raise `APIConnectionError` if that cannot be."""
    outgoing = _outgoing(request)
    if outgoing is None:
        raise failure(request, "", never_sent=True, malformed=True)
    return outgoing


def _outgoing(request: Request) -> tuple[_Origin, httpcore2.Request] | None:
    """As `_prepared`, but None if that cannot be: an error raised here would have the token in its frame."""
    authority, target = host_and_target(request.url)
    try:
        origin = _origin(request.url.partition("://")[0], authority)
        headers = {b"host": origin.header, **_DEFAULTS}
        for name, value in request.headers.items():
            headers[name.lower().encode("ascii")] = value.encode("ascii")
        url = httpcore2.URL(scheme=origin.scheme, host=origin.host, port=origin.url_port, target=target.encode("ascii"))
    except ValueError:
        return None
    if request.content or request.method in {"POST", "PUT", "PATCH"}:
        headers[b"content-length"] = b"%d" % len(request.content or b"")
    # A file may take its time: each wait for more of it is timed.
    timeout = request.timeout if isinstance(request, StreamedRequest) else Deadline.after(request.timeout)
    return origin, httpcore2.Request(
        request.method,
        url,
        headers=list(headers.items()),
        content=request.content,
        extensions={"timeout": dict.fromkeys(("connect", "read", "write", "pool"), timeout)},
    )


def _head(answer: httpcore2.Response) -> Response:
    headers: dict[str, str] = {}
    for raw_name, raw_value in answer.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if not value.isascii():
            value = _text(raw_value)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Response(answer.status, headers, b"")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _add(body: bytearray, piece: bytes, request: Request) -> None:
    body += piece
    if len(body) > MAX_RESPONSE_BYTES:
        raise too_large(request)


def _pieces(request: Request, answer: httpcore2.Response, head: Response) -> Generator[bytes]:
    decompression = Decompression(head.headers.get("content-encoding", ""))
    try:
        for arrived in cast("Iterable[bytes]", answer.stream):
            yield from decompression.pieces(arrived)
        decompression.end()
    except READING as error:
        failed = _failure(request, error, sent=True)
    else:
        return
    raise failed


async def _pieces_async(request: Request, answer: httpcore2.Response, head: Response) -> AsyncGenerator[bytes]:
    decompression = Decompression(head.headers.get("content-encoding", ""))
    try:
        async with aclosing(answer.aiter_stream()) as stream:
            async for arrived in stream:
                for piece in decompression.pieces(arrived):
                    yield piece
        decompression.end()
    except READING as error:
        failed = _failure(request, error, sent=True)
    else:
        return
    raise failed


def _failure(request: Request, error: Exception, *, sent: bool = False) -> APIConnectionError:
    """What the caller is told. It is to be raised outside the `except`, whose error would be its context."""
    never_sent = isinstance(error, NEVER_SENT) and not sent
    malformed = isinstance(error, httpcore2.LocalProtocolError) and not sent
    failed = failure(
        request,
        str(error)[:LONGEST_REASON] if never_sent or isinstance(error, GarbledError) else type(error).__name__,
        never_sent=never_sent,
        timed_out=isinstance(error, httpcore2.TimeoutException),
        malformed=malformed,
    )
    if not malformed:  # that one quotes the header, which may be the token
        failed.__cause__ = without_frames(error)
    return failed
