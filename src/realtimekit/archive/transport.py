"""An archive as a transport: it responds like the API, offline, long after the platform has deleted the data."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from realtimekit.archive import layout
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.query_string import RefusalError
from realtimekit.archive.responder import NotKeptError, Responder
from realtimekit.archive.store import Store
from realtimekit.artifacts.formats import to_json, to_srt, to_vtt
from realtimekit.artifacts.segments import Peer, parse_transcript
from realtimekit.errors import ReadOnlyError
from realtimekit.interfaces import Request, Response, StreamedRequest
from realtimekit.settings import ClientOptions

ORIGIN = "http://archive.localhost"
_APP = re.compile(r"/client/v4/accounts/([^/]+)/realtime/kit/([^/]+)(/.*)")
_FILES = "/files/"
CHUNK = 2**20


class ArchiveTransport:
    """What `RealtimeKit(transport=...)` and `AsyncRealtimeKit(transport=...)` accept: use `Archive.transport()`.

    Every read of what sessions leave behind gets a response, downloads included; whatever else was not kept is a 404
    that says so. A write raises `ReadOnlyError`. It blocks while the storage is read: an async client waits with it.
    """

    def __init__(self, store: Store, ledger: Ledger) -> None:
        identity = ledger.app()
        self._store, self._app_id = store, identity["app_id"]
        self._responder = Responder(store, self._app_id, _link)
        self.client_options: ClientOptions = {
            "api_token": "archive",  # none is needed
            "account_id": identity["account_id"],
            "app_id": self._app_id,
            "base_url": f"{ORIGIN}/client/v4",
            "limiter": "off",
            "max_retries": 0,
        }

    def __repr__(self) -> str:
        return f"<ArchiveTransport {self._store.target}>"

    def send(self, request: Request, /) -> Response:
        """Return the response to a request.

        Raises:
            ReadOnlyError: it would change something.
            ArchiveError: the archive cannot be read.
        """
        url = urlsplit(request.url)
        if request.method != "GET":
            raise ReadOnlyError(f"{request.method} {url.path}: an archive cannot be changed: use a client of the API")
        if url.path.startswith(_FILES):
            return self._file(request, unquote(url.path.removeprefix(_FILES)), dict(parse_qsl(url.query)))
        return self._json(url.path, parse_qsl(url.query))

    def _json(self, path: str, query: list[tuple[str, str]]) -> Response:
        found = _APP.fullmatch(path)
        try:
            if found is None or unquote(found[2]) != self._app_id:
                raise NotKeptError(f"this is the archive of app {self._app_id} alone")
            body = self._responder.respond(found[3], query)
            date = body.pop("date", None)
            return _response(200, {"success": True, **body}, date)
        except RefusalError as error:
            code = error.code or error.status
            return _response(error.status, {"success": False, "error": {"code": code, "message": str(error)}})

    # --- files -------------------------------------------------------------------------------------------------------

    def _file(self, request: Request, path: str, query: dict[str, str]) -> Response:
        store = self._store
        if "empty" in query:
            return self._whole(request, 0, lambda _start, _end: b"")
        size = store.size(path) if _is_raw(path) else None
        if size is None:
            return Response(404, _headers("text/plain; charset=utf-8"), b"the archive does not have this file")
        if "format" in query:
            content = _transcript_as(store.read(path) or b"", query["format"])
            return self._whole(request, len(content), lambda start, end: content[start:end])
        return self._whole(request, size, lambda start, end: store.read_range(path, start, end) or b"")

    def _whole(self, request: Request, size: int, read: Callable[[int, int], bytes]) -> Response:
        """Return a file, or the part of it that is asked for."""
        headers = _headers("application/octet-stream")
        start, end, status = 0, size, 200
        if (wanted := _range(request, size)) is not None:
            start, end = wanted
            if start >= end:
                return Response(416, {**headers, "content-range": f"bytes */{size}"}, b"")
            status, headers["content-range"] = 206, f"bytes {start}-{end - 1}/{size}"
        headers |= {"content-length": str(end - start), "accept-ranges": "bytes"}
        if not isinstance(request, StreamedRequest):
            return Response(status, headers, read(start, end) if end > start else b"")
        head = Response(status, headers, b"")
        write = request.on_response(head)
        for position in range(start, end, CHUNK):
            if not write(read(position, min(position + CHUNK, end))):
                break
        return head


def _range(request: Request, size: int) -> tuple[int, int] | None:
    """Return the part of a file that a request asks for: from a byte to before another; None for all of it.

    A part that begins after the end is empty. What is not one range of bytes is ignored, as RFC 9110 has it.
    """
    value = next((value for name, value in request.headers.items() if name.lower() == "range"), "")
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", value.strip())
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        return max(size - int(found[2]), 0), size
    start, last = int(found[1]), int(found[2] or size)
    return None if last < start else (start, max(start, min(last + 1, size)))


def _is_raw(path: str) -> bool:
    """Whether this can be the path of a raw file, and leads nowhere else."""
    first, *parts = path.split("/")
    return first == layout.RAW and bool(parts) and not {"", ".", ".."}.intersection(parts) and "\0" not in path


def _link(path: str, **query: str) -> str:
    """Return the link to a file of the archive."""
    parameters = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    return f"{ORIGIN}{_FILES}{quote(path)}" + (f"?{parameters}" if parameters else "")


def _transcript_as(content: bytes, format: str) -> bytes:
    """Return a transcript in another format than it was kept in."""
    segments = parse_transcript(content, errors=[])
    if not segments:
        return b""
    if format == "CSV":
        text = io.StringIO()
        for segment in segments:
            peer = segment.peer or Peer(None, None, None)
            start = round(segment.start.total_seconds() * 1000)
            ids = (peer.id, peer.user_id, peer.custom_participant_id)
            csv.writer(text).writerow([start, *ids, segment.speaker, segment.text])
        written = text.getvalue()
    else:
        written = {"SRT": to_srt, "VTT": to_vtt, "JSON": to_json}[format](segments)
    return written.encode("utf-8", "replace")


def _headers(media_type: str, date: datetime | None = None) -> dict[str, str]:
    at = datetime.now(UTC) if date is None else date.astimezone(UTC)
    return {"content-type": media_type, "date": format_datetime(at, usegmt=True)}


def _response(status: int, body: dict[str, Any], date: datetime | None = None) -> Response:
    content = json.dumps(body).encode()  # lone surrogates as escapes: as bytes they would not be UTF-8
    return Response(status, _headers("application/json", date), content)
