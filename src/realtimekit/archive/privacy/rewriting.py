"""Rewriting a session that was copied, so that nothing of what is to go is left, wherever the program is killed.

New content goes to new files, the manifest is swapped, then whatever it no longer names is deleted. An entry in the
ledger says that this is under way: the next erasure, retention rule or sync finishes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from realtimekit.archive import layout
from realtimekit.archive.claims import Claims
from realtimekit.archive.compression import compressed
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import ChangedSession, Ledger
from realtimekit.archive.manifest import Unreadable, encode, find_manifest
from realtimekit.archive.store import Store
from realtimekit.saving.manifest import Manifest, SavedArtifact
from realtimekit.saving.store import digest


def rewrite(
    store: Store, claims: Claims, folder: str, change: Callable[[Manifest], tuple[Manifest, dict[str, bytes]] | None]
) -> bool:
    """Change a session. Returns whether it was changed.

    Args:
        store: the archive.
        claims: of this process.
        folder: of the session.
        change: takes the manifest; returns the new one, and the contents of artifacts that it replaces. None: leave it.

    Raises:
        ArchiveDamagedError: the manifest cannot be read, or is gone.
        ArchiveError: another process is at work on the session.
    """
    day, session = _parts(folder)
    claim = f"{layout.CLAIMS}/{session}"
    if not claims.wait(claim):
        raise ArchiveError(f"session {session} is still being copied: try again later")
    try:
        found = find_manifest(store, folder)
        if found is None and store.entries(folder):
            raise ArchiveDamagedError(f"{folder}/{layout.MANIFEST} is missing")
        changed = None if found is None else change(found.manifest)
        if found is None or changed is None:
            return False
        after, contents = changed
        artifacts, revision = dict(after.artifacts), after.revision + 1
        for name, content in contents.items():
            artifacts[name] = _write(store, folder, artifacts[name], content, revision)
        after = after._replace(revision=revision, artifacts=artifacts)
        marker = f"{layout.REWRITING}/{day}_{session}"
        store.put(marker, b"")
        store.put(ChangedSession(day, after.revision, after.session_id).path, b"")
        store.flush(folder)
        if not store.swap(f"{folder}/{layout.MANIFEST}", encode(after), found.version):
            raise ArchiveError(f"session {session} was changed meanwhile: try again")
        _delete_unreferenced(store, folder, after)
        store.delete([marker])
        return True
    finally:
        claims.release_path(claim)


def finish_rewriting(store: Store, app_id: str, now: Callable[[], datetime]) -> None:
    """Delete what a process that was killed while rewriting has left."""
    markers = store.entries(layout.REWRITING)
    claims = Claims(store, now)
    for marker in markers:
        day, _, session = marker.path.rpartition("/")[2].partition("_")
        claim = f"{layout.CLAIMS}/{session}"
        if not claims.acquire_path(claim):
            continue  # it is under way
        try:
            folder = f"{layout.day_folder(app_id, day)}/session={session}"
            if (found := find_manifest(store, folder)) is not None:
                _delete_unreferenced(store, folder, found.manifest)
            store.delete([marker.path])
        except ArchiveDamagedError:
            continue  # nobody can tell what it names: the note stays
        finally:
            claims.release_path(claim)


def delete_uncommitted(store: Store, claims: Claims, app_id: str, ledger: Ledger) -> list[Unreadable]:
    """Delete what copies that were killed have left without a commit: it will be copied again.

    Returns:
        The sessions of which nobody can tell, because their manifests cannot be read.
    """
    unreadable = []
    for entry in ledger.open_sessions():
        folder = layout.session_folder(app_id, entry.day, entry.session_id)
        if not store.entries(folder) or not claims.acquire(entry.session_id):
            continue  # nothing there, or it is under way
        try:
            found = find_manifest(store, folder)
            _delete_unreferenced(store, folder, None if found is None else found.manifest)
        except ArchiveDamagedError as error:
            unreadable.append(Unreadable(folder, str(error)))
        finally:
            claims.release(entry.session_id)
    return unreadable


def _write(store: Store, folder: str, artifact: SavedArtifact, content: bytes, revision: int) -> SavedArtifact:
    """Write an artifact to a new file."""
    stem, _, extension = (artifact.path or artifact.name).partition(".")
    path = f"{stem}.{revision}.{re.sub(r'^[0-9]+[.]', '', extension)}"  # in place of an earlier revision
    store.put(f"{folder}/{path}", compressed(content) if path.endswith(".zst") else content)
    return artifact._replace(path=path, **digest(content)._asdict())


def _parts(folder: str) -> tuple[str, str]:
    """Return the day of a session's folder, and its id as it stands there: of a very long one the digest."""
    return layout.partition_value(folder.rpartition("/")[0], "day"), folder.rpartition("/session=")[2]


def _delete_unreferenced(store: Store, folder: str, manifest: Manifest | None) -> None:
    """Delete the files of a session that its manifest does not name: all if there is none. The session is claimed."""
    store.remove_leftovers(folder)
    artifacts = {} if manifest is None else manifest.artifacts
    named = {artifact.path for artifact in artifacts.values()} | {layout.MANIFEST}
    prefix = f"{folder}/"
    store.delete(entry.path for entry in store.entries(folder) if entry.path.removeprefix(prefix) not in named)
