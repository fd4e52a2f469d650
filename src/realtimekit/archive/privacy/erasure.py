"""The erasure of one person: from the raw files, the tables and the search index, with a receipt that names nobody."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.claims import Claims
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import ChangedSession, Ledger
from realtimekit.archive.live_transcripts import erase_staged
from realtimekit.archive.manifest import Unreadable, read_artifact
from realtimekit.archive.privacy.people import erase_from, ids_of, recordings_in
from realtimekit.archive.privacy.rewriting import delete_uncommitted, finish_rewriting, rewrite
from realtimekit.archive.privacy.subject import PLATFORM_KEEPS, ResolvedSubject, Subject, resolve_subject
from realtimekit.archive.privacy.tombstones import Tombstones, ids_in
from realtimekit.archive.sealed import seal, unseal
from realtimekit.archive.search import index_path, update_index
from realtimekit.archive.session_files import recording_files
from realtimekit.archive.store import Store
from realtimekit.archive.tables.update import purge, update_tables
from realtimekit.artifacts.segments import parse_transcript
from realtimekit.saving.manifest import Manifest, SavedArtifact, State
from realtimekit.saving.scrub import encode_json
from realtimekit.values import format_time


class Erasure(NamedTuple):
    """What an erasure did. It holds no personal data.

    Attributes:
        id: of the receipt, `ledger/receipts/<id>.json`.
        at: when it was done.
        sessions: in how many sessions the person was.
        changed: how many artifacts were rewritten.
        deleted: how many artifacts were deleted.
        undecided: recordings of everybody, summaries, and texts without ids, in which the person may be: they stay
            until you say so.
        unreadable: what cannot be read of which sessions, each with its cure. They may still hold the person: erase
            again when they are mended.
        platform: what the platform still has.
    """

    id: str
    at: datetime
    sessions: int
    changed: int
    deleted: int
    undecided: list[str]
    platform: str
    unreadable: list[str]

    @property
    def ok(self) -> bool:
        """Whether everything could be read."""
        return not self.unreadable

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**self._asdict(), "at": format_time(self.at, "at")}


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
    app_id, now = ledger.app()["app_id"], ledger.now()
    subject.check()
    claims = Claims(store, ledger.now)
    tombstones = Tombstones(store, ledger)
    finish_rewriting(store, app_id, ledger.now)
    receipt_id = f"{layout.encode_time(now)}_erase_{secrets.token_hex(4)}"
    # If an erasure is killed, the next one, of whichever person, finishes its sessions: they are listed here.
    plans = [f"{layout.ERASING}/{receipt_id}.json", *(entry.path for entry in store.entries(layout.ERASING))]
    sessions, maybe = _read_plans(store, plans[1:])
    sessions |= _add_tombstones(store, ledger, claims, tombstones, subject)
    store.put(plans[0], seal({"sessions": sorted(sessions), "maybe": sorted(maybe)}))
    unreadable = delete_uncommitted(store, claims, app_id, ledger)
    eraser = _SessionEraser(store, tombstones, redact=redact, composites=delete_composites, summaries=delete_summaries)
    # Of those that the tables could not take up, only their own files can tell who is in them.
    maybe |= {(entry.day, entry.session_id) for entry in ledger.changed_sessions()}
    folders = {layout.session_folder(app_id, *each): each for each in [*sorted(sessions), *sorted(maybe - sessions)]}
    for folder, each in folders.items():
        try:
            rewrite(store, claims, folder, partial(eraser.change, folder, known=each in sessions))
        except ArchiveDamagedError as error:
            unreadable.append(Unreadable(folder, str(error)))
    unreadable += eraser.unreadable
    left = {one.folder: folders[one.folder] for one in unreadable if one.folder in folders}
    for day, session_id in left.values():  # without rows until they can be read
        store.put(ChangedSession(day, 1, session_id).path, b"")
    eraser.counts["changed"] += erase_staged(store, tombstones, redact=redact)
    update_tables(store, ledger, now, {folder: session_id for folder, (_, session_id) in left.items()})
    purge(store)
    if index_path(store).exists():
        update_index(store)
    receipt = Erasure(
        id=receipt_id,
        at=now,
        sessions=len(sessions),
        changed=eraser.counts["changed"],
        deleted=eraser.counts["deleted"],
        undecided=eraser.undecided,
        platform=PLATFORM_KEEPS,
        unreadable=ledger.describe(unreadable),
    )
    store.put(f"{layout.RECEIPTS}/{receipt.id}.json", seal(receipt.to_dict()))
    if left:
        waiting = {*left.values()}
        store.put(plans[0], seal({"sessions": sorted(waiting & sessions), "maybe": sorted(waiting - sessions)}))
    store.delete(plans[1:] if left else plans)
    return receipt


def _read_plans(store: Store, paths: list[str]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the sessions of erasures that are not finished: those with their person, and those that may have them."""
    try:
        plans = [unseal(content, path) for path in paths if (content := store.read(path)) is not None]
    except ArchiveDamagedError as error:
        raise ArchiveDamagedError(f"{error}: delete it, and erase again whoever was being erased") from None
    known, maybe = ({(day, one) for plan in plans for day, one in plan.get(key, [])} for key in ("sessions", "maybe"))
    return known, maybe


