"""The download of one file from its storage: which bytes to request, what has arrived, when to resume."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO, NamedTuple, Protocol, Self
from urllib.parse import urljoin, urlsplit

from realtimekit import error_responses, responses, retries
from realtimekit.errors import APIConnectionError, APIError, ArtifactNotReadyError, DecodeError
from realtimekit.flow import Flow, Sleep
from realtimekit.instrumentation import report_retry, send_observed
from realtimekit.interfaces import ChunkWriter, Request, Response, StreamedRequest
from realtimekit.kwargs import RequestOptions
from realtimekit.settings import Settings, is_loopback, validate_timeout

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 5
# 206 that does not continue what was received, or 416: the file was replaced, or the storage does not support ranges.
RANGE_FAILURE_STATUSES = frozenset({206, 416})
EXPIRED_STATUSES = frozenset({403, 404, 410})  # how storage reports that a link has expired or its file is gone
MIN_PROGRESS = 1 << 16  # bytes; a broken connection that delivered at least this much does not count as a failure
MAX_ERROR_BODY = 1 << 16  # bytes read of an error response


class LinkSource(Protocol):
    """An object with a link to a file."""

    def _link(self) -> str | None: ...  # the current link
    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]: ...  # read it again from the API


class Receiver(Protocol):
    """What a response of a storage is received by: `head` and `error_body` are those of the last one."""

    head: Response | None
    error_body: bytes

    def request_headers(self) -> dict[str, str]: ...
    def on_response(self, url: str, head: Response, /) -> ChunkWriter: ...


class FileVersion(NamedTuple):
    """One version of a file in a storage, as its strong validator identifies it (RFC 9110, 8.8).

    Attributes:
        url: where it is, without the query, which is the signature and changes.
        header: the name of the response header that has the validator: "etag" or "last-modified".
        validator: its value, the same as long as not one byte of the file changes.
        total: the size in bytes; None if the storage did not say.
    """

    url: str
    header: str
    validator: str
    total: int | None

    @classmethod
    def from_response(cls, url: str, head: Response, total: int | None) -> Self | None:
        """Return the version that a response has; None if the response does not identify it."""
        headers = head.headers
        if etag := headers.get("etag"):  # even a weak one: a date must not be used instead (13.1.5)
            return cls(url, "etag", etag, total) if etag.startswith('"') else None
        changed, sent = (retries.parse_http_date(headers.get(name, "")) for name in ("last-modified", "date"))
        # A file can change twice in one second, and its date only once (8.8.2.2).
        if changed is not None and sent is not None and sent - changed >= 1:
            return cls(url, "last-modified", headers["last-modified"], total)
        return None


class ResumableDownload:
    """The state of a download: writes the file as it arrives, and knows how to resume it.

    Args:
        file: where to write, starting at its current position.
        progress: called after each chunk with the bytes so far and the total (None if the server does not say).
        max_bytes: the largest accepted size of the file.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        progress: Callable[[int, int | None], object] | None = None,
        max_bytes: int | None = None,
    ) -> None:
        self.size: int = 0
        self.max_size: int = 0  # the largest size so far; the size is smaller after the download started over
        self.total: int | None = None
        self.head: Response | None = None  # of the current or last response
        self.error_body: bytes = b""  # of a response that is not the file
        self._file, self._progress, self._max_bytes = file, progress, max_bytes
        self._start = file.tell() if file.seekable() else None
        self._version: FileVersion | None = None  # of the bytes received so far; None if they cannot be resumed
        self._save_version: Callable[[FileVersion | None], object] | None = None
        self._end: int | None = None  # of the range that is being received

    def resume_from(
        self, version: FileVersion | None, save_version: Callable[[FileVersion | None], object] | None = None
    ) -> None:
        """Resume from what the file has before its current position.

        Args:
            version: the version that it belongs to; None if there is nothing.
            save_version: called with the version that is about to be received, before its first byte is written.
        """
        self._save_version = save_version
        if version is not None:
            self._version, self.total, self._start = version, version.total, 0
            self.size = self.max_size = self._file.tell()

    def request_headers(self) -> dict[str, str]:
        """Return the headers that request the whole file, or the range that is missing."""
        # identity: the bytes received are only a position in the file, and so a point to resume from, if uncompressed
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        if self._version is not None and self.size:
            headers["range"] = f"bytes={self.size}-"
            headers["if-range"] = self._version.validator
        return headers

    def on_response(self, url: str, head: Response) -> ChunkWriter:
        """Process the head of a response and return the writer for the chunks of its body.

        Args:
            url: the URL that was requested, without the query.
            head: the status and headers.
        """
        self.head, self.error_body, self._end = head, b"", None
        if head.status == 206 and self._accept_range(url, head):
            return self._write
        if head.status == 200:
            self._start_over(url, head)
            return self._write
        return self._write_error_body

    def is_complete(self, path: str) -> bool:
        """Return whether the file is complete; False if the last response was something else.

        Raises:
            APIConnectionError: part of the file is missing.
        """
        if self.head is None or self.head.status not in {200, 206}:
            return False
        if self.head.status == 206 and self._end is None:
            text = f"the storage sent a part of the file at {path}, although the whole file was requested"
            raise APIConnectionError(text, maybe_processed=True)
        if self.total not in {None, self.size}:
            text = f"the file at {path} broke off after {self.size} of {self.total} bytes"
            raise APIConnectionError(text, maybe_processed=True)
        return True

    def give_up_range(self, response: Response) -> bool:
        """Request the whole file from now on, if the storage did not serve the requested range in this response.

        Returns:
            Whether a range had been requested.
        """
        if response.status not in RANGE_FAILURE_STATUSES or self._end is not None:
            return False
        if self._version is None or not self.size:
            return False
        self._version = None
        return True

    def _start_over(self, url: str, head: Response) -> None:
        if self.size:
            if self._start is None:
                raise OSError("the download must start over, but this file cannot seek: pass a path of a regular file")
            self._file.seek(self._start)
            self._file.truncate()
            self.size = 0
        length = head.headers.get("content-length", "")
        uncompressed = _is_uncompressed(head)
        self.total = int(length) if uncompressed and re.fullmatch(r"\d{1,18}", length, re.ASCII) else None
        self._version = FileVersion.from_response(url, head, self.total) if uncompressed else None
        if self._save_version is not None:
            self._save_version(self._version)
        self._check_size(self.total or 0)

    def _accept_range(self, url: str, head: Response) -> bool:
        """Return whether a 206 continues what was received: from its end, and provably in the same version of the file.

        RFC 9110, 15.3.7. Faulty storage may send any other range, or ignore `If-Range`.
        """
        pattern = r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)"
        match = re.fullmatch(pattern, head.headers.get("content-range", ""), re.ASCII)
        if self._version is None or not self.size or match is None or not _is_uncompressed(head):
            return False
        start, last, total = int(match[1]), int(match[2]), self.total if match[3] == "*" else int(match[3])
        same_version = (
            url == self._version.url
            and head.headers.get(self._version.header) == self._version.validator
            and total is not None  # otherwise nothing would show that the range ends before the file
            and self.total in {None, total}
        )
        if not same_version or start != self.size or not start <= last < (total or 0):
            return False
        self.total, self._end = total, last + 1
        self._check_size(total or 0)
        return True

    def _check_size(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise DecodeError(f"the file has more than max_bytes={self._max_bytes} bytes")

    def _write(self, chunk: bytes) -> bool:
        size = self.size + len(chunk)
        if self._end is not None and size > self._end:
            self._version = None  # nothing in such a response can be trusted
            raise APIConnectionError("the storage sent more than the range that it announced", maybe_processed=True)
        self._check_size(size)
        self._file.write(chunk)
        self.size = size
        self.max_size = max(self.max_size, size)
        if self._progress is not None:
            self._progress(self.size, self.total)
        return True

    def _write_error_body(self, chunk: bytes) -> bool:
        self.error_body += chunk[:MAX_ERROR_BODY]
        return len(self.error_body) < MAX_ERROR_BODY


def validate_max_bytes(number: Any) -> int:
    """Return the number if it is a valid size in bytes.

    Raises:
        ValueError: it is not.
    """
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise ValueError(f"max_bytes={number!r}: must be a whole number, 0 or more")
    return number


def _is_uncompressed(head: Response) -> bool:
    return head.headers.get("content-encoding", "identity") == "identity"


def download_file(
    settings: Settings,
    source: LinkSource,
    state: ResumableDownload,
    timeout: float | None = None,
    options: RequestOptions | None = None,
) -> Flow[None]:
    """Fetch a file from its storage. The link is the credential: no token is sent.

    An interrupted download resumes where it stopped if the storage supports that (`Range`, RFC 9110, 14). An expired
    link is refreshed once, by a request with these options. Each wait may take `timeout` seconds; `max_retries` limits
    the attempts without progress.

    Raises:
        APIConnectionError: there was no response, or the file is incomplete.
        ArtifactNotReadyError: there is no link, even after a refresh.
        APIError: the storage refuses the link, even after a refresh; or the API refuses to refresh it.
        DecodeError: the file is too large, or its link is not http or https.
    """
    seconds = settings.timeout if timeout is None else validate_timeout(timeout)
    failures, attempt, refreshed = 0, 0, not source._link()
    if refreshed:
        yield from source._refresh_link(options)
    while True:
        size_before, retry_after, link, attempt = state.max_size, None, require_link(source), attempt + 1
        try:
            response = yield from follow_redirects(settings, link, state, seconds, attempt)
            if state.give_up_range(response):
                continue
            if state.is_complete(link.path):
                return
        except APIConnectionError as error:
            failures = 1 if state.max_size - size_before >= MIN_PROGRESS else failures + 1
            if failures > settings.max_retries:
                error.method, error.path = "GET", link.path
                raise
            failure: Response | APIConnectionError = error
        else:
            if response.status in EXPIRED_STATUSES and not refreshed:
                refreshed = True
                yield from source._refresh_link(options)
                continue
            failures, retry_after = failures + 1, retries.retry_after(response.headers)
            if failures > settings.max_retries or not _may_retry(response, retry_after):
                raise storage_error(response, link.path)
            failure = response
        wait = retries.backoff(failures, int.from_bytes(os.urandom(4)) / 2**32) if retry_after is None else retry_after
        report_retry(settings, failure, "GET", link.path, attempt, wait)
        yield Sleep(wait)


def require_link(source: LinkSource) -> SignedUrl:
    """Return the link.

    Raises:
        ArtifactNotReadyError: there is none yet.
        DecodeError: it cannot be requested.
    """
    link = source._link()
    if not link:
        raise ArtifactNotReadyError(f"{source!r} has no link to download yet: reload() it later", status=200)
    url = SignedUrl(link)
    del link  # as in _scheme_and_host
    try:
        scheme, host = _scheme_and_host(url)
    except ValueError:
        scheme, host = "", ""
    if scheme in {"http", "https"} and host and not re.search(r"[\s\x00-\x20\x7f]", url):
        return url
    kind = f"a link of the kind {scheme[:20]!r}" if scheme not in {"", "http", "https"} else "a malformed link"
    raise DecodeError(f"{source!r} has {kind}: only https:// and http:// links can be downloaded")


def _may_retry(response: Response, retry_after: float | None) -> bool:
    return retries.may_retry("GET", response) and (retry_after or 0) <= retries.MAX_RETRY_AFTER


class SignedUrl(str):
    """A link whose repr hides its query, for tracebacks: the signature in it is as good as a password."""

    __slots__ = ()

    @property
    def path(self) -> str:
        return re.sub(r"//[^/]*@", "//", re.split(r"[?#]", self, maxsplit=1)[0], count=1)

    def __repr__(self) -> str:
        return f"<{self.path}>"


def follow_redirects(
    settings: Settings, url: SignedUrl, state: Receiver, timeout: float, attempt: int
) -> Flow[Response]:
    """Return the response after all redirects: of the file without content, of an error with the start of its body."""
    for _ in range(MAX_REDIRECTS + 1):
        state.head = None
        request = Request("GET", url, state.request_headers(), None, timeout)
        response = yield from send_observed(
            settings, StreamedRequest.from_request(request, partial(state.on_response, url.path)), url.path, attempt
        )
        if state.head is None:  # this transport does not support streaming: the body came whole, and decompressed
            state.on_response(url.path, _decompressed_head(response))(response.content)
        location = SignedUrl(response.headers.get("location", ""))
        if response.status not in REDIRECT_STATUSES or not location:
            return response._replace(content=state.error_body)
        url = _redirect_target(url, location, response.status)
    raise APIError(f"GET {url.path} was redirected more than {MAX_REDIRECTS} times", status=302)


def _decompressed_head(response: Response) -> Response:
    compressed = {"content-encoding", "content-length"} if not _is_uncompressed(response) else frozenset[str]()
    headers = {name: value for name, value in response.headers.items() if name not in compressed}
    return response._replace(headers=headers, content=b"")


def _redirect_target(url: SignedUrl, location: SignedUrl, status: int) -> SignedUrl:
    """Return where a redirect leads.

    Raises:
        APIError: it leads neither to https nor from http to http on this machine.
    """
    try:
        target = SignedUrl(urljoin(url, location))
        (old_scheme, old_host), (scheme, host) = _scheme_and_host(url), _scheme_and_host(target)
        on_this_machine = old_scheme == scheme == "http" and is_loopback(old_host) and is_loopback(host)
        if (scheme == "https" and host) or on_this_machine:
            return target
    except ValueError:
        pass
    raise APIError(f"GET {url.path} was redirected to an address that is not https", status=status, method="GET")


def _scheme_and_host(url: SignedUrl) -> tuple[str, str]:
    # Only these two: local variables are sent by error trackers, and the parts of a link include its signature.
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError if it is not a valid port
    return parts.scheme, parts.hostname or ""


def storage_error(response: Response, path: str) -> APIError:
    # The usual hints are about the API token, which storage never sees.
    hint = "the storage does not accept the link"
    body = responses.decode(response)
    return error_responses.error_from(response, body, "GET", path, hints={401: hint, 403: hint})
