"""The download of one file from its storage: which bytes to request, what has arrived, when to resume."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import BinaryIO, Protocol
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
# 206 with another range than requested, or 416: the file was replaced, or the storage does not support ranges.
RANGE_FAILURE_STATUSES = frozenset({206, 416})
EXPIRED_STATUSES = frozenset({403, 404, 410})  # how storage reports that a link has expired or its file is gone
MIN_PROGRESS = 1 << 16  # bytes; a broken connection that delivered at least this much does not count as a failure
MAX_ERROR_BODY = 1 << 16  # bytes read of an error response


class LinkSource(Protocol):
    """An object with a link to a file."""

    def _link(self) -> str | None: ...  # the current link
    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]: ...  # read it again from the API


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
        self.total: int | None = None
        self.head: Response | None = None  # of the current or last response
        self.error_body: bytes = b""  # of a response that is not the file
        self._file, self._progress, self._max_bytes = file, progress, max_bytes
        self._start = file.tell() if file.seekable() else None
        self._validator: str | None = None  # RFC 9110, 8.8: changes when the file is replaced
        self._resumable = False

    def request_headers(self) -> dict[str, str]:
        """Return the headers that request the whole file, or the range that is missing."""
        # identity: the bytes received are only a position in the file, and so a point to resume from, if uncompressed
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        if self.size and self._resumable:
            headers["range"] = f"bytes={self.size}-"
            if self._validator:
                headers["if-range"] = self._validator
        return headers

    def on_response(self, head: Response) -> ChunkWriter:
        """Take the head of a response; return the writer for the chunks of its body."""
        self.head, self.error_body = head, b""
        if head.status == 206 and self._accept_range(head):
            return self._write
        if head.status == 200:
            self._start_over(head)
            return self._write
        return self._write_error_body

    @property
    def is_receiving(self) -> bool:
        """Whether the last response was the file, or the requested range of it."""
        return self.head is not None and (self.head.status == 200 or (self.head.status == 206 and self._resumable))

    def check_complete(self, path: str) -> None:
        """Raise `APIConnectionError` if part of the file is missing."""
        if self.total not in {None, self.size}:
            text = f"the file at {path} broke off after {self.size} of {self.total} bytes"
            raise APIConnectionError(text, maybe_processed=True)

    def check_range_failure(self, response: Response) -> None:
        """Request the whole file from now on, if the storage did not serve the requested range."""
        if response.status in RANGE_FAILURE_STATUSES:
            self._resumable = False

    def _start_over(self, head: Response) -> None:
        if self.size:
            if self._start is None:
                raise OSError("the download must start over, but the given file cannot seek: pass a path instead")
            self._file.seek(self._start)
            self._file.truncate()
            self.size = 0
        headers = head.headers
        length, etag = headers.get("content-length", ""), headers.get("etag", "")
        uncompressed = headers.get("content-encoding", "identity") == "identity"
        self.total = int(length) if uncompressed and re.fullmatch(r"\d{1,18}", length, re.ASCII) else None
        # RFC 9110, 13.1.5: If-Range needs a strong validator
        self._validator = etag if etag.startswith('"') else headers.get("last-modified")
        self._resumable = uncompressed and (self._validator is not None or self.total is not None)
        self._check_size(self.total or 0)

    def _accept_range(self, head: Response) -> bool:
        """Whether a 206 continues what has arrived. Faulty storage may send any other range."""
        content_range = head.headers.get("content-range", "")
        match = re.fullmatch(r"bytes (\d{1,18})-\d+/(\d{1,18}|\*)", content_range, re.ASCII)
        etag = head.headers.get("etag", "")
        both_strong = etag.startswith('"') and (self._validator or "").startswith('"')
        same_file = not both_strong or etag == self._validator
        if not (self._resumable and match and int(match[1]) == self.size and same_file):
            self._resumable = False
        elif match[2] != "*":
            total = int(match[2])
            self._resumable = self.total in {None, total}
            self.total = total
        return self._resumable

    def _check_size(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise DecodeError(f"the file has more than max_bytes={self._max_bytes} bytes")

    def _write(self, chunk: bytes) -> bool:
        self._check_size(self.size + len(chunk))
        self._file.write(chunk)
        self.size += len(chunk)
        if self._progress is not None:
            self._progress(self.size, self.total)
        return True

    def _write_error_body(self, chunk: bytes) -> bool:
        self.error_body += chunk[:MAX_ERROR_BODY]
        return len(self.error_body) < MAX_ERROR_BODY


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
        DecodeError: the file is too large.
    """
    seconds = settings.timeout if timeout is None else validate_timeout(timeout)
    failures, attempt, refreshed = 0, 0, not source._link()
    if refreshed:
        yield from source._refresh_link(options)
    while True:
        size_before, retry_after, link, attempt = state.size, None, _require_link(source), attempt + 1
        try:
            response = yield from _follow_redirects(settings, link, state, seconds, attempt)
            if state.is_receiving:
                return state.check_complete(link.path)
        except APIConnectionError as error:
            failures = 1 if state.size - size_before >= MIN_PROGRESS else failures + 1
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
                raise _storage_error(response, link.path)
            state.check_range_failure(response)
            failure = response
        wait = retries.backoff(failures, int.from_bytes(os.urandom(4)) / 2**32) if retry_after is None else retry_after
        report_retry(settings, failure, "GET", link.path, attempt, wait)
        yield Sleep(wait)


