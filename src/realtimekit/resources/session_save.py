"""Saves everything of one session: what to fetch, in which order, and with which state. A `Store` keeps the files."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from realtimekit import errors, responses
from realtimekit.artifacts.download import Downloadable, safe_file_name
from realtimekit.artifacts.resumable_download import ResumableDownload, download_file
from realtimekit.execution import Call, execute
from realtimekit.flow import Blocking, Flow
from realtimekit.resources.recording import Recording, Recordings
from realtimekit.resources.session import Session
from realtimekit.resources.summary import Summary
from realtimekit.resources.transcript import Transcript
from realtimekit.saving.manifest import (
    FILE_NAME,
    KINDS,
    MAX_TEXT,
    REPORT_RETENTION,
    RETENTION,
    Manifest,
    SavedArtifact,
    State,
    text_file_name,
)
from realtimekit.saving.scrub import encode_json, scrub, scrub_text, without_signature
from realtimekit.saving.store import Store, StoredFile
from realtimekit.values import parse_timestamp

PARTIAL_NAME = "manifest.partial.json"  # while the session is being saved: what need not be fetched again after a kill
_FINISHED_RECORDINGS = frozenset({"UPLOADED", "ERRORED"})
_STATES: dict[type[Exception], State] = {
    errors.ArtifactNotReadyError: State.PENDING,
    errors.ArtifactExpiredError: State.LOST,
    errors.ArtifactNotEnabledError: State.NOT_ENABLED,
}


def save_session(
    session: Session[Any], store: Store, progress: Callable[[SavedArtifact], object] | None = None
) -> Flow[Manifest]:
    """Save everything of a session, except what an earlier run has already saved.

    See `Session.save`.
    """
    saver = _Saver(session, store, progress or (lambda _artifact: None))
    yield from saver.load()
    if (manifest := saver.complete()) is not None:
        return manifest
    yield from saver.save_record()
    participants = yield from saver.save_participants()
    # First what is kept for 7 days, small files before large ones; then what is kept for 6 months.
    for kind in ("chat", "transcript", "summary"):
        yield from saver.save_file_of_session(kind)
    yield from saver.save_recordings()
    yield from saver.save_livestream_sessions()
    for participant in participants:
        yield from saver.save_report(participant.get("id"))
    return (yield from saver.finish())


class _Saver:
    def __init__(self, session: Session[Any], store: Store, progress: Callable[[SavedArtifact], object]) -> None:
        self._session, self._store, self._progress = session, store, progress
        self._artifacts: dict[str, SavedArtifact] = {}
        self._sizes: dict[str, int | None] = {}  # of the files that the store has, by path
        self._record: dict[str, Any] = {}
        self._participants = 0
        self._before: Manifest | None = None  # of the last run, if it was not killed
        self._noted_at = time.monotonic()

    # --- what an earlier run has saved --------------------------------------------------------------------------------

    def load(self) -> Flow[None]:
        """Read what an earlier run has saved.

        Raises:
            ValueError: the folder contains another session.
        """
        is_killed = False
        for name in (PARTIAL_NAME, FILE_NAME):
            content = yield Blocking(partial(self._store.read, name))
            if content is None:
                continue
            try:
                manifest = Manifest.from_json(content)
            except errors.DecodeError:
                continue  # everything is fetched again
            if manifest.session_id != self._session.id:
                text = (
                    f"the folder contains the session {manifest.session_id!r}, not {self._session.id!r}: "
                    "give another folder"
                )
                raise ValueError(text)
            self._artifacts = {**manifest.artifacts, **self._artifacts}  # the partial one is newer
            if name == FILE_NAME and not is_killed:
                self._before = manifest
            is_killed = True
        paths = [artifact.path for artifact in self._artifacts.values() if artifact.path is not None]
        self._sizes = yield Blocking(lambda: {path: self._store.size(path) for path in paths})
        if self._is_settled("session"):
            self._record = (yield from self._load_json("session.json")) or {}

    def complete(self) -> Manifest | None:
        """Return the manifest of the last run if there is nothing left to fetch."""
        names = {*KINDS, *self._artifacts} - {"meeting", "peers"}
        return self._before if self._record and all(map(self._is_settled, names)) else None

    def _is_settled(self, name: str) -> bool:
        artifact = self._artifacts.get(name)
        if artifact is None or (artifact.path is not None and self._sizes.get(artifact.path) != artifact.bytes):
            return False
        if artifact.state is State.SUSPECT_EMPTY:
            return artifact.deadline is not None and artifact.deadline < datetime.now(UTC)
        return artifact.state in {State.COPIED, State.EMPTY, State.NOT_ENABLED, State.LOST}

    def _load_json(self, path: str) -> Flow[Any]:
        content = yield Blocking(lambda: self._store.read(path))
        try:
            return json.loads(content or b"null")
        except ValueError:
            return None

    # --- responses of the API -----------------------------------------------------------------------------------------

    def save_record(self) -> Flow[None]:
        """Save the record of the session. Without it there is nothing to save, so its errors are raised."""
        if self._is_settled("session"):
            return
        data = responses.unwrap(
            (yield from execute(self._session._client.settings, Call("GET", self._session._path())))
        )
        if not isinstance(data, dict):
            raise errors.DecodeError(f"the response contains no session {self._session.id!r}")
        self._record = data
        yield from self._save_response("session", "session.json", data, self._session._path(), None)

    def save_participants(self) -> Flow[list[dict[str, Any]]]:
        """Save the list of participants, and return it."""
        path = f"{self._session._path()}/participants"
        if not self._is_settled("participants"):
            relation = self._session.participants.where(include_peer_events=True)
            yield from self._save_list("participants", _data_of(_all(relation)), path, empty=State.SUSPECT_EMPTY)
        found = yield from self._load_json("participants.json")
        participants = [entry for entry in found or [] if isinstance(entry, dict)]
        self._participants = len(participants)
        return participants

    def save_livestream_sessions(self) -> Flow[None]:
        """Save the list of livestream sessions."""
        if not self._is_settled("livestream_sessions"):
            path = f"{self._session._path()}/livestream-sessions"
            yield from self._save_list("livestream_sessions", self._livestream_sessions(), path)

    def _livestream_sessions(self) -> Flow[list[dict[str, Any]]]:
        found: dict[Any, dict[str, Any]] = {}
        page = 1
        while True:
            records = yield from type(self._session).livestream_sessions.flow(self._session, page_no=page)
            new = {record._data.get("id"): record._data for record in records if record._data.get("id") not in found}
            if not new:
                return list(found.values())
            found |= new
            page += 1

    def save_report(self, peer_id: Any) -> Flow[None]:
        """Save the call quality of one participant."""
        name = f"peers/{peer_id}"
        if not isinstance(peer_id, str) or self._is_settled(name):
            return
        app_path = self._session._path().rpartition("/sessions/")[0]
        source, deadline = (
            f"{app_path}/sessions/peer-report/{peer_id}",
            self._deadline(REPORT_RETENTION),
        )
        try:
            sessions: Any = self._session._collection(self._session._client, scope=self._app_scope())
            found = yield from type(sessions).find_participant_by_peer_id.flow(sessions, peer_id)
        except (errors.RealtimeKitError, ValueError) as error:  # ValueError: it cannot be an id
            yield from self._note_error(name, error, source, deadline)
        else:
            yield from self._save_response(name, f"peers/{_file_name(peer_id)}.json", found._data, source, deadline)

    def _save_list(
        self, name: str, fetch: Flow[list[dict[str, Any]]], source: str, *, empty: State = State.EMPTY
    ) -> Flow[None]:
        try:
            found = yield from fetch
        except errors.RealtimeKitError as error:
            yield from self._note_error(name, error, source, None)
        else:
            yield from self._save_response(name, f"{name}.json", found, source, None, state=None if found else empty)

    def _save_response(
        self, name: str, path: str, data: Any, source: str, deadline: datetime | None, state: State | None = None
    ) -> Flow[None]:
        content = encode_json(scrub(data))
        stored = yield Blocking(lambda: self._store.write(path, content))
        yield from self._note_stored(name, path, stored, source, deadline, state)

    # --- files --------------------------------------------------------------------------------------------------------

    def save_file_of_session(self, kind: str) -> Flow[None]:
        """Save the chat, the transcript or the summary."""
        if self._is_settled(kind):
            return
        source, deadline = f"{self._session._path()}/{kind}", self._deadline(RETENTION)
        try:
            artifact = yield from vars(type(self._session))[kind]._fetch(self._session)
            content = scrub_text((yield from artifact._content({"max_bytes": MAX_TEXT})))
        except errors.RealtimeKitError as caught:
            error = caught
            if kind == "summary" and type(error) is errors.NotFoundError:  # polling skips the requests for the reason
                summary = Summary[Any]._from_data(self._session._client, {}, self._session._path_ids())
                error = yield from summary._with_reason(error)
            yield from self._note_error(kind, error, source, deadline)
            return
        why: str | None = None
        if isinstance(artifact, Transcript):
            why = yield from artifact._check_file(is_empty=not content, session=self._record)
        state = State.EMPTY if content.strip() in {b"", b"[]"} else State.COPIED
        if why is not None:  # either way it is fetched again
            state = State.PENDING if content else State.SUSPECT_EMPTY
        path = text_file_name(kind, content)
        before = self._artifacts.get(kind)
        if before is not None and before.path is not None and before.path != path:  # it was empty, or in another format
            yield Blocking(partial(self._store.remove, before.path))
        stored = yield Blocking(lambda: self._store.write(path, content))
        link = without_signature(artifact._link() or source)
        yield from self._note_stored(kind, path, stored, link, deadline, state, why)

    def save_recordings(self) -> Flow[None]:
        """Save the list of recordings, and their files."""
        fetched: dict[Any, Recording[Any]] = {}
        if not self._is_settled("recordings"):
            fetch = self._fetch_recordings(fetched)
            yield from self._save_list("recordings", fetch, self._app_path("recordings"))
            unfinished = [r for r in fetched.values() if r._data.get("status") not in _FINISHED_RECORDINGS]
            if unfinished and (listed := self._artifacts["recordings"]).state is State.COPIED:
                yield from self._note(listed._replace(state=State.PENDING, reason="a recording is not complete"))
        for entry in (yield from self._load_json("recordings.json")) or []:
            recording_id = entry.get("id") if isinstance(entry, dict) else None
            if isinstance(recording_id, str) and not self._has_files_of(recording_id):
                yield from self._save_recording(recording_id, fetched.get(recording_id))

    def _fetch_recordings(self, fetched: dict[Any, Recording[Any]]) -> Flow[list[dict[str, Any]]]:
        """Return the recordings of this session."""
        if not self._record.get("associated_id"):  # not requested once more
            raise errors.DecodeError("the session does not say which meeting it belongs to")
        session = type(self._session)._from_data(self._session._client, self._record, self._session._scope)
        fetched |= {recording._data.get("id"): recording for recording in (yield from _all(session.recordings))}
        return [recording._data for recording in fetched.values()]

    def _has_files_of(self, recording_id: str) -> bool:
        names = [name for name in self._artifacts if f"{name}/".startswith(f"recordings/{recording_id}/")]
        return bool(names) and all(map(self._is_settled, names))

    def _save_recording(self, recording_id: str, recording: Recording[Any] | None) -> Flow[None]:
        name, deadline = f"recordings/{recording_id}", self._deadline(RETENTION)
        source = self._app_path(f"recordings/{recording_id}")
        try:
            if recording is None:
                recordings = Recordings[Any](self._session._client, scope=self._app_scope())
                recording = yield from Recordings.find.flow(recordings, recording_id)
            files: list[Downloadable[Any]] = [*recording.tracks]
            files += [file for file in (recording, recording.audio) if file._link()]
            status = recording._data.get("status")
        except (errors.RealtimeKitError, ValueError) as error:  # ValueError: as above
            yield from self._note_error(name, error, source, deadline)
            return
        if not files or status not in _FINISHED_RECORDINGS:
            state = State.ERRORED if status == "ERRORED" else self._missing_state(deadline)
            yield from self._note(
                SavedArtifact(name, state, source=source, deadline=deadline, reason=f"it is {status} and has no file")
            )
            return
        self._artifacts.pop(name, None)
        names = {f"{name}/{safe_file_name(file._default_filename(), file._link() or '')}": file for file in files}
        for file_name in names:  # all of them before the first is copied, in case the program is killed
            self._artifacts.setdefault(file_name, SavedArtifact(file_name, State.PENDING, deadline=deadline))
        for file_name, file in names.items():
            if not self._is_settled(file_name):
                yield from self._save_recorded_file(recording_id, file_name, file, deadline)

    def _save_recorded_file(
        self, recording_id: str, name: str, file: Downloadable[Any], deadline: datetime | None
    ) -> Flow[None]:
        link, file_name = file._link() or "", name.rpartition("/")[2]
        path = f"recordings/{_file_name(recording_id)}/{file_name}"
        try:
            stored = yield from self._download(file, path)
        except errors.RealtimeKitError as error:
            yield from self._note_error(name, error, without_signature(link), deadline)
            return
        state: State | None = None if stored.bytes else State.SUSPECT_EMPTY
        yield from self._note_stored(name, path, stored, without_signature(link), deadline, state)

    def _download(self, source: Downloadable[Any], path: str) -> Flow[StoredFile]:
        with self._store.upload(path) as upload:
            state = ResumableDownload(upload.file)
            state.resume_from(upload.version, upload.save_version)
            yield from download_file(self._session._client.settings, source, state)
            stored: StoredFile = yield Blocking(upload.finish)
            return stored

    # --- the manifest -------------------------------------------------------------------------------------------------

    def _note_stored(
        self,
        name: str,
        path: str,
        stored: StoredFile,
        source: str,
        deadline: datetime | None,
        state: State | None,
        reason: str | None = None,
    ) -> Flow[None]:
        if state is State.SUSPECT_EMPTY and reason is None:
            reason = "it is empty, and should not be"
        if self._record.get("status") == "LIVE":
            state, reason = State.PENDING, "the session is LIVE"
        self._sizes[path] = stored.bytes
        yield from self._note(SavedArtifact(name, state or State.COPIED, path, *stored, source, deadline, reason))

    def _note_error(self, name: str, error: Exception, source: str, deadline: datetime | None) -> Flow[None]:
        """Note why a part is not there. What was copied before stays; an invalid token ends the run."""
        if isinstance(error, errors.AuthenticationError):
            raise error
        state = _STATES.get(type(error))
        if state is None:
            gone = isinstance(error, errors.APIError) and error.status in {404, 410}
            state = self._missing_state(deadline) if gone else State.ERRORED
        noted = SavedArtifact(name, state, source=source, deadline=deadline, reason=str(error))
        before = self._artifacts.get(name)
        if before is not None and before.path is not None and self._sizes.get(before.path) == before.bytes:
            noted = noted._replace(path=before.path, bytes=before.bytes, sha256=before.sha256)
        yield from self._note(noted)

    def _note(self, artifact: SavedArtifact) -> Flow[None]:
        self._artifacts[artifact.name] = artifact
        self._progress(artifact)
        if time.monotonic() - self._noted_at >= 1:  # after each part, it would be quadratic
            yield Blocking(lambda: self._store.write(PARTIAL_NAME, self._new_manifest().to_json()))
            self._noted_at = time.monotonic()

    def finish(self) -> Flow[Manifest]:
        """Write the manifest: the run is complete."""
        manifest = self._new_manifest()
        yield Blocking(lambda: self._store.write(FILE_NAME, manifest.to_json()))
        yield Blocking(lambda: self._store.remove(PARTIAL_NAME))
        return manifest

    def _new_manifest(self) -> Manifest:
        get = self._record.get
        return Manifest(
            self._session.id,
            self._session._ids()["app_id"],
            get("associated_id"),
            get("status"),
            self._time("started_at"),
            self._time("ended_at"),
            datetime.now(UTC).replace(microsecond=0),
            dict(self._artifacts),
            title=get("meeting_display_name"),
            participants=self._participants,
        )

    def _time(self, name: str) -> datetime | None:
        try:
            return parse_timestamp(str(self._record[name]))
        except (KeyError, ValueError):
            return None

    def _deadline(self, retention: timedelta) -> datetime | None:
        ended_at = self._time("ended_at")
        with suppress(OverflowError):
            return ended_at and ended_at + retention
        return None

    def _missing_state(self, deadline: datetime | None) -> State:
        """Return the state of a missing part: it may become available, or has been deleted."""
        return State.LOST if deadline is not None and deadline < datetime.now(UTC) else State.PENDING

    def _app_scope(self) -> dict[str, Any]:
        return {name: self._session._scope[name] for name in ("account_id", "app_id") if self._session._scope.get(name)}

    def _app_path(self, path: str) -> str:
        return f"{self._session._path().rpartition('/sessions/')[0]}/{path}"


def _all(relation: Any) -> Flow[list[Any]]:
    """Return the records of all pages."""
    found: list[Any] = []

    def add(record: Any) -> bool:
        found.append(record)
        return False  # continue

    yield from relation._find_first(add)
    return found


def _data_of(fetch: Flow[list[Any]]) -> Flow[list[dict[str, Any]]]:
    return [record._data for record in (yield from fetch)]


def _file_name(id: Any) -> str:
    """Return an id as a file name: unchanged, or replaced by a name that is safe in every file system."""
    text = str(id)
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', text)[:60]}-{digest}"
