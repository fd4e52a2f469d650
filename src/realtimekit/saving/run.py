"""One run that saves a session: what earlier runs have saved, and the manifest that it writes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from realtimekit import errors
from realtimekit.flow import Blocking, Flow
from realtimekit.saving.manifest import FILE_NAME, KINDS, Manifest, SavedArtifact, State
from realtimekit.saving.store import Store, StoredFile
from realtimekit.values import parse_timestamp

PARTIAL_NAME = "manifest.partial.json"  # while the session is being saved: what need not be fetched again after a kill
_STATES: dict[type[Exception], State] = {
    errors.ArtifactNotReadyError: State.PENDING,
    errors.ArtifactExpiredError: State.LOST,
    errors.ArtifactNotEnabledError: State.NOT_ENABLED,
}


class SaveRun:
    """The artifacts of a session, as an earlier run left them, and as they become.

    Attributes:
        session: the record of the session; empty until it is known.
        artifacts: by name.
        sizes: of the files that the store has, by path.
        participants: how many participants the session had.
    """

    def __init__(
        self, session_id: str, app_id: str, store: Store, progress: Callable[[SavedArtifact], object] | None = None
    ) -> None:
        self.session_id: str = session_id
        self.app_id: str = app_id
        self.store: Store = store
        self.session: dict[str, Any] = {}
        self.artifacts: dict[str, SavedArtifact] = {}
        self.sizes: dict[str, int | None] = {}
        self.participants: int = 0
        self._progress = progress or (lambda _artifact: None)
        self._before: Manifest | None = None  # of the last run, if it was not killed
        self._written_at = time.monotonic()

    # --- what an earlier run has saved --------------------------------------------------------------------------------

    def load(self) -> Flow[None]:
        """Read what an earlier run has saved.

        Raises:
            ValueError: the folder contains another session.
        """
        was_killed = False
        for name in (PARTIAL_NAME, FILE_NAME):
            content = yield Blocking(partial(self.store.read, name))
            if content is None:
                continue
            try:
                manifest = Manifest.from_json(content)
            except errors.DecodeError:
                continue  # everything is fetched again
            if manifest.session_id != self.session_id:
                text = (
                    f"the folder contains the session {manifest.session_id!r}, not {self.session_id!r}: "
                    "give another folder"
                )
                raise ValueError(text)
            self.artifacts = {**manifest.artifacts, **self.artifacts}  # the partial one is newer
            if name == PARTIAL_NAME:
                was_killed = True
            elif not was_killed:
                self._before = manifest
        paths = [artifact.path for artifact in self.artifacts.values() if artifact.path is not None]
        self.sizes = yield Blocking(lambda: {path: self.store.size(path) for path in paths})
        if self.is_settled("session"):
            self.session = (yield from self.load_json("session.json")) or {}

    def complete(self) -> Manifest | None:
        """Return the manifest of the last run if there is nothing left to fetch."""
        names = {*KINDS, *self.artifacts} - {"meeting", "peers"}
        return self._before if self.session and all(map(self.is_settled, names)) else None

    def is_settled(self, name: str) -> bool:
        """Return whether an artifact need not be fetched again."""
        artifact = self.artifacts.get(name)
        if artifact is None or (artifact.path is not None and self.sizes.get(artifact.path) != artifact.bytes):
            return False
        if artifact.state is State.SUSPECT_EMPTY:
            return artifact.deadline is not None and artifact.deadline < datetime.now(UTC)
        return artifact.state in {State.COPIED, State.EMPTY, State.NOT_ENABLED, State.LOST}

    def load_json(self, path: str) -> Flow[Any]:
        """Return the content of a saved JSON file; None if there is none, or it is damaged."""
        content = yield Blocking(lambda: self.store.read(path))
        try:
            return json.loads(content or b"null")
        except ValueError:
            return None

    # --- the manifest -------------------------------------------------------------------------------------------------

    def record_stored(
        self,
        name: str,
        path: str,
        stored: StoredFile,
        source: str,
        deadline: datetime | None,
        state: State | None,
        reason: str | None = None,
    ) -> Flow[None]:
        """Record an artifact that was stored; it is not final while the session is live."""
        if state is State.SUSPECT_EMPTY and reason is None:
            reason = "it is empty, and should not be"
        if self.session.get("status") == "LIVE":
            state, reason = State.PENDING, "the session is LIVE"
        self.sizes[path] = stored.bytes
        yield from self.record(SavedArtifact(name, state or State.COPIED, path, *stored, source, deadline, reason))

    def record_error(self, name: str, error: Exception, source: str, deadline: datetime | None) -> Flow[None]:
        """Record why an artifact is missing. What was copied before stays; an invalid token ends the run."""
        if isinstance(error, errors.AuthenticationError):
            raise error
        state = _STATES.get(type(error))
        if state is None:
            gone = isinstance(error, errors.APIError) and error.status in {404, 410}
            state = self.missing_state(deadline) if gone else State.ERRORED
        artifact = SavedArtifact(name, state, source=source, deadline=deadline, reason=str(error))
        before = self.artifacts.get(name)
        if before is not None and before.path is not None and self.sizes.get(before.path) == before.bytes:
            artifact = artifact._replace(path=before.path, bytes=before.bytes, sha256=before.sha256)
        yield from self.record(artifact)

    def record(self, artifact: SavedArtifact) -> Flow[None]:
        """Record an artifact, and write the partial manifest from time to time."""
        self.artifacts[artifact.name] = artifact
        self._progress(artifact)
        if time.monotonic() - self._written_at >= 1:  # after each artifact, it would be quadratic
            yield Blocking(lambda: self.store.write(PARTIAL_NAME, self._new_manifest().to_json()))
            self._written_at = time.monotonic()

    def finish(self) -> Flow[Manifest]:
        """Write the manifest: the run is complete."""
        manifest = self._new_manifest()
        yield Blocking(lambda: self.store.write(FILE_NAME, manifest.to_json()))
        yield Blocking(lambda: self.store.remove(PARTIAL_NAME))
        return manifest

    def _new_manifest(self) -> Manifest:
        get = self.session.get
        return Manifest(
            self.session_id,
            self.app_id,
            get("associated_id"),
            get("status"),
            self._time("started_at"),
            self._time("ended_at"),
            datetime.now(UTC).replace(microsecond=0),
            dict(self.artifacts),
            title=get("meeting_display_name"),
            participants=self.participants,
        )

    def _time(self, name: str) -> datetime | None:
        try:
            return parse_timestamp(str(self.session[name]))
        except (KeyError, ValueError):
            return None

    def deadline(self, retention: timedelta) -> datetime | None:
        """Return until when the platform keeps an artifact; None if the end of the session is not known."""
        ended_at = self._time("ended_at")
        with suppress(OverflowError):
            return ended_at and ended_at + retention
        return None

    def missing_state(self, deadline: datetime | None) -> State:
        """Return the state of a missing artifact: it may become available, or has been deleted."""
        return State.LOST if deadline is not None and deadline < datetime.now(UTC) else State.PENDING
