"""What a session leaves behind when it ends: its chat, transcripts and summary, as files."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from realtimekit.emulator.clock import add_seconds
from realtimekit.emulator.queries import get_meeting
from realtimekit.emulator.services import artifact_formats

if TYPE_CHECKING:
    from realtimekit.emulator.services.events import Events
    from realtimekit.emulator.services.files import FileStore
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

RETENTION = timedelta(days=7)  # of chat, transcripts and summaries alike
SUMMARY_SECONDS = 10.0  # how long a summary really takes is not documented
_WRITE_SUMMARY = "write summary"
_MEDIA_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
}


class SessionArtifacts:
    def __init__(self, world: World, files: FileStore, events: Events) -> None:
        self._world = world
        self._store = world.store
        self._files = files
        self._events = events
        world.scheduler.register(_WRITE_SUMMARY, self._write_summary)

    def write(self, session: Row, at: str) -> None:
        """Write the files of a session that ends. A transcript and a summary only if its meeting asks for them."""
        settings = json.loads(get_meeting(self._store, session["meeting_id"])["fields"])
        peers = self._peers(session)
        sql = "select * from messages where session_id = ? order by created_at, number"
        chat = artifact_formats.chat_csv(session, self._store.rows(sql, session["id"]), peers)
        self._save(session, "chat.csv", chat, at, None if settings.get("persist_chat") else RETENTION)
        self._events.chat_synced(session, at)
        if not (settings.get("transcribe_on_end") or self._was_transcribed_live(session)):
            return
        for extension, text in artifact_formats.transcripts(self._speech(session), peers).items():
            self._save(session, f"transcript.{extension}", text, at, RETENTION)
        self._events.transcribed(session, at)
        if settings.get("summarize_on_end"):
            self.schedule_summary(session, at)

    def schedule_summary(self, session: Row, at: str) -> None:
        self._world.scheduler.schedule(_WRITE_SUMMARY, session["id"], add_seconds(at, SUMMARY_SECONDS))

    def _write_summary(self, session_id: str, at: str) -> None:
        session = self._store.rows("select * from sessions where id = ?", session_id)[0]
        text = artifact_formats.summary_markdown(session, self._speech(session), self._peers(session))
        self._save(session, "summary.md", text, at, RETENTION)
        self._events.summarized(session, at)

    def _peers(self, session: Row) -> dict[str, Row]:
        sql = "select * from peers where session_id = ? order by joined_at, number"
        return {peer["id"]: peer for peer in self._store.rows(sql, session["id"])}

    def _speech(self, session: Row) -> list[Row]:
        return self._store.rows("select * from speech where session_id = ? order by start_ms, number", session["id"])

    def _was_transcribed_live(self, session: Row) -> bool:
        """Return whether the preset of one of the peers has transcription enabled."""
        sql = (
            "select 1 from peers join presets on presets.name = preset_name and app_id = ? where session_id = ?"
            " and json_extract(fields, '$.permissions.transcription_enabled')"
        )
        return self._store.row(sql, session["app_id"], session["id"]) is not None

    def _save(self, session: Row, name: str, text: str, at: str, retention: timedelta | None) -> None:
        media_type = _MEDIA_TYPES[name.rpartition(".")[2]]
        self._files.save(session["id"], name, text.encode(), media_type, at, retention)
