"""The manifests of an archive: those of saved sessions, with a checksum. Written last, each commits its session."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.compression import decompressed
from realtimekit.archive.errors import ArchiveDamagedError
from realtimekit.archive.sealed import seal, unseal
from realtimekit.archive.store import Store
from realtimekit.errors import DecodeError
from realtimekit.saving.manifest import FORMAT, Manifest, SavedArtifact, State

RESTORE = "restore it from a copy, or from an older version of the object"


class Unreadable(NamedTuple):
    """A session that cannot be read, or not whole: whoever meets it goes on with the others, and names it.

    Attributes:
        folder: the session's.
        problem: the object, and what is wrong with it.
    """

    folder: str
    problem: str

    def describe(self, *, waiting: bool) -> str:
        """Return the problem with its cure.

        Args:
            waiting: whether the ledger has the session: syncs still look at it.
        """
        whole = self.problem.startswith(f"{self.folder}/{layout.MANIFEST} ")
        mending = cure(self.folder, waiting=waiting) if whole else f"{RESTORE}; or else delete it: the rest stays"
        return f"{self.problem}: {mending}"


class StoredManifest(NamedTuple):
    """A manifest that was read, and the version of it that `Store.swap` compares."""

    manifest: Manifest
    version: str


def encode(manifest: Manifest) -> bytes:
    """Return the content of `manifest.json`."""
    return seal(manifest._replace(artifacts=dict(sorted(manifest.artifacts.items()))).to_dict())


def decode(content: bytes, path: str) -> Manifest:
    """Read a manifest.

    Raises:
        ArchiveDamagedError: it is not a manifest, or of a newer version.
    """
    document = unseal(content, path)
    try:
        return Manifest.from_dict(_upgrade(document) if "format" not in document else document)
    except (DecodeError, KeyError, TypeError) as error:
        raise ArchiveDamagedError(f"{path} is not a manifest of a session: {error}") from None


def find_manifest(store: Store, folder: str) -> StoredManifest | None:
    """Return the manifest in the folder of a session; None if there is none.

    Raises:
        ArchiveDamagedError: it is not what was written, or of a newer version.
    """
    path = f"{folder}/{layout.MANIFEST}"
    found = store.get(path)
    return None if found is None else StoredManifest(decode(found.content, path), found.version)


def cure(folder: str, *, waiting: bool) -> str:
    """Return how to mend a session whose manifest cannot be read: see `Unreadable.describe`."""
    if waiting:
        return "delete it: the next sync copies the session again, as far as the platform still has it"
    day = layout.partition_value(folder.rpartition("/")[0], "day")
    since = "" if day == layout.NO_DAY else f" --since {day}"
    again = f"`realtimekit archive sync{since}` copies what the platform still has"
    return f"{RESTORE}; or else delete the folder of the session: {again}"


def read_artifact(store: Store, folder: str, artifact: SavedArtifact | None) -> bytes | None:
    """Return the content of an artifact of a session; None if it has none, or the object is gone.

    Raises:
        ArchiveDamagedError: it is not what was written.
    """
    if artifact is None or artifact.path is None:
        return None
    content = store.read(f"{folder}/{artifact.path}")
    if content is None:
        return None
    if artifact.path.endswith(".zst"):
        try:
            content = decompressed(content)
        except OSError:
            raise ArchiveDamagedError(f"{folder}/{artifact.path} is damaged: it cannot be decompressed") from None
    if artifact.sha256 is not None and hashlib.sha256(content).hexdigest() != artifact.sha256:
        raise ArchiveDamagedError(f"{folder}/{artifact.path} is damaged: its checksum is wrong")
    return content


def reopened(manifest: Manifest, name: str, deadline: datetime) -> Manifest:
    """Return the same with one artifact to be checked again, unless it is there."""
    artifact = manifest.artifacts.get(name)
    if artifact is None or artifact.state in {State.COPIED, State.ERASED, State.EXPIRED}:
        return manifest
    changed = artifact._replace(state=State.PENDING, deadline=artifact.deadline or deadline)
    return manifest._replace(artifacts={**manifest.artifacts, name: changed})


def _upgrade(document: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest of the archives from before they shared the format of saved sessions."""
    artifacts = {entry["name"]: {**entry, "path": entry.get("file")} for entry in document["artifacts"]}
    return {**document, "format": FORMAT, "saved_at": document["written_at"], "artifacts": artifacts}
