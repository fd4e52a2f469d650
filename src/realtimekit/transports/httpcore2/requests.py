"""Requests as httpcore2 sends them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import httpcore2

from realtimekit.interfaces import StreamedRequest
from realtimekit.transports.failures import failure, split_url
from realtimekit.transports.httpcore2.network import Deadline

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Iterator

    from realtimekit.interfaces import Request

_MAX_HOST_LENGTH = 253  # characters (RFC 1035, 2.3.4)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_DEFAULT_HEADERS = {
    b"accept-encoding": b"gzip",
    b"user-agent": f"python-httpcore2/{httpcore2.__version__}".encode(),
}
_METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}


class Origin(NamedTuple):
    """Where a URL leads: the parsed form, and the encoded form that every request to it needs."""

    scheme: str
    host: str  # in lower case; an IPv6 address without brackets
    port: int  # also if the URL does not contain one
    url_port: int | None  # None: the default
    host_header: bytes
    encoded: httpcore2.Origin


@functools.lru_cache(maxsize=64)
def _parse_origin(scheme: str, authority: str) -> Origin:
    """Parse the beginning of a URL.

    Raises:
        ValueError: it is not valid.
    """
    parts = urlsplit(f"{scheme}://{authority}")
    host = (parts.hostname or "").encode("idna").decode()
    if parts.scheme not in _DEFAULT_PORTS or not 0 < len(host) <= _MAX_HOST_LENGTH or not authority.isprintable():
        raise ValueError
    default_port = _DEFAULT_PORTS[parts.scheme]
    url_port = None if parts.port == default_port else parts.port
    port = default_port if url_port is None else url_port
    header = (f"[{host}]" if ":" in host else host) + ("" if url_port is None else f":{url_port}")
    encoded = httpcore2.Origin(parts.scheme.encode(), host.encode(), port)
    return Origin(parts.scheme, host, port, url_port, header.encode(), encoded)


class EncodedURL(httpcore2.URL):
    """A URL that is already parsed and encoded. httpcore2 asks for the origin of a URL several times per request."""

    def __init__(self, origin: Origin, target: bytes) -> None:
        self.scheme: bytes = origin.encoded.scheme
        self.host: bytes = origin.encoded.host
        self.port: int | None = origin.url_port
        self.target: bytes = target
        self._origin = origin.encoded

    @property
    def origin(self) -> httpcore2.Origin:
        return self._origin


class _Body:
    """The body of a request, for both modes. Without content it has no chunk: h11 would process an empty one, too."""

    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        for chunk in self._chunks:
            yield chunk


_EMPTY_BODY = _Body()


class EncodedRequest(httpcore2.Request):
    """A request whose parts are already encoded, which httpcore2 would check one by one."""

    def __init__(
        self,
        method: bytes,
        url: EncodedURL,
        headers: list[tuple[bytes, bytes]],
        content: bytes | None,
        timeout: float,
    ) -> None:
        self.timeout: float = timeout
        self.method: bytes = method
        self.url: httpcore2.URL = url
        self.headers: list[tuple[bytes, bytes]] = headers
        self.stream: Iterable[bytes] | AsyncIterable[bytes] = _Body(content) if content else _EMPTY_BODY
        self.extensions: dict[str, Any] = {
            "timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}
        }


def encode_request(request: Request) -> tuple[Origin, EncodedRequest]:
    """Return what httpcore2 should send, and where to.

    Raises:
        APIConnectionError: the request is malformed.
    """
    encoded = _encode(request)
    if encoded is None:
        raise failure(request, "", never_sent=True, malformed=True)
    return encoded


def _encode(request: Request) -> tuple[Origin, EncodedRequest] | None:
    """As `encode_request`, but None for a malformed request: the frame of an error here would hold the token."""
    scheme, authority, target = split_url(request.url)
    content = request.content
    try:
        origin = _parse_origin(scheme, authority)
        headers = {b"host": origin.host_header, **_DEFAULT_HEADERS}
        for name, value in request.headers.items():
            headers[name.lower().encode("ascii")] = value.encode("ascii")
        method, url = request.method.encode("ascii"), EncodedURL(origin, target.encode("ascii"))
    except ValueError:
        return None
    if content or request.method in _METHODS_WITH_BODY:
        headers[b"content-length"] = b"%d" % len(content or b"")
    # A streamed response may take any time in total: its timeout is for each wait.
    timeout = request.timeout if isinstance(request, StreamedRequest) else Deadline.after(request.timeout)
    return origin, EncodedRequest(method, url, [*headers.items()], content, timeout)
