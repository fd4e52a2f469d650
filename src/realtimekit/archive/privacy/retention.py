"""Retention rules: what is older is deleted from the archive, and the manifest records it."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.claims import Claims
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.live_transcripts import expire_staged
from realtimekit.archive.manifest import Unreadable
from realtimekit.archive.privacy.rewriting import finish_rewriting, rewrite
from realtimekit.archive.sealed import seal
from realtimekit.archive.search import index_path, update_index
from realtimekit.archive.store import Store
from realtimekit.archive.tables.update import purge, update_tables
from realtimekit.saving.manifest import KINDS, Manifest, SavedArtifact, State
from realtimekit.values import format_time


class Expiry(NamedTuple):
    """What a retention rule did.

    Attributes:
        id: of the receipt, `ledger/receipts/<id>.json`.
        at: the time that it was compared with.
        sessions: of how many sessions something was deleted.
        deleted: how many artifacts were deleted.
        bytes: how large they were, before compression.
        unreadable: what cannot be read of which sessions, each with its cure: the rule was not applied to them.
    """

    id: str
    at: datetime
    sessions: int
    deleted: int
    bytes: int
    unreadable: list[str]

    @property
    def ok(self) -> bool:
        """Whether the rule was applied to all sessions."""
        return not self.unreadable

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**self._asdict(), "at": format_time(self.at, "at")}


def expire(
    store: Store, ledger: Ledger, after: timedelta, keep: Iterable[str] = (), now: datetime | None = None
) -> Expiry:
    """Delete what is older: see `Archive.expire`."""
    kept = set(keep)
    if unknown := kept - set(KINDS):
        raise ArchiveError(f"keep={sorted(unknown)}: use any of {', '.join(KINDS)}")
    if after <= timedelta(0):
        raise ArchiveError("after= must be positive, e.g. timedelta(days=90)")
    app_id, at = ledger.app()["app_id"], now or ledger.last_server_time() or ledger.now()
    claims = Claims(store, ledger.now)
    finish_rewriting(store, app_id, ledger.now)
    rule, sessions, unreadable = _Rule(at - after, kept), 0, list[Unreadable]()
    # What is being copied has no manifest yet.
    copying = {layout.encode_id(entry.session_id) for entry in ledger.open_sessions()}
    last = layout.day_of(at - after)
    for day_folder in store.folders(f"{layout.RAW}/app={layout.encode_id(app_id)}"):
        day = layout.partition_value(day_folder, "day")
        if day <= last or day == layout.NO_DAY:
            for folder in store.folders(day_folder):
                if folder.rpartition("/session=")[2] in copying and store.size(f"{folder}/{layout.MANIFEST}") is None:
                    continue
                try:
                    sessions += rewrite(store, claims, folder, rule.change)
                except ArchiveDamagedError as error:
                    unreadable.append(Unreadable(folder, str(error)))
    if "transcript" not in kept:
        rule.deleted += expire_staged(store, at - after)
    update_tables(store, ledger, at)
    purge(store)
    if index_path(store).exists():
        update_index(store)
    receipt_id = f"{layout.encode_time(at)}_expire_{secrets.token_hex(4)}"
    receipt = Expiry(receipt_id, at, sessions, rule.deleted, rule.bytes, ledger.describe(unreadable))
    store.put(f"{layout.RECEIPTS}/{receipt.id}.json", seal(receipt.to_dict()))
    return receipt


class _Rule:
    def __init__(self, before: datetime, kept: set[str]) -> None:
        self._before, self._kept = before, kept
        self.deleted = self.bytes = 0

    def change(self, manifest: Manifest) -> tuple[Manifest, dict[str, bytes]] | None:
        """Return the manifest of a session after the rule; None if the rule leaves it as it is."""
        if manifest.ended_at is None or manifest.ended_at >= self._before:
            return None
        old = [
            artifact
            for name, artifact in manifest.artifacts.items()
            if name.partition("/")[0] not in self._kept and artifact.state is not State.EXPIRED
        ]
        if not old:
            return None
        self.deleted += sum(artifact.path is not None for artifact in old)
        self.bytes += sum(artifact.bytes or 0 for artifact in old)
        names = {artifact.name for artifact in old}
        artifacts = {name: artifact for name, artifact in manifest.artifacts.items() if name not in names}
        # One for all of a kind: the names of files may hold the ids of people.
        for kind in sorted({name.partition("/")[0] for name in names}):
            artifacts[kind] = SavedArtifact(kind, State.EXPIRED, checked_at=manifest.saved_at)
        title = manifest.title if "session" in self._kept else None
        return manifest._replace(artifacts=artifacts, title=title), {}
