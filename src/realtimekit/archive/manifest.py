"""The manifest of a session: what was kept of it, what is missing, and why. Written last, it is the commit."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, Self

from realtimekit.archive.errors import ArchiveDamagedError
from realtimekit.archive.sealed import seal, unseal
from realtimekit.values import format_time, parse_timestamp

VERSION = 1


class State(StrEnum):
    """What became of one artifact of a session."""

    COPIED = "COPIED"  # it is in the archive
    EMPTY = "EMPTY"  # the platform has none, or an empty one, and nothing speaks against that
    SUSPECT_EMPTY = "SUSPECT_EMPTY"  # it is empty although people spoke: looked at again until its deadline
    PENDING = "PENDING"  # not there yet: looked at again until its deadline
    NOT_ENABLED = "NOT_ENABLED"  # the settings of the meeting leave it out
    LOST = "LOST"  # the platform no longer has it, and the archive never got it
    ERRORED = "ERRORED"  # the platform itself failed to make it
    EXPIRED = "EXPIRED"  # deleted from the archive by a retention rule
    ERASED = "ERASED"  # deleted from the archive because it was about a person


UNFINISHED = frozenset({State.PENDING, State.SUSPECT_EMPTY})
KEPT = frozenset({State.COPIED, State.EMPTY, State.SUSPECT_EMPTY})


class Artifact(NamedTuple):
    """One thing that a session left behind.

    Attributes:
        name: "session", "participants", "peers/<id>", "chat", "transcript", "summary", "recordings/<id>/<file>", ...
        state: what became of it.
        file: the path of its object below the session's folder; None if there is none.
        bytes, sha256: of the content, as it came from the platform (for a compressed object: before compression).
        deadline: until when the platform keeps it.
        source: where it came from, without its signature.
        reason: why it is not there, in words.
        seen_at: when it was last looked at, by the server's clock.
    """

    name: str
    state: State
    file: str | None = None
    bytes: int | None = None
    sha256: str | None = None
    deadline: datetime | None = None
    source: str | None = None
    reason: str | None = None
    seen_at: datetime | None = None

    @property
    def unfinished(self) -> bool:
        """Whether it is to be looked at again: a suspect transcript is not after its deadline."""
        return self.state in UNFINISHED and self.deadline is not None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        values: dict[str, Any] = self._asdict()
        return {
            name: format_time(value, name) if isinstance(value, datetime) else value
            for name, value in values.items()
            if value is not None
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        known: dict[str, Any] = {name: values.get(name) for name in cls._fields}
        for name in ("deadline", "seen_at"):
            known[name] = known[name] and parse_timestamp(known[name])
        known["state"] = State(values["state"])
        return cls(**known)


class Manifest(NamedTuple):
    """What the archive holds of one session.

    Attributes:
        app_id, session_id, meeting_id, title: of the session.
        started_at, ended_at: of the session.
        participants: how many stays of participants it had, by the platform's count.
        artifacts: by name.
        revision: 1, and one more each time it is written.
        written_at: by the server's clock.
    """

    app_id: str
    session_id: str
    meeting_id: str | None
    title: str | None
    started_at: datetime | None
    ended_at: datetime | None
    participants: int
    artifacts: dict[str, Artifact]
    revision: int
    written_at: datetime

    @property
    def unfinished(self) -> list[Artifact]:
        """The artifacts that are to be looked at again."""
        return [artifact for artifact in self.artifacts.values() if artifact.unfinished]

    def having(self, *states: State) -> list[Artifact]:
        """Return the artifacts in one of these states."""
        return [artifact for artifact in self.artifacts.values() if artifact.state in states]

    def reopened(self, name: str, deadline: datetime) -> Self:
        """Return the same with one artifact to be looked at again, unless it is there."""
        artifact = self.artifacts.get(name)
        if artifact is None or artifact.state in {State.COPIED, State.ERASED, State.EXPIRED}:
            return self
        changed = artifact._replace(state=State.PENDING, deadline=artifact.deadline or deadline)
        return self._replace(artifacts={**self.artifacts, name: changed})

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        values = {
            name: format_time(value, name) if isinstance(value, datetime) else value
            for name, value in self._asdict().items()
        }
        artifacts = [self.artifacts[name].to_dict() for name in sorted(self.artifacts)]
        return {"version": VERSION, **values, "artifacts": artifacts}

    def encode(self) -> bytes:
        return seal(self.to_dict())

    @classmethod
    def decode(cls, content: bytes, path: str) -> Self:
        """Read a manifest.

        Raises:
            ArchiveDamagedError: it is none, or of a newer version.
        """
        raw = unseal(content, path)
        try:
            if raw["version"] > VERSION:
                raise ArchiveDamagedError(
                    f"{path} has version {raw['version']}, and this release reads {VERSION}: upgrade realtimekit"
                )
            values: dict[str, Any] = {name: raw[name] for name in cls._fields}
            for name in ("started_at", "ended_at", "written_at"):
                values[name] = values[name] and parse_timestamp(values[name])
            values["artifacts"] = {item["name"]: Artifact.from_dict(item) for item in raw["artifacts"]}
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, ArchiveDamagedError):
                raise
            raise ArchiveDamagedError(f"{path} is not a manifest of a session: {type(error).__name__}") from None
