"""Rewriting a session that was copied, so that nothing of what is to go is left, wherever the program is killed.

New content goes to new files, the manifest is swapped, then whatever it no longer names is deleted. An entry in the
ledger says that this is under way: the next erasure, retention rule or sync finishes it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.ledger import ChangedSession, Claims
from realtimekit.archive.manifest import Artifact, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from realtimekit.archive.store import Store


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
        ArchiveError: another process is at work on the session.
    """
    session_id = layout.part(folder, "session")
    if not claims.take(session_id):
        raise ArchiveError(f"session {session_id} is being copied right now: try again in a few minutes")
    try:
        path = f"{folder}/{layout.MANIFEST}"
        found = store.get(path)
        changed = None if found is None else change(Manifest.decode(found.content, path))
        if found is None or changed is None:
            return False
        after, contents = changed
        after = after._replace(revision=after.revision + 1, artifacts=dict(after.artifacts))
        for name, content in contents.items():
            after.artifacts[name] = _write(store, folder, after.artifacts[name], content, after.revision)
        day = layout.part(folder.rpartition("/")[0], "day")
        marker = f"{layout.REWRITING}/{day}_{layout.segment(session_id)}"
        store.put(marker, b"")
        store.put(ChangedSession(day, after.revision, session_id).path, b"")
        store.flush(folder)
        if not store.swap(path, after.encode(), found.version):
            raise ArchiveError(f"session {session_id} was changed meanwhile: try again")
        _delete_unnamed(store, folder, after)
        store.delete([marker])
        return True
    finally:
        claims.release(session_id)


def finish_rewriting(store: Store, app_id: str, now: Callable[[], datetime]) -> None:
    """Delete what a process that was killed while rewriting has left."""
    markers = store.entries(layout.REWRITING)
    claims = Claims(store, now)
    for marker in markers:
        day, _, session = marker.path.rpartition("/")[2].partition("_")
        session_id = layout.unsegment(session)
        if not claims.take(session_id):
            continue  # it is under way
        try:
            folder = layout.session_folder(app_id, day, session_id)
            content = store.read(f"{folder}/{layout.MANIFEST}")
            if content is not None:
                _delete_unnamed(store, folder, Manifest.decode(content, f"{folder}/{layout.MANIFEST}"))
            store.delete([marker.path])
        finally:
            claims.release(session_id)


def _write(store: Store, folder: str, artifact: Artifact, content: bytes, revision: int) -> Artifact:
    """Write an artifact to a new file."""
    old = artifact.file or artifact.name
    stem, _, extension = old.partition(".")
    file = f"{stem}.{revision}.{extension.rpartition('.')[2]}"
    store.put(f"{folder}/{file}", content)
    return artifact._replace(file=file, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())


def _delete_unnamed(store: Store, folder: str, manifest: Manifest) -> None:
    """Delete the files of a session that its manifest does not name."""
    named = {artifact.file for artifact in manifest.artifacts.values()} | {layout.MANIFEST}
    prefix = f"{folder}/"
    store.delete(entry.path for entry in store.entries(folder) if entry.path.removeprefix(prefix) not in named)