def _add_tombstones(
    store: Store, ledger: Ledger, claims: Claims, tombstones: Tombstones, subject: Subject
) -> set[tuple[str, str]]:
    """Add tombstones for all ids of a person, and find their sessions: those that are being copied right now, too.

    A copy reads the tombstones when it has claimed a session. So whoever has a claim when they are there may not know
    them, and is waited for; everybody else leaves the person out.
    """
    found = resolve_subject(store, {*subject.given.values()})
    while True:
        tombstones.add(sorted(found.ids))
        tombstones.announce()
        for entry in store.entries(layout.CLAIMS):
            if not claims.wait(entry.path):
                raise ArchiveError(f"{entry.path} is still held: a session is being copied; try again later")
            claims.release_path(entry.path)
        update_tables(store, ledger, ledger.now())
        again = resolve_subject(store, found.ids)
        sessions = found.sessions | again.sessions
        if again.ids == found.ids:
            return sessions
        found = ResolvedSubject(sessions, again.ids)


class _SessionEraser:
    def __init__(
        self, store: Store, tombstones: Tombstones, *, redact: bool, composites: bool, summaries: bool
    ) -> None:
        self._store, self._tombstones = store, tombstones
        self._redact, self._composites, self._summaries = redact, composites, summaries
        self.counts: Counter[str] = Counter()
        self.undecided: list[str] = []
        self.unreadable: list[Unreadable] = []

    def change(self, folder: str, manifest: Manifest, *, known: bool) -> tuple[Manifest, dict[str, bytes]] | None:
        """Return the manifest of a session without the person, and the contents that change.

        Args:
            folder: of the session.
            manifest: of the session.
            known: whether the person was in it. Otherwise its participants tell; if they cannot, what is of everybody
                stays.
        """
        artifacts = dict(manifest.artifacts)
        ids = self._participant_ids(folder, manifest)
        was_there = known or any(map(self._tombstones.cover, ids))
        for name, new in self._unwanted(folder, manifest, ids, was_there=was_there):
            old = artifacts.pop(name)
            artifacts[new] = SavedArtifact(new, State.ERASED, checked_at=old.checked_at)
            self.counts["deleted"] += old.path is not None
        contents: dict[str, bytes] = {}
        for name, artifact in artifacts.items():
            if (content := self._without(folder, artifact)) is not None:
                contents[name] = content
        self.counts["changed"] += len(contents)
        if not contents and artifacts == manifest.artifacts:
            return None
        return manifest._replace(artifacts=artifacts), contents

    def _unwanted(
        self, folder: str, manifest: Manifest, ids: set[str], *, was_there: bool
    ) -> Iterator[tuple[str, str]]:
        """Iterate over the artifacts to delete, each with the name that it gets; note those that somebody is to decide.

        The names of files may hold the ids of the person.
        """
        tracks = self._tracks(folder, manifest, ids)
        for name, artifact in manifest.artifacts.items():
            kind, _, rest = name.partition("/")
            if kind == "peers" and self._tombstones.cover(layout.decode_id(rest)):
                yield name, f"peers/{self._tombstones.pseudonym(layout.decode_id(rest))}"
            elif name in tracks:
                if (new := tracks[name]) is not None:
                    yield name, new
            elif was_there and artifact.path is not None and self._may_hold_anybody(folder, artifact):
                if (kind == "recordings" and self._composites) or (kind == "summary" and self._summaries):
                    yield name, name
                else:
                    self.undecided.append(f"session {manifest.session_id}: {name}")

    def _tracks(self, folder: str, manifest: Manifest, ids: set[str]) -> dict[str, str | None]:
        """Return the tracks of single people: those of this person with the name that they get, those of others None.

        A track with nobody's id in its name is left out: it may be of anybody.
        """
        tracks: dict[str, str | None] = {}
        for record in recordings_in(self._read(folder, manifest.artifacts.get("recordings"))):
            if not isinstance(record.get("download_url"), list):
                continue
            parent = f"recordings/{layout.encode_id(str(record.get('id')))}"
            without = erase_from("recordings", encode_json([record]), self._tombstones, redact=False)
            after = responses.loads(without)[0]
            for (stem, _), (new, _) in zip(recording_files(record), recording_files(after), strict=True):
                if stem != new:
                    tracks[f"{parent}/{stem}"] = f"{parent}/{new}"
                elif not ids.isdisjoint(ids_in(stem)):
                    tracks[f"{parent}/{stem}"] = None
        return tracks

    def _participant_ids(self, folder: str, manifest: Manifest) -> set[str]:
        content = self._read(folder, manifest.artifacts.get("participants"))
        records = responses.unwrap_list(responses.loads(content or b"null"), "participants") or []
        return {one for record in records for one in ids_of(record)}

    def _may_hold_anybody(self, folder: str, artifact: SavedArtifact) -> bool:
        """Whether nobody can tell who is in it: a recording, a summary, a transcript whose lines have names alone."""
        if artifact.name.partition("/")[0] != "transcript":
            return artifact.name == "summary" or artifact.name.startswith("recordings/")
        segments = parse_transcript(self._read(folder, artifact) or b"", errors=[])
        return any(segment.peer is None or not any(segment.peer) for segment in segments)

    def _without(self, folder: str, artifact: SavedArtifact) -> bytes | None:
        """Return the content of an artifact without the person, as it is stored; None if they are not in it."""
        if artifact.name.startswith("recordings/") or (content := self._read(folder, artifact)) is None:
            return None
        kept = erase_from(artifact.name, content, self._tombstones, redact=self._redact)
        return None if kept is content else kept

    def _read(self, folder: str, artifact: SavedArtifact | None) -> bytes | None:
        try:
            return read_artifact(self._store, folder, artifact)
        except ArchiveDamagedError as error:
            self.unreadable.append(Unreadable(folder, str(error)))
            return None
