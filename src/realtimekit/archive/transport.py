"""An archive as a transport: it responds like the API, without a network, long after the platform has forgotten."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from realtimekit.archive import layout
from realtimekit.archive.query_string import RefusalError
from realtimekit.archive.responder import NotKeptError, Responder
from realtimekit.artifacts.formats import to_json, to_srt, to_vtt
from realtimekit.artifacts.segments import Peer, parse_transcript
from realtimekit.errors import ReadOnlyError
from realtimekit.interfaces import Response, StreamedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.archive.archive import Archive
    from realtimekit.interfaces import Request
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

    def __init__(self, archive: Archive) -> None:
        identity = archive.ledger.app()
        self._archive, self._app_id = archive, identity["app_id"]
        self._responder = Responder(archive.store, self._app_id, _link)
        self.client_options: ClientOptions = {
            "api_token": "archive",  # none is needed
            "account_id": identity["account_id"],
            "app_id": self._app_id,
            "base_url": f"{ORIGIN}/client/v4",
            "limiter": "off",
            "max_retries": 0,
        }

    def __repr__(self) -> str:
        return f"<ArchiveTransport {self._archive.target}>"

    def send(self, request: Request, /) -> Response:
        """RawResponse a request.

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
            return _response(200, {"success": True, **body})
        except RefusalError as error:
            return _response(error.status, {"success": False, "error": {"code": error.status, "message": str(error)}})

    # --- files -------------------------------------------------------------------------------------------------------

    def _file(self, request: Request, path: str, query: dict[str, str]) -> Response:
        store = self._archive.store
        if "empty" in query:
            return self._whole(request, 0, lambda _start, _end: b"")
        size = store.size(path) if path.startswith(f"{layout.RAW}/") and ".." not in path.split("/") else None
        if size is None:
            return Response(404, _headers("text/plain; charset=utf-8"), b"the archive does not have this file")
        if "format" in query:
            content = _transcript_as(store.read(path) or b"", query["format"])
            return self._whole(request, len(content), lambda start, end: content[start:end])
        return self._whole(request, size, lambda start, end: store.read_range(path, start, end) or b"")

    def _whole(self, request: Request, size: int, read: Callable[[int, int], bytes]) -> Response:
        headers = {**_headers("application/octet-stream"), "content-length": str(size)}
        if not isinstance(request, StreamedRequest):
            return Response(200, headers, read(0, size) if size else b"")
        head = Response(200, headers, b"")
        write = request.on_response(head)
        for start in range(0, size, CHUNK):
            if not write(read(start, min(start + CHUNK, size))):
                break
        return head


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


def _headers(media_type: str) -> dict[str, str]:
    return {"content-type": media_type, "date": format_datetime(datetime.now(UTC), usegmt=True)}


def _response(status: int, body: dict[str, Any]) -> Response:
    content = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return Response(status, _headers("application/json"), content)
