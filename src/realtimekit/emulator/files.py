"""Writing a session's files, handing out signed links to them, and serving them until they are gone."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote

from realtimekit.emulator import artefacts
from realtimekit.emulator.clock import iso, moment
from realtimekit.emulator.wire import Outgoing

if TYPE_CHECKING:
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Incoming

PREFIX = "/files/"
LINK_LIFE = timedelta(days=7)
RETENTION = timedelta(days=7)  # of chat, transcripts and summaries alike
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

    # --- writing -------------------------------------------------------------------------------------------------

    def write_all(self, session: Row, now: str) -> None:
        """Everything that a session leaves when it ends."""
        store = self._emulator.store
        peers = self._peers(session)
        messages = store.rows("select * from messages where session_id = ? order by created_at, number", session["id"])
        chat_life = None if self._persists_chat(session) else RETENTION
        self._write(session, "chat.csv", artefacts.chat_csv(session, messages, peers), now, chat_life)
        for extension, text in artefacts.transcripts(self._speech(session), peers).items():
            self._write(session, f"transcript.{extension}", text, now, RETENTION)
        self.write_summary(session, now)

    def write_summary(self, session: Row, now: str) -> None:
        text = artefacts.summary_markdown(session, self._speech(session), self._peers(session))
        self._write(session, "summary.md", text, now, RETENTION)

    def _peers(self, session: Row) -> dict[str, Row]:
        sql = "select * from peers where session_id = ? order by joined_at, number"
        return {peer["id"]: peer for peer in self._emulator.store.rows(sql, session["id"])}

    def _speech(self, session: Row) -> list[Row]:
        sql = "select * from speech where session_id = ? order by start_ms, number"
        return self._emulator.store.rows(sql, session["id"])

    def _persists_chat(self, session: Row) -> bool:
        sql = "select json_extract(fields, '$.persist_chat') as yes from meetings where id = ?"
        meeting = self._emulator.store.row(sql, session["meeting_id"])
        return bool(meeting and meeting["yes"])

    def _write(self, session: Row, name: str, text: str, now: str, life: timedelta | None) -> None:
        gone_at = None if life is None else iso(moment(now) + life)
        self._emulator.store.run(
            "insert or replace into files values (?, ?, ?, ?, ?, ?)",
            session["id"],
            name,
            text.encode(),
            _MEDIA_TYPES[name.rpartition(".")[2]],
            now,
            gone_at,
        )

    # --- handing out -----------------------------------------------------------------------------------------------

    def _key(self) -> bytes:
        key = self._emulator.store.meta("link_key")
        if key is None:
            key = secrets.token_hex(32)
            self._emulator.store.set_meta("link_key", key)
        return bytes.fromhex(key)

    def _signature(self, path: str, expires: str) -> str:
        return hmac.new(self._key(), f"{path}\n{expires}".encode(), hashlib.sha256).hexdigest()

    def _row(self, session_id: str, name: str) -> Row | None:
        sql = "select * from files where session_id = ? and name = ? and (gone_at is null or gone_at > ?)"
        return self._emulator.store.row(sql, session_id, name, self._emulator.now())

    def link(self, origin: str, session_id: str, name: str) -> tuple[str, str] | None:
        """A URL that works without a token, and until when; None where there is no such file (any more)."""
        if self._row(session_id, name) is None:
            return None
        expiry = self._emulator.clock.now() + LINK_LIFE
        path = f"{PREFIX}{quote(session_id, safe='')}/{name}"
        expires = str(int(expiry.timestamp()))
        return f"{origin}{path}?expires={expires}&signature={self._signature(path, expires)}", iso(expiry)

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
        session_id, _, name = request.path.removeprefix(PREFIX).partition("/")
        row = self._row(unquote(session_id), name)
        if row is None:
            return _plain(404, "this file is gone")
        return Outgoing(200, {"content-type": row["media_type"]}, row["content"])


def _plain(status: int, text: str) -> Outgoing:
    return Outgoing(status, {"content-type": "text/plain; charset=utf-8"}, text.encode())
