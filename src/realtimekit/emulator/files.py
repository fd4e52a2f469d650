"""The files that sessions and recordings leave: kept, handed out as signed links, and served until they are gone."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, unquote

from realtimekit.emulator import artifacts
from realtimekit.emulator.clock import iso, moment
from realtimekit.emulator.wire import Outgoing

if TYPE_CHECKING:
    from datetime import datetime

    from realtimekit.emulator.agenda import Happening
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Incoming

PREFIX = "/files/"
LINK_LIFE = timedelta(days=7)
RETENTION = timedelta(days=7)  # of chat, transcripts and summaries alike
SUMMARY_TAKES = timedelta(seconds=10)  # how long it really takes is not documented
_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}


class Files:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.due: dict[str, Happening] = {"write summary": self._write_summary}

    # --- writing -------------------------------------------------------------------------------------------------

    def write_all(self, session: Row, now: str) -> None:
        """What a session leaves when it ends. A transcript and a summary only where its meeting asks for them."""
        store, settings = self._emulator.store, self._settings(session)
        peers = self._peers(session)
        messages = store.rows("select * from messages where session_id = ? order by created_at, number", session["id"])
        chat_life = None if settings.get("persist_chat") else RETENTION
        self._write(session, "chat.csv", artifacts.chat_csv(session, messages, peers), now, chat_life)
        self._emulator.events.chat_synced(session, now)
        if not (settings.get("transcribe_on_end") or self._transcribed_live(session)):
            return
        for extension, text in artifacts.transcripts(self._speech(session), peers).items():
            self._write(session, f"transcript.{extension}", text, now, RETENTION)
        self._emulator.events.transcribed(session, now)
        if settings.get("summarize_on_end"):
            self.plan_summary(session, now)

    def plan_summary(self, session: Row, now: str) -> None:
        self._emulator.agenda.plan("write summary", session["id"], iso(moment(now) + SUMMARY_TAKES))

    def _write_summary(self, session_id: str, at: str) -> None:
        session = self._emulator.store.rows("select * from sessions where id = ?", session_id)[0]
        text = artifacts.summary_markdown(session, self._speech(session), self._peers(session))
        self._write(session, "summary.md", text, at, RETENTION)
        self._emulator.events.summarized(session, at)

    def _peers(self, session: Row) -> dict[str, Row]:
        sql = "select * from peers where session_id = ? order by joined_at, number"
        return {peer["id"]: peer for peer in self._emulator.store.rows(sql, session["id"])}

    def _speech(self, session: Row) -> list[Row]:
        sql = "select * from speech where session_id = ? order by start_ms, number"
        return self._emulator.store.rows(sql, session["id"])

    def _settings(self, session: Row) -> dict[str, Any]:
        settings: dict[str, Any] = json.loads(self._emulator.lifecycle.meeting(session["meeting_id"])["fields"])
        return settings

    def _transcribed_live(self, session: Row) -> bool:
        """Whether somebody's preset had what they said transcribed while they said it."""
        sql = (
            "select 1 from peers join presets on presets.name = preset_name and app_id = ? where session_id = ?"
            " and json_extract(fields, '$.permissions.transcription_enabled')"
        )
        return self._emulator.store.row(sql, session["app_id"], session["id"]) is not None

    def _write(self, session: Row, name: str, text: str, now: str, life: timedelta | None) -> None:
        self.keep(session["id"], name, text.encode(), _MEDIA_TYPES[name.rpartition(".")[2]], now, life)

    def keep(self, owner_id: str, name: str, content: bytes, media_type: str, now: str, life: timedelta | None) -> None:
        """Keep a file of a session or a recording; for so long, or for ever."""
        gone_at = None if life is None else iso(moment(now) + life)
        sql = "insert or replace into files values (?, ?, ?, ?, ?, ?)"
        self._emulator.store.run(sql, owner_id, name, content, media_type, now, gone_at)

    # --- handing out -----------------------------------------------------------------------------------------------

    def _key(self) -> bytes:
        key = self._emulator.store.meta("link_key")
        if key is None:
            key = secrets.token_hex(32)
            self._emulator.store.set_meta("link_key", key)
        return bytes.fromhex(key)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._key(), f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()

    def _row(self, owner_id: str, name: str) -> Row | None:
        sql = "select * from files where owner_id = ? and name = ? and (gone_at is null or gone_at > ?)"
        return self._emulator.store.row(sql, owner_id, name, self._emulator.now())

    def link(self, origin: str, owner_id: str, name: str) -> tuple[str, str] | None:
        """A URL that works without a token, and until when; None where there is no such file (any more)."""
        if self._row(owner_id, name) is None:
            return None
        expiry = self._emulator.clock.now() + LINK_LIFE
        return self.link_until(origin, owner_id, name, expiry), iso(expiry)

    def link_until(self, origin: str, owner_id: str, name: str, expiry: datetime) -> str:
        """A URL that works until then, and always was the same."""
        path = f"{PREFIX}{quote(owner_id, safe='')}/{quote(name, safe='')}"
        expires = str(int(expiry.timestamp()))
        return f"{origin}{path}?expires={expires}&signature={self._signature(path, expires)}"

    def serve(self, request: Incoming) -> Outgoing:
        if request.method != "GET":
            return _plain(405, "files can only be read")
        given = {name: values[0] for name, values in parse_qs(request.query).items()}
        expires, signature = given.get("expires", ""), given.get("signature", "")
        wanted = self._signature(request.path, expires)
        if not hmac.compare_digest(signature.encode(), wanted.encode()):
            return _plain(403, "the signature of this link is wrong")
        if int(expires) < self._emulator.clock.now().timestamp():
            return _plain(403, "this link has expired")
        owner_id, _, name = request.path.removeprefix(PREFIX).partition("/")
        row = self._row(unquote(owner_id), unquote(name))
        if row is None:
            return _plain(404, "this file is gone")
        return _file(request, row)


def _file(request: Incoming, row: Row) -> Outgoing:
    """The whole, or the part that a download goes on with (RFC 9110, sections 13 and 14)."""
    content: bytes = row["content"]
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"content-type": row["media_type"], "accept-ranges": "bytes", "etag": tag}
    part = _part(request.headers.get("range", ""), len(content))
    if part is None or request.headers.get("if-range", tag) != tag:  # without a tag it is a date, which none has here
        return Outgoing(200, headers, content)
    if not part:
        unsatisfied = _plain(416, "the file has no such part")
        return unsatisfied._replace(headers={**unsatisfied.headers, "content-range": f"bytes */{len(content)}"})
    headers["content-range"] = f"bytes {part.start}-{part.stop - 1}/{len(content)}"
    return Outgoing(206, headers, content[part.start : part.stop])


def _part(asked: str, size: int) -> range | None:
    """Which bytes are asked for; none where there are no such; None for the whole.

    What is malformed, or asks for several parts, may be ignored, and is.
    """
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", asked.strip(), re.IGNORECASE)
    if found is None or found[0].endswith("=-"):
        return None
    first, last = found.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def _plain(status: int, text: str) -> Outgoing:
    return Outgoing(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())
