"""Reads a byte range of a file from its storage, for players that seek."""

from __future__ import annotations

import re
from typing import NamedTuple

from realtimekit.artifacts.resumable_download import (
    EXPIRED_STATUSES,
    MAX_ERROR_BODY,
    LinkSource,
    follow_redirects,
    require_link,
    storage_error,
)
from realtimekit.errors import APIConnectionError
from realtimekit.flow import Flow
from realtimekit.interfaces import ChunkWriter, Response
from realtimekit.settings import Settings


class Part(NamedTuple):
    """A part of a file.

    Attributes:
        content: the bytes; none if the part begins at the end of the file or later.
        total: the size of the whole file in bytes; None if the storage does not say.
    """

    content: bytes
    total: int | None


def read_part(settings: Settings, source: LinkSource, start: int, size: int) -> Flow[Part]:
    """Read a part of a file: `GET` of its link with `Range` (RFC 9110, 14), without the API token.

    An expired link is refreshed once. Of a storage that ignores `Range`, what precedes the part is read and dropped.

    Args:
        settings: of the client.
        source: what has the link.
        start: the first byte, from 0.
        size: how many bytes to read at most, 1 or more.

    Raises:
        APIConnectionError: there was no response, or it is another part than the requested one.
        ArtifactNotReadyError: there is no link, even after a refresh.
        APIError: the storage refuses the link, even after a refresh; or the API refuses to refresh it.
        DecodeError: the link is not http or https.
    """
    refreshed = not source._link()
    if refreshed:
        yield from source._refresh_link(None)
    while True:
        link, receiver = require_link(source), _Receiver(start, size)
        response = yield from follow_redirects(settings, link, receiver, settings.timeout, 1)
        if response.status in {200, 206}:
            return receiver.part(link.path)
        if response.status == 416:
            return Part(b"", _total(response))
        if response.status not in EXPIRED_STATUSES or refreshed:
            raise storage_error(response, link.path)
        refreshed = True
        yield from source._refresh_link(None)


class _Receiver:
    """Takes the part out of a response; it wants no more when it has it."""

    def __init__(self, start: int, size: int) -> None:
        self.head: Response | None = None
        self.error_body: bytes = b""
        self._start, self._size = start, size
        self._skip = 0
        self._content = bytearray()

    def request_headers(self) -> dict[str, str]:
        last = self._start + self._size - 1
        return {"accept": "*/*", "accept-encoding": "identity", "range": f"bytes={self._start}-{last}"}

    def on_response(self, _url: str, head: Response, /) -> ChunkWriter:
        self.head, self.error_body = head, b""
        self._skip = self._start if head.status == 200 else 0
        return self._write if head.status in {200, 206} else self._write_error_body

    def part(self, path: str) -> Part:
        """Return the part that was received."""
        head = self.head or Response(0, {}, b"")
        announced = re.match(r"bytes (\d{1,18})-", head.headers.get("content-range", ""), re.ASCII)
        if head.status == 206 and (announced is None or int(announced[1]) != self._start):
            text = f"the storage sent another part of the file at {path} than the requested one"
            raise APIConnectionError(text, maybe_processed=True)
        return Part(bytes(self._content[: self._size]), _total(head))

    def _write(self, chunk: bytes) -> bool:
        dropped = min(self._skip, len(chunk))
        self._skip -= dropped
        self._content += chunk[dropped:]
        return len(self._content) < self._size

    def _write_error_body(self, chunk: bytes) -> bool:
        self.error_body += chunk[:MAX_ERROR_BODY]
        return len(self.error_body) < MAX_ERROR_BODY


def _total(head: Response) -> int | None:
    """Return the size of the whole file, according to a response."""
    if head.status == 200:
        length = head.headers.get("content-length", "")
    else:
        length = head.headers.get("content-range", "").rpartition("/")[2]
    return int(length) if re.fullmatch(r"\d{1,18}", length, re.ASCII) else None
