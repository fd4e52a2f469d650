"""Files of sessions and recordings: stored, linked to by signed URLs, and served until they expire."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote

from realtimekit.emulator.clock import format_time, parse_time
from realtimekit.emulator.http import Response

if TYPE_CHECKING:
    from datetime import datetime

    from realtimekit.emulator.http import Request
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

FILES_PREFIX = "/files/"
LINK_LIFETIME = timedelta(days=7)


class FileStore:
    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store

    def save(
        self, owner_id: str, name: str, content: bytes, media_type: str, now: str, retention: timedelta | None
    ) -> None:
        """Store a file of a session or a recording, forever if the retention is None."""
        expires_at = None if retention is None else format_time(parse_time(now) + retention)
        sql = "insert or replace into files values (?, ?, ?, ?, ?, ?)"
        self._store.run(sql, owner_id, name, content, media_type, now, expires_at)

    def _key(self) -> bytes:
        key = self._store.meta("link_key")
        if key is None:
            key = secrets.token_hex(32)
            self._store.set_meta("link_key", key)
        return bytes.fromhex(key)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._key(), f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()

    def _row(self, owner_id: str, name: str) -> Row | None:
        sql = "select * from files where owner_id = ? and name = ? and (expires_at is null or expires_at > ?)"
        return self._store.row(sql, owner_id, name, self._world.now())

    def signed_url(self, origin: str, owner_id: str, name: str) -> tuple[str, str] | None:
        """Return a URL that works without a token, and when it expires; None if there is no such file, or no longer."""
        if self._row(owner_id, name) is None:
            return None
        expiry = self._world.clock.now() + LINK_LIFETIME
        return self.signed_url_until(origin, owner_id, name, expiry), format_time(expiry)

    def signed_url_until(self, origin: str, owner_id: str, name: str, expiry: datetime) -> str:
        """Return the URL that works until then. It is the same whenever it is made."""
        path = f"{FILES_PREFIX}{quote(owner_id, safe='')}/{quote(name, safe='')}"
        expires = str(int(expiry.timestamp()))
        return f"{origin}{path}?expires={expires}&signature={self._signature(path, expires)}"

    def serve(self, request: Request) -> Response:
        """Answer a request for a signed URL."""
        if request.method != "GET":
            return _plain(405, "files can only be read")
        given = {name: values[0] for name, values in parse_qs(request.query).items()}
        expires, signature = given.get("expires", ""), given.get("signature", "")
        wanted = self._signature(request.path, expires)
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            return _plain(403, "the signature of this link is wrong")
        if int(expires) < self._world.clock.now().timestamp():
            return _plain(403, "this link has expired")
        owner_id, _, name = request.path.removeprefix(FILES_PREFIX).partition("/")
        row = self._row(unquote(owner_id), unquote(name))
        if row is None:
            return _plain(404, "this file is gone")
        return _file(request, row)


def _file(request: Request, row: Row) -> Response:
    """Return the whole file, or the range with which a download is resumed (RFC 9110, sections 13 and 14)."""
    content: bytes = row["content"]
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"content-type": row["media_type"], "accept-ranges": "bytes", "etag": etag}
    part = _parse_range(request.headers.get("range", ""), len(content))
    if part is None or request.headers.get("if-range", etag) != etag:  # a date never matches: no file here has one
        return Response(200, headers, content)
    if not part:
        unsatisfied = _plain(416, "the file has no such part")
        return unsatisfied._replace(headers={**unsatisfied.headers, "content-range": f"bytes */{len(content)}"})
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    return Response(206, headers, content[part.start : part.stop])


def _parse_range(header: str, size: int) -> range | None:
    """Return the requested bytes: an empty range if the file has no such bytes, None for the whole file.

    A header that is malformed or asks for several ranges may be ignored, and is.
    """
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header.strip(), re.IGNORECASE)
    if found is None or found[0].endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _plain(status: int, text: str) -> Response:
    return Response(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())
