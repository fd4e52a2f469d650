"""Sessions that are put into an archive as if they had been copied: what the platform sent is up to a test."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from realtimekit.archive import Archive, layout
from realtimekit.archive.compression import compressed
from realtimekit.archive.ledger import ChangedSession
from realtimekit.archive.manifest import encode
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.update import update_tables
from realtimekit.saving.manifest import Manifest, SavedArtifact, State
from realtimekit.saving.store import digest

APP = "app-1"
START = datetime(2026, 6, 3, 10, tzinfo=UTC)
FILES = {
    "session": "session.json", "meeting": "meeting.json", "participants": "participants.json",
    "chat": "chat.csv", "transcript": "transcript.csv", "summary": "summary.md", "recordings": "recordings.json",
    "livestream_sessions": "livestream_sessions.json",
}  # fmt: skip
CHAT = "id,participantId,sessionId,meetingId,displayName,pinned,isEdited,payloadType,payload,createdAt\r\n"


def make_archive(target: object) -> Archive:
    """Return an archive without sessions."""
    archive = Archive(str(target))
    archive.ledger.create("account-1", APP, START)
    return archive


def put_session(
    archive: Archive, session_id: str, started_at: datetime | None = START, *, revision: int = 1, **contents: Any
) -> str:
    """Put a session into an archive, and return its folder. Its tables are updated by `update`.

    Args:
        archive: as `make_archive` returns it.
        session_id: its id.
        started_at: its start.
        revision: of its manifest.
        contents: fields of its record in `session`, and contents of its other artifacts: bytes, text, or JSON.
            `peers` maps peer ids to reports.
    """
    folder = layout.session_folder(APP, layout.day_of(started_at), session_id)
    record = {
        "id": session_id, "associated_id": "meeting-1", "meeting_display_name": f"Session {session_id}",
        "type": "meeting", "status": "ENDED", "started_at": _time(started_at), "created_at": _time(started_at),
        **(contents.pop("session", None) or {}),
    }  # fmt: skip
    peers = contents.pop("peers", {})
    artifacts: dict[str, SavedArtifact] = {}

    def keep(name: str, file: str, content: Any) -> None:
        data = content if isinstance(content, bytes) else _encode(content)
        path = f"{folder}/{file}"
        archive.store.put(path, compressed(data) if file.endswith(".zst") else data)
        artifacts[name] = SavedArtifact(name, State.COPIED, file, *digest(data), checked_at=START)

    keep("session", "session.json", {"success": True, "data": record})
    for name, content in contents.items():
        keep(name, FILES[name], content)
    for peer_id, report in peers.items():
        keep(f"peers/{layout.encode_id(peer_id)}", f"peers/{layout.encode_id(peer_id)}.json.zst", report)
    people = contents.get("participants")
    manifest = Manifest(
        session_id, APP, "meeting-1", "ENDED", started_at, started_at, START, artifacts,
        record["meeting_display_name"], 0 if people is None else 1, revision,
    )  # fmt: skip
    archive.store.put(ChangedSession(layout.day_of(started_at), revision, session_id).path, b"")
    archive.store.put(f"{folder}/{layout.MANIFEST}", encode(manifest))
    return folder


def _encode(content: Any) -> bytes:
    text = content if isinstance(content, str) else json.dumps(content)
    return text.encode("utf-8", "surrogatepass")


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def update(archive: Archive, now: datetime = START, *, later: timedelta = timedelta(0)) -> int:
    return update_tables(archive.store, archive.ledger, now + later).changed


def rows(archive: Archive) -> dict[str, list[str]]:
    """Return the rows of all tables, in an order that says nothing."""
    return {table: sorted(map(repr, archive.arrow(table).to_pylist())) for table in TABLES}


def transcript(*lines: tuple[int, str, str], peer: str | None = None) -> str:
    """Return a transcript of milliseconds, names and texts."""
    return "".join(
        f'{at},{peer or f"peer-{name.lower()}"},user-{name.lower()},custom-{name.lower()},{name},"{text}"\r\n'
        for at, name, text in lines
    )


def people(*names: str) -> dict[str, Any]:
    """Return the participants of a session as the API sends them."""
    found = [
        {"id": f"peer-{name.lower()}", "user_id": f"user-{name.lower()}", "display_name": name,
         "custom_participant_id": f"custom-{name.lower()}", "joined_at": START.isoformat()}
        for name in names
    ]  # fmt: skip
    return {"success": True, "data": {"participants": found}}