def _require_link(source: LinkSource) -> _SignedUrl:
    link = source._link()
    if not link:
        raise ArtifactNotReadyError(f"{source!r} has no link to download yet: reload() it later", status=200)
    return _SignedUrl(link)


def _may_retry(response: Response, retry_after: float | None) -> bool:
    if response.status in RANGE_FAILURE_STATUSES:
        return True
    return retries.may_retry("GET", response) and (retry_after or 0) <= retries.MAX_RETRY_AFTER


class _SignedUrl(str):
    """A link whose repr hides its query, for tracebacks: the signature in it is as good as a password."""

    __slots__ = ()

    @property
    def path(self) -> str:
        return self.partition("?")[0]

    def __repr__(self) -> str:
        return f"<{self.path}>"


def _follow_redirects(
    settings: Settings, url: _SignedUrl, state: ResumableDownload, timeout: float, attempt: int
) -> Flow[Response]:
    """Return the response after all redirects: of the file without content, of an error with the start of its body."""
    for _ in range(MAX_REDIRECTS + 1):
        state.head = None
        request = Request("GET", url, state.request_headers(), None, timeout)
        response = yield from send_observed(
            settings, StreamedRequest.from_request(request, state.on_response), url.path, attempt
        )
        if state.head is None:  # this transport does not support streaming: the body came whole, and decompressed
            state.on_response(_decompressed_head(response))(response.content)
        location = _SignedUrl(response.headers.get("location", ""))
        if response.status not in REDIRECT_STATUSES or not location:
            return response._replace(content=state.error_body)
        url = _redirect_target(url, location, response.status)
    raise APIError(f"GET {url.path} was redirected more than {MAX_REDIRECTS} times", status=302)


def _decompressed_head(response: Response) -> Response:
    headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
    return response._replace(headers=headers, content=b"")


def _redirect_target(url: _SignedUrl, location: _SignedUrl, status: int) -> _SignedUrl:
    """Return where a redirect leads.

    Raises:
        APIError: it leads neither to https nor from http to http on this machine.
    """
    try:
        target = _SignedUrl(urljoin(url, location))
        (old_scheme, old_host), (scheme, host) = _scheme_and_host(url), _scheme_and_host(target)
        on_this_machine = old_scheme == scheme == "http" and is_loopback(old_host) and is_loopback(host)
        if (scheme == "https" and host) or on_this_machine:
            return target
    except ValueError:
        pass
    raise APIError(f"GET {url.path} was redirected to an address that is not https", status=status, method="GET")


def _scheme_and_host(url: _SignedUrl) -> tuple[str, str]:
    # Only these two: local variables are sent by error trackers, and the parts of a link include its signature.
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


def _storage_error(response: Response, path: str) -> APIError:
    # The usual hints are about the API token, which storage never sees.
    hint = "the storage does not accept the link"
    body = responses.decode(response)
    return error_responses.error_from(response, body, "GET", path, hints={401: hint, 403: hint})
