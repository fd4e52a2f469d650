"""The erasure of one person: from the raw files, the tables and the search index, with a receipt that names nobody."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.compression import decompressed
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.forgetting.people import erase_from, ids_of
from realtimekit.archive.forgetting.rewriting import finish_rewriting, rewrite
from realtimekit.archive.forgetting.tombstones import Tombstones
from realtimekit.archive.ledger import Claims
from realtimekit.archive.manifest import Artifact, Manifest, State
from realtimekit.archive.search import index_path, update_index
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.archive.tables.update import purge, update_tables
from realtimekit.artifacts.messages import parse_chat
from realtimekit.artifacts.segments import parse_transcript
from realtimekit.values import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from realtimekit.archive.ledger import Ledger
    from realtimekit.archive.store import Store

PLATFORM_KEEPS = (
    "RealtimeKit itself still has the records of meetings and participants, and call quality for six months: its API "
    "can delete a participant of a meeting, and nothing of a session"
)


class Erasure(NamedTuple):
    """What an erasure did. It holds no personal data.

    Attributes:
        id: of the receipt, `ledger/receipts/<id>.json`.
        at: when it was done, by this machine.
        sessions: in how many sessions the person was.
        changed: how many artifacts were rewritten.
        deleted: how many artifacts were deleted.
        undecided: recordings of everybody and summaries in which the person may be: they stay until you say so.
        platform: what the platform still has.
    """

    id: str
    at: datetime
    sessions: int
    changed: int
    deleted: int
    undecided: list[str]
    platform: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**self._asdict(), "at": format_time(self.at, "at")}


class Subject(NamedTuple):
    """A person, by one of their ids."""

    custom_participant_id: str | None = None
    user_id: str | None = None
    peer_id: str | None = None

    @property
    def given(self) -> dict[str, str]:
        return {name: value for name, value in self._asdict().items() if value}


class Found(NamedTuple):
    """Where a person is: the sessions by day, and all of their ids."""

    sessions: set[tuple[str, str]]
    ids: set[str]


def find(store: Store, ledger: Ledger, subject: Subject) -> Found:
    """Find a person in the tables, which are brought up to date first.

    Raises:
        ArchiveError: no id was given, or more than one.
    """
    if len(subject.given) != 1:
        raise ArchiveError("give one id of the person: custom_participant_id, user_id or peer_id")
    [(name, value)] = subject.given.items()
    # Before and after: an erasure that was killed may have rewritten sessions that the tables still have.
    before = _find(store, name, value)
    update_tables(store, ledger, datetime.now(UTC))
    after = _find(store, name, value)
    return Found(before.sessions | after.sessions, before.ids | after.ids)


def _find(store: Store, name: str, value: str) -> Found:
    snapshot = read_snapshot(store)
    ids, sessions = {value}, set[tuple[str, str]]()
    columns = ["day", "session_id", "peer_id", "user_id", "custom_participant_id"]
    for table in ("participants", "transcript_segments"):
        for file in snapshot.files(table):
            rows = read_table(store, table, [file], columns).to_pydict()
            for at, found in enumerate(rows[name]):
                if found == value:
                    sessions.add((rows["day"][at], rows["session_id"][at]))
                    ids |= {rows[column][at] for column in columns[2:] if rows[column][at]}
    return Found(sessions, ids)


def erase(
    store: Store,
    ledger: Ledger,
    subject: Subject,
    *,
    redact: bool = False,
    delete_composites: bool = False,
    delete_summaries: bool = False,
) -> Erasure:
    """Erase a person: see `Archive.erase`."""
    found = find(store, ledger, subject)
    now = datetime.now(UTC)
    # Before anything is rewritten: a copy that is made meanwhile leaves the person out already.
    tombstones = Tombstones(store, ledger)
    tombstones.add(sorted(found.ids))
    work = _Work(store, tombstones, found.ids, redact=redact, composites=delete_composites, summaries=delete_summaries)
    claims, app_id = Claims(store, lambda: datetime.now(UTC)), ledger.app()["app_id"]
    finish_rewriting(store, app_id, lambda: datetime.now(UTC))
    for day, session_id in sorted(found.sessions):
        folder = layout.session_folder(app_id, day, session_id)
        rewrite(store, claims, folder, partial(work.change, folder))
    update_tables(store, ledger, now)
    purge(store)
    if index_path(store).exists():
        update_index(store)
    receipt = Erasure(
        id=f"{layout.stamp(now)}_erase_{secrets.token_hex(4)}",
        at=now,
        sessions=len(found.sessions),
        changed=work.counts["changed"],
        deleted=work.counts["deleted"],
        undecided=work.undecided,
        platform=PLATFORM_KEEPS,
    )
    content = json.dumps(receipt.to_dict(), indent=1) + "\n"
    store.put(f"{layout.RECEIPTS}/{receipt.id}.json", content.encode())
    return receipt


class _Work:
    def __init__(
        self, store: Store, tombstones: Tombstones, ids: set[str], *, redact: bool, composites: bool, summaries: bool
    ) -> None:
        self._store, self._tombstones, self._ids = store, tombstones, ids
        self._redact, self._composites, self._summaries = redact, composites, summaries
        self.counts: Counter[str] = Counter()
        self.undecided: list[str] = []

    def change(self, folder: str, manifest: Manifest) -> tuple[Manifest, dict[str, bytes]] | None:
        """Return the manifest of a session without the person, and the contents that change."""
        artifacts, contents = dict(manifest.artifacts), dict[str, bytes]()
        for artifact in self._unwanted(manifest):
            artifacts[artifact.name] = artifact._replace(
                state=State.ERASED, file=None, bytes=None, sha256=None, source=None
            )
        for name in ("participants", "chat", "transcript", "recordings"):
            if (content := self._without(folder, artifacts.get(name))) is not None:
                contents[name] = content
        self.counts["changed"] += len(contents)
        self.counts["deleted"] += sum(artifacts[name] != manifest.artifacts[name] for name in artifacts)
        if not contents and artifacts == manifest.artifacts:
            return None
        return manifest._replace(artifacts=artifacts), contents

    def _unwanted(self, manifest: Manifest) -> Iterator[Artifact]:
        """Iterate over the artifacts to delete; note those that are for somebody to decide."""
        for artifact in manifest.artifacts.values():
            kind, _, rest = artifact.name.partition("/")
            undecided = False
            if artifact.file is None:
                continue
            if kind == "peers" and layout.unsegment(rest) in self._ids:
                yield artifact
            elif kind == "recordings" and rest:
                # A track of one person has their id in its name.
                if self._composites or any(layout.segment(one) in rest or one in rest for one in self._ids):
                    yield artifact
                else:
                    undecided = True
            elif kind == "summary":
                if self._summaries:
                    yield artifact
                else:
                    undecided = True
            if undecided:
                self.undecided.append(f"session {manifest.session_id}: {artifact.name}")

    def _without(self, folder: str, artifact: Artifact | None) -> bytes | None:
        """Return the content of an artifact without the person; None if they are not in it."""
        if artifact is None or artifact.file is None:
            return None
        content = self._store.read(f"{folder}/{artifact.file}")
        if content is None:
            return None
        kept = erase_from(artifact.name, content, self._tombstones.cover, redact=self._redact)
        return None if kept is content else kept


# --- what there is about a person -------------------------------------------------------------------------------------


def export_subject(store: Store, ledger: Ledger, subject: Subject) -> dict[str, Any]:
    """Return what an archive has about a person: see `Archive.export_subject`."""
    found = find(store, ledger, subject)
    app_id = ledger.app()["app_id"]
    folders = [layout.session_folder(app_id, day, session_id) for day, session_id in sorted(found.sessions)]
    sessions = [_about(store, folder, found.ids) for folder in folders]
    return {"subject": subject.given, "sessions": sessions, "platform": PLATFORM_KEEPS}


def _about(store: Store, folder: str, ids: set[str]) -> dict[str, Any]:
    path = f"{folder}/{layout.MANIFEST}"
    manifest = Manifest.decode(store.read(path) or b"", path)

    def read(name: str) -> bytes:
        artifact = manifest.artifacts.get(name)
        content = store.read(f"{folder}/{artifact.file}") if artifact and artifact.file else None
        return decompressed(content) if content and name.startswith("peers/") else content or b""

    def is_theirs(values: Iterable[str]) -> bool:
        return not ids.isdisjoint(values)

    participants = responses.unwrap_list(responses.loads(read("participants") or b"null"), "participants") or []
    messages = [message.to_dict() for message in parse_chat(read("chat"), errors=[])]
    segments = [
        {"start_ms": round(segment.start.total_seconds() * 1000), "text": segment.text}
        for segment in parse_transcript(read("transcript"), errors=[])
        if segment.peer and is_theirs([value for value in segment.peer if value])
    ]
    reports = {
        one: responses.unwrap(responses.loads(content), "participant")
        for one in sorted(ids)
        if (content := read(f"peers/{layout.segment(one)}"))
    }
    return {
        "session_id": manifest.session_id,
        "title": manifest.title,
        "started_at": manifest.started_at and format_time(manifest.started_at, "started_at"),
        "participants": [record for record in participants if is_theirs(ids_of(record))],
        "chat": [m for m in messages if is_theirs(ids_of({k: v for k, v in m.items() if k != "id"}))],
        "transcript": segments,
        "call_quality": reports,
        "recordings_of_everybody": [name for name in manifest.artifacts if name.startswith("recordings/")],
    }
