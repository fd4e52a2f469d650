"""Where a person is in an archive, and what there is about them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.live_transcripts import LIVE_TRANSCRIPT, ids_in_staged, said_by
from realtimekit.archive.manifest import Unreadable, find_manifest, read_artifact
from realtimekit.archive.privacy.people import author_ids, ids_of, recordings_in
from realtimekit.archive.privacy.tombstones import ids_in
from realtimekit.archive.session_files import recording_files
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.archive.tables.update import update_tables
from realtimekit.artifacts.messages import parse_chat
from realtimekit.artifacts.segments import parse_transcript
from realtimekit.lazy import LazyModule
from realtimekit.values import format_time

pc: Any = LazyModule("pyarrow.compute")  # its functions are made at run time: no type checker knows them

PLATFORM_KEEPS = (
    "RealtimeKit itself still has the records of meetings and participants, and call quality for six months: its API "
    "can delete a participant of a meeting, and nothing of a session"
)
# The columns that hold ids of people.
_COLUMNS = {
    "participants": ["peer_id", "user_id", "custom_participant_id"],
    "transcript_segments": ["peer_id", "user_id", "custom_participant_id"],
    "chat_messages": ["participant_id"],
    "peer_quality": ["peer_id"],
}


class Subject(NamedTuple):
    """A person, by one of their ids."""

    custom_participant_id: str | None = None
    user_id: str | None = None
    peer_id: str | None = None

    @property
    def given(self) -> dict[str, str]:
        return {name: value for name, value in self._asdict().items() if value}

    def check(self) -> None:
        """Raise ArchiveError unless exactly one id is given."""
        if len(self.given) != 1:
            raise ArchiveError("give one id of the person: custom_participant_id, user_id or peer_id")


class ResolvedSubject(NamedTuple):
    """Where a person is: the sessions by day, and all of their ids."""

    sessions: set[tuple[str, str]]
    ids: set[str]


def resolve_subject(store: Store, ids: set[str]) -> ResolvedSubject:
    """Find a person in the tables: every row with one of their ids, or with another id of such a row, and so on.

    Args:
        store: the archive.
        ids: what is known of them.
    """
    snapshot = read_snapshot(store)
    known, sessions = set(ids), set[tuple[str, str]]()
    while True:
        before = len(known)
        for ids_of_speaker in ids_in_staged(store):
            if not known.isdisjoint(ids_of_speaker):
                known |= ids_of_speaker
        for table, columns in _COLUMNS.items():
            for file in snapshot.files(table):
                for row in _rows_about(store, table, file, columns, known):
                    sessions.add((row["day"], row["session_id"]))
                    known.update(row[column] for column in columns if row[column])
        if len(known) == before:
            return ResolvedSubject(sessions, known)


def _rows_about(store: Store, table: str, file: str, columns: list[str], ids: set[str]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa

    rows = read_table(store, table, [file], ["day", "session_id", *columns])
    values, mask = pa.array(sorted(ids), pa.string()), None
    for column in columns:
        found = pc.is_in(rows[column], values)
        mask = found if mask is None else pc.or_(mask, found)
    yield from rows.filter(mask).to_pylist()


# --- what there is about a person -------------------------------------------------------------------------------------


def export_subject(store: Store, ledger: Ledger, subject: Subject) -> dict[str, Any]:
    """Return what an archive has about a person: see `Archive.export_subject`."""
    subject.check()
    app_id = ledger.app()["app_id"]
    updated = update_tables(store, ledger, ledger.now())
    found = resolve_subject(store, {*subject.given.values()})
    folders = [layout.session_folder(app_id, day, session_id) for day, session_id in sorted(found.sessions)]
    sessions, unreadable = list[dict[str, Any]](), list[Unreadable]()
    for folder in folders:
        try:
            sessions.append(_about(store, folder, found.ids, unreadable))
        except ArchiveDamagedError as error:
            unreadable.append(Unreadable(folder, str(error)))
    live = [{"session_id": session_id, "transcript": said} for session_id, said in said_by(store, found.ids).items()]
    return {
        "subject": subject.given,
        "sessions": sessions,
        "live": live,
        "platform": PLATFORM_KEEPS,
        "unreadable": ledger.describe(unreadable + updated.unreadable),
    }


def _about(store: Store, folder: str, ids: set[str], unreadable: list[Unreadable]) -> dict[str, Any]:
    """Return what a session has about a person; what of it cannot be read is added to a list."""
    if (found := find_manifest(store, folder)) is None:
        raise ArchiveDamagedError(f"{folder}/{layout.MANIFEST} is missing")
    manifest = found.manifest

    def read(name: str) -> bytes:
        try:
            return read_artifact(store, folder, manifest.artifacts.get(name)) or b""
        except ArchiveDamagedError as error:
            unreadable.append(Unreadable(folder, str(error)))
            return b""

    def is_theirs(values: Iterable[object]) -> bool:
        return not ids.isdisjoint(values)

    participants = responses.unwrap_list(responses.loads(read("participants") or b"null"), "participants") or []
    messages = [message.to_dict() for message in parse_chat(read("chat"), errors=[])]

    def said(name: str) -> list[dict[str, Any]]:
        return [
            {"start_ms": round(segment.start.total_seconds() * 1000), "text": segment.text}
            for segment in parse_transcript(read(name), errors=[])
            if segment.peer and is_theirs([value for value in segment.peer if value])
        ]

    reports = {
        one: responses.unwrap(responses.loads(content), "participant")
        for one in sorted(ids)
        if (content := read(f"peers/{layout.encode_id(one)}"))
    }
    composites, tracks = [], []
    for recording in recordings_in(read("recordings")):
        parent = f"recordings/{layout.encode_id(str(recording.get('id')))}"
        whole = not isinstance(recording.get("download_url"), list)
        for stem, _ in recording_files(recording):
            if whole:
                composites.append(f"{parent}/{stem}")
            elif is_theirs(ids_in(stem)):
                tracks.append(f"{parent}/{stem}")
    return {
        "session_id": manifest.session_id,
        "title": manifest.title,
        "started_at": manifest.started_at and format_time(manifest.started_at, "started_at"),
        "participants": [record for record in participants if is_theirs(ids_of(record))],
        "chat": [m for m in messages if is_theirs(author_ids(m))],
        "transcript": said("transcript"),
        "live_transcript": said(LIVE_TRANSCRIPT),
        "call_quality": reports,
        "recordings": tracks,
        "recordings_of_everybody": composites,
    }
