"""The manifest of a saved session: its parts and their states. `docs/saving.md` specifies the format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit.errors import DecodeError

FORMAT = "realtimekit-session"
VERSION = 1
FILE_NAME = "manifest.json"

ArtifactState: TypeAlias = Literal[
    "COPIED", "EMPTY", "SUSPECT_EMPTY", "PENDING", "NOT_ENABLED", "LOST", "ERRORED"
]  # fmt: skip


class SavedArtifact(NamedTuple):
    """One part of a saved session.

    Attributes:
        name: e.g. "chat" or "peers/<peer id>".
        state: "COPIED"; "EMPTY", there is nothing; "SUSPECT_EMPTY", there is nothing although there should be;
            "PENDING", not there yet, or not final; "NOT_ENABLED" in the meeting; "LOST", no longer kept; "ERRORED".
        path: the file, relative to the folder of the session; None if there is none.
        bytes: its size.
        sha256: its digest, in hexadecimal.
        source: where it came from, without the signature.
        deadline: until when RealtimeKit keeps it, in ISO 8601; None if that is not known.
        reason: why it is not COPIED, as text.
    """

    name: str
    state: ArtifactState
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    source: str | None = None
    deadline: str | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry in the manifest, without what is not known."""
        return {name: value for name, value in self._asdict().items() if value is not None and name != "name"}


class Manifest(NamedTuple):
    """What was saved of one session.

    Attributes:
        session_id: the id of the session.
        app_id: the id of its app.
        meeting_id: the id of its meeting.
        status: its status when it was saved, e.g. "ENDED".
        started_at: its start, in ISO 8601.
        ended_at: its end.
        saved_at: when the manifest was written.
        artifacts: its parts, by name.
    """

    session_id: str
    app_id: str | None
    meeting_id: str | None
    status: str | None
    started_at: str | None
    ended_at: str | None
    saved_at: str
    artifacts: Mapping[str, SavedArtifact]

    @property
    def missing(self) -> list[SavedArtifact]:
        """The parts that are not there and should be: PENDING, SUSPECT_EMPTY, LOST or ERRORED."""
        fine = {"COPIED", "EMPTY", "NOT_ENABLED"}
        return [artifact for artifact in self.artifacts.values() if artifact.state not in fine]

    def __repr__(self) -> str:
        missing = f" missing={[artifact.name for artifact in self.missing]}" if self.missing else ""
        return f"<Manifest session_id={self.session_id!r} artifacts={len(self.artifacts)}{missing}>"

    def to_json(self) -> bytes:
        """Return the content of `manifest.json`."""
        fields = self._asdict()
        artifacts = {name: artifact.to_dict() for name, artifact in self.artifacts.items()}
        document = {"format": FORMAT, "version": VERSION, **fields, "artifacts": artifacts}
        return json.dumps(document, indent=2).encode() + b"\n"

    @classmethod
    def from_json(cls, content: bytes) -> Manifest:
        """Return the manifest with this content.

        Raises:
            DecodeError: it is not the manifest of a session, or of a later version.
        """
        try:
            document = json.loads(content)
            if document["format"] != FORMAT or document["version"] != VERSION:
                raise DecodeError(f"not a manifest of the format {FORMAT}, version {VERSION}")
            known = SavedArtifact._fields[1:]
            artifacts = {
                name: SavedArtifact(name, **{field: entry[field] for field in known if field in entry})
                for name, entry in document["artifacts"].items()
            }
            return cls(**{name: document.get(name) for name in cls._fields if name != "artifacts"}, artifacts=artifacts)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            if isinstance(error, DecodeError):
                raise
            raise DecodeError(f"the manifest cannot be read: {error}") from None
