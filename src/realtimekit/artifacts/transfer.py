"""One file on its way from its storage: what to ask for, what has arrived, when to ask again."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urljoin, urlsplit

from realtimekit import protocol
from realtimekit.errors import APIConnectionError, APIError, ArtifactNotReadyError, DecodeError
from realtimekit.flow import Sleep
from realtimekit.instrumentation import report_retry, send_observed
from realtimekit.interfaces import Request, Response, StreamedRequest
from realtimekit.settings import is_loopback, validate_timeout

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from realtimekit.flow import Flow
    from realtimekit.interfaces import ChunkWriter
    from realtimekit.settings import Settings

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5  # redirects, one after the other
NOT_THAT_PART = frozenset({206, 416})  # another file stands there now, or the storage cannot do parts
EXPIRED = frozenset({403, 404, 410})  # how storage says that a link is out of date, or its file gone
HEADWAY = 1 << 16  # bytes; a connection that brought this many before it broke was no failure
LONGEST_REFUSAL = 1 << 16  # bytes of an error's body that are read


class Linked(Protocol):
    """What has a link to a file."""

    def _link(self) -> str | None: ...  # as it is known
    def _refresh_link(self) -> Flow[None]: ...  # read it anew from the API


class Transfer:
    """What has arrived of a file, written as it arrives.

    Args:
        file: where it goes, from its present position on.
        progress: called after each piece with the bytes so far, and in all (None where the server does not say).
        max_bytes: the most that is taken.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        progress: Callable[[int, int | None], object] | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.size: int = 0
        self.total: int | None = None
        self.head: Response | None = None  # of the answer that arrives, or arrived last
        self.refusal: bytes = b""  # the body of an answer that is none of the file
        self._file, self._progress, self._max_bytes = file, progress, max_bytes
        self._origin = file.tell() if file.seekable() else None
        self._version: str | None = None  # what tells this file from a later one in its place
        self._resumable = False

    def headers(self) -> dict[str, str]:
        """What to ask for: all of it, or what is missing."""
        # identity: how much of the file arrived can only be counted, and gone on from, where it is not compressed
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        if self.size and self._resumable:
            headers["range"] = f"bytes={self.size}-"
            if self._version:
                headers["if-range"] = self._version
        return headers

    def receive(self, head: Response) -> ChunkWriter:
        """Take the head of an answer; the result takes the pieces of its body."""
        self.head, self.refusal = head, b""
        if head.status == 206 and self._goes_on(head):
            return self._write
        if head.status == 200:
            self._begin(head)
            return self._write
        return self._refused

    @property
    def arriving(self) -> bool:
        """Whether the last answer was of the file."""
        return self.head is not None and (self.head.status == 200 or (self.head.status == 206 and self._resumable))

    def check(self, path: str) -> None:
        """Raise `APIConnectionError` if not all of it has arrived."""
        if self.total not in {None, self.size}:
            text = f"the file at {path} broke off after {self.size} of {self.total} bytes"
            raise APIConnectionError(text, maybe_processed=True)

    def start_over_after(self, response: Response) -> None:
        """Ask for all of it, if the storage does not give the part that is missing."""
        if response.status in NOT_THAT_PART:
            self._resumable = False

    def _begin(self, head: Response) -> None:
        if self.size:
            if self._origin is None:
                raise OSError("the download has to start over, and the given file cannot seek: give a path instead")
            self._file.seek(self._origin)
            self._file.truncate()
            self.size = 0
        headers = head.headers
        length, etag = headers.get("content-length", ""), headers.get("etag", "")
        plain = headers.get("content-encoding", "identity") == "identity"
        self.total = int(length) if plain and re.fullmatch(r"\d{1,18}", length, re.ASCII) else None
        # RFC 9110, 13.1.5: only a strong validator will do
        self._version = etag if etag.startswith('"') else headers.get("last-modified")
        self._resumable = plain and (self._version is not None or self.total is not None)
        self._limit(self.total or 0)

    def _goes_on(self, head: Response) -> bool:
        """Whether a 206 is the rest of what has arrived. Storage that is broken may send any other part."""
        came = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", head.headers.get("content-range", ""), re.ASCII)
        etag = head.headers.get("etag", "")
        same = not (etag.startswith('"') and (self._version or "").startswith('"')) or etag == self._version
        if not (self._resumable and came and int(came[1]) == self.size and same):
            self._resumable = False
        elif came[2] != "*":
            total = int(came[2])
            self._resumable = self.total in {None, total}
            self.total = total
        return self._resumable

    def _limit(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise DecodeError(f"the file has more than max_bytes={self._max_bytes} bytes")

    def _write(self, piece: bytes) -> bool:
        self._limit(self.size + len(piece))
        self._file.write(piece)
        self.size += len(piece)
        if self._progress is not None:
            self._progress(self.size, self.total)
        return True

    def _refused(self, piece: bytes) -> bool:
        self.refusal += piece[:LONGEST_REFUSAL]
        return len(self.refusal) < LONGEST_REFUSAL


def transfer(settings: Settings, source: Linked, arrived: Transfer, timeout: float | None = None) -> Flow[None]:
    """Get a file from its storage. The link is the credential: no token goes with it.

    After a cut it goes on where it was, if the storage can (`Range`, RFC 9110, 14); a link that is out of date is
    fetched anew once. Each wait may take `timeout` seconds; attempts that bring nothing are limited by `max_retries`.

    Raises:
        APIConnectionError: no answer, or not all of the file.
        ArtifactNotReadyError: there is no link, also not a fresh one.
        APIError: the storage refuses, also with a fresh link; or the API refuses one.
        DecodeError: the file is too large.
    """
    seconds = settings.timeout if timeout is None else validate_timeout(timeout)
    failures, number, renewed = 0, 0, not source._link()
    if renewed:
        yield from source._refresh_link()
    while True:
        before, asked, link, number = arrived.size, None, _link_of(source), number + 1
        try:
            response = yield from _answer(settings, link, arrived, seconds, number)
            if arrived.arriving:
                return arrived.check(link.path)
        except APIConnectionError as error:
            failures = 1 if arrived.size - before >= HEADWAY else failures + 1
            if failures > settings.max_retries:
                error.method, error.path = "GET", link.path
                raise
            failure: Response | APIConnectionError = error
        else:
            if response.status in EXPIRED and not renewed:
                renewed = True
                yield from source._refresh_link()
                continue
            failures, asked = failures + 1, protocol.retry_after(response.headers)
            if failures > settings.max_retries or not _may_ask_again(response, asked):
                raise _error(response, link.path)
            arrived.start_over_after(response)
            failure = response
        wait = protocol.backoff(failures, int.from_bytes(os.urandom(4)) / 2**32) if asked is None else asked
        report_retry(settings, failure, "GET", link.path, number, wait)
        yield Sleep(wait)


def _link_of(source: Linked) -> _Url:
    link = source._link()
    if not link:
        raise ArtifactNotReadyError(f"{source!r} has no link to download yet: reload() it later", status=200)
    return _Url(link)


def _may_ask_again(response: Response, asked: float | None) -> bool:
    if response.status in NOT_THAT_PART:
        return True
    return protocol.may_retry("GET", response) and (asked or 0) <= protocol.MAX_RETRY_AFTER


class _Url(str):
    """A link that no traceback shows whole: its query is as good as a password."""

    __slots__ = ()

    @property
    def path(self) -> str:
        return self.partition("?")[0]

    def __repr__(self) -> str:
        return f"<{self.path}>"


def _answer(settings: Settings, url: _Url, arrived: Transfer, timeout: float, number: int) -> Flow[Response]:
    """The answer at the end of the redirects; the body of a file has been written, of another it is the beginning."""
    for _ in range(MAX_REDIRECTS + 1):
        arrived.head = None
        request = Request("GET", url, arrived.headers(), None, timeout)
        response = yield from send_observed(
            settings, StreamedRequest.from_request(request, arrived.receive), url.path, number
        )
        if arrived.head is None:  # a transport that gives the body whole, and decompressed
            arrived.receive(_head(response))(response.content)
        location = _Url(response.headers.get("location", ""))
        if response.status not in REDIRECTS or not location:
            return response._replace(content=arrived.refusal)
        url = _redirected(url, location, response.status)
    raise APIError(f"GET {url.path} was redirected more than {MAX_REDIRECTS} times", status=302)


def _head(response: Response) -> Response:
    headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
    return response._replace(headers=headers, content=b"")


def _redirected(url: _Url, location: _Url, status: int) -> _Url:
    """Where a redirect leads: to https, or within this machine.

    Raises:
        APIError: it leads elsewhere.
    """
    try:
        target = _Url(urljoin(url, location))
        (before, here), (scheme, there) = _place(url), _place(target)
        local = before == scheme == "http" and is_loopback(here) and is_loopback(there)
        if (scheme == "https" and there) or local:
            return target
    except ValueError:
        pass
    raise APIError(f"GET {url.path} was redirected to an address that is not https", status=status, method="GET")


def _place(url: _Url) -> tuple[str, str]:
    """Scheme and host: no more of a link is for local variables, which error trackers send."""
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


def _error(response: Response, path: str) -> APIError:
    # It is not about the API token, which storage never sees.
    refused = "the storage does not take the link"
    body = protocol.decode(response)
    return protocol.error_from(response, body, "GET", path, hints={401: refused, 403: refused})
