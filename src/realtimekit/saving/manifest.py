"""The manifest of a session: its artifacts and their states. `docs/saving.md` specifies the format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple, Self

from realtimekit.errors import DecodeError
from realtimekit.values import parse_timestamp

FORMAT = "realtimekit-session"
VERSION = 1
FILE_NAME = "manifest.json"

RETENTION = timedelta(days=7)  # of chats, transcripts, summaries and recordings: RealtimeKit's documentation
REPORT_RETENTION = timedelta(days=183)  # of call quality: "6 months"
MAX_TEXT = 2**28  # bytes of a chat, transcript or summary, which are held in memory
KINDS = (
    "session", "meeting", "participants", "peers", "chat", "transcript", "summary", "recordings", "livestream_sessions",
)  # fmt: skip
"""What an artifact can be: the first part of its name, the second is an id. Saved sessions have no meeting."""


def text_file_name(kind: str, content: bytes) -> str:
    """Return the file name of a chat, transcript or summary.

    The extension is that of its content: links were seen to say otherwise.
    """
    if kind == "summary":
        return "summary.md"
    start = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return f"{kind}.json" if start in {b"[", b"{"} else f"{kind}.csv"


class State(StrEnum):
    """The state of one artifact of a session."""

    COPIED = "COPIED"  # it was copied
    EMPTY = "EMPTY"  # there is none, or an empty one, and nothing speaks against that
    SUSPECT_EMPTY = "SUSPECT_EMPTY"  # it is empty and should not be: fetched again until its deadline
    PENDING = "PENDING"  # not there yet, or not final: fetched again until its deadline
    NOT_ENABLED = "NOT_ENABLED"  # the settings of the meeting leave it out
    LOST = "LOST"  # the platform no longer has it, and it was never copied
    TOO_OLD = "TOO_OLD"  # the platform had deleted it before the archive was created
    ERRORED = "ERRORED"  # the platform failed to make it; of a saved session also: it could not be fetched
    EXPIRED = "EXPIRED"  # deleted from an archive by a retention rule
    ERASED = "ERASED"  # deleted from an archive because it was about a person


UNFINISHED = frozenset({State.PENDING, State.SUSPECT_EMPTY})
KEPT = frozenset({State.COPIED, State.EMPTY, State.SUSPECT_EMPTY})


class SavedArtifact(NamedTuple):
    """One thing that a session left behind.

    Attributes:
        name: "session", "participants", "chat", "peers/<id>", "recordings/<id>/<file>", ...
        state: what became of it.
        path: the file, relative to the folder of the session; None if there is none.
        bytes: the size of its content, before compression.
        sha256: the digest of its content, before compression, in hexadecimal.
        source: where it came from, without the signature.
        deadline: until when RealtimeKit keeps it; None if that is not known.
        reason: why it is not COPIED, as text.
        checked_at: when it was last checked; None in saved sessions.
    """

    name: str
    state: State
    path: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    source: str | None = None
    deadline: datetime | None = None
    reason: str | None = None
    checked_at: datetime | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it is to be fetched again: a suspect transcript is not after its deadline."""
        return self.state in UNFINISHED and self.deadline is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the entry in the manifest, without what is not known."""
        return {name: value for name, value in _to_json(self).items() if name != "name"}

    @classmethod
    def from_dict(cls, name: str, entry: Mapping[str, Any]) -> Self:
        """Return the artifact of an entry in the manifest."""
        values = _from_json(entry, cls._fields)
        values |= {"name": name, "state": State(entry["state"])}
        return cls(**values)


class Manifest(NamedTuple):
    """What was copied of one session.

    Attributes:
        session_id: the id of the session.
        app_id: the id of its app.
        meeting_id: the id of its meeting.
        status: its status when it was copied, e.g. "ENDED".
        started_at: its start.
        ended_at: its end.
        saved_at: when the manifest was written.
        artifacts: by name.
        title: of its meeting.
        participants: how many stays of participants it had.
        revision: 1, incremented each time an archive writes the manifest.
    """

    session_id: str
    app_id: str
    meeting_id: str | None
    status: str | None
    started_at: datetime | None
    ended_at: datetime | None
    saved_at: datetime
    artifacts: Mapping[str, SavedArtifact]
    title: str | None = None
    participants: int = 0
    revision: int = 1

    @property
    def missing(self) -> list[SavedArtifact]:
        """The artifacts that are not there and should be: PENDING, SUSPECT_EMPTY, LOST or ERRORED."""
        fine = {State.COPIED, State.EMPTY, State.NOT_ENABLED, State.TOO_OLD, State.EXPIRED, State.ERASED}
        return [artifact for artifact in self.artifacts.values() if artifact.state not in fine]

    @property
    def unfinished(self) -> list[SavedArtifact]:
        """The artifacts that an archive looks at again."""
        return [artifact for artifact in self.artifacts.values() if artifact.unfinished]

    def __repr__(self) -> str:
        missing = f" missing={[artifact.name for artifact in self.missing]}" if self.missing else ""
        return f"<Manifest session_id={self.session_id!r} artifacts={len(self.artifacts)}{missing}>"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        artifacts = {name: artifact.to_dict() for name, artifact in self.artifacts.items()}
        return {"format": FORMAT, "version": VERSION, **_to_json(self), "artifacts": artifacts}

    def to_json(self) -> bytes:
        """Return the content of `manifest.json`."""
        return json.dumps(self.to_dict(), indent=2).encode() + b"\n"

    @classmethod
    def from_dict(cls, document: Any) -> Self:
        """Return the manifest that `to_dict` returned.

        Raises:
            DecodeError: it is not the manifest of a session, or of a later version.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise DecodeError(f"it is not a manifest of the format {FORMAT}")
        if (version := document.get("version")) != VERSION:
            raise DecodeError(f"it has version {version}, and this release reads {VERSION}: upgrade realtimekit")
        try:
            values = _from_json(document, cls._fields)
            artifacts: Any = values["artifacts"].items()
            values["artifacts"] = {name: SavedArtifact.from_dict(name, entry) for name, entry in artifacts}
            return cls(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DecodeError(f"the manifest cannot be read: {type(error).__name__}: {error}") from None

    @classmethod
    def from_json(cls, content: bytes) -> Self:
        """Return the manifest with this content.

        Raises:
            DecodeError: it is not the manifest of a session, or of a later version.
        """
        try:
            document = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise DecodeError(f"the manifest cannot be read: {error}") from None
        return cls.from_dict(document)


def _to_json(values: SavedArtifact | Manifest) -> dict[str, Any]:
    return {
        name: value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value
        for name, value in values._asdict().items()
        if value is not None
    }


def _from_json(document: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields that are known, with their times parsed."""
    return {
        name: parse_timestamp(value) if value is not None and name in _TIMES else value
        for name in fields
        if (value := document.get(name)) is not None or name in _NULLABLE
    }


_TIMES = {"started_at", "ended_at", "saved_at", "deadline", "checked_at"}
_NULLABLE = {"meeting_id", "status", "started_at", "ended_at"}
