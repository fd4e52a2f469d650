"""Saves everything of one session: what to fetch, and in which order. `SaveRun` records the state of each artifact."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
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
    MAX_TEXT,
    REPORT_RETENTION,
    RETENTION,
    Manifest,
    SavedArtifact,
    State,
    text_file_name,
)
from realtimekit.saving.run import SaveRun
from realtimekit.saving.scrub import encode_json, scrub, scrub_text, without_signature
from realtimekit.saving.store import Store, StoredFile

_FINISHED_RECORDINGS = frozenset({"UPLOADED", "ERRORED"})


def save_session(
    session: Session[Any], store: Store, progress: Callable[[SavedArtifact], object] | None = None
) -> Flow[Manifest]:
    """Save everything of a session, except what an earlier run has already saved.

    See `Session.save`.
    """
    saver = _Saver(session, store, progress)
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


class _Saver(SaveRun):
    def __init__(self, session: Session[Any], store: Store, progress: Callable[[SavedArtifact], object] | None) -> None:
        super().__init__(session.id, session._ids()["app_id"], store, progress)
        self._resource = session

    # --- responses of the API -----------------------------------------------------------------------------------------

    def save_record(self) -> Flow[None]:
        """Save the record of the session. Without it there is nothing to save, so its errors are raised."""
        if self.is_settled("session"):
            return
        data = responses.unwrap(
            (yield from execute(self._resource._client.settings, Call("GET", self._resource._path())))
        )
        if not isinstance(data, dict):
            raise errors.DecodeError(f"the response contains no session {self._resource.id!r}")
        self.session = data
        yield from self._save_response("session", "session.json", data, self._resource._path(), None)

    def save_participants(self) -> Flow[list[dict[str, Any]]]:
        """Save the list of participants, and return it."""
        path = f"{self._resource._path()}/participants"
        if not self.is_settled("participants"):
            relation = self._resource.participants.where(include_peer_events=True)
            yield from self._save_list("participants", _read_all(relation), path, empty=State.SUSPECT_EMPTY)
        found = yield from self.load_json("participants.json")
        participants = [entry for entry in found or [] if isinstance(entry, dict)]
        self.participants = len(participants)
        return participants

    def save_livestream_sessions(self) -> Flow[None]:
        """Save the list of livestream sessions."""
        if not self.is_settled("livestream_sessions"):
            path = f"{self._resource._path()}/livestream-sessions"
            yield from self._save_list("livestream_sessions", self._livestream_sessions(), path)

    def _livestream_sessions(self) -> Flow[list[dict[str, Any]]]:
        found: dict[Any, dict[str, Any]] = {}
        page = 1
        while True:
            records = yield from type(self._resource).livestream_sessions.flow(self._resource, page_no=page)
            new = {record._data.get("id"): record._data for record in records if record._data.get("id") not in found}
            if not new:
                return list(found.values())
            found |= new
            page += 1

    def save_report(self, peer_id: Any) -> Flow[None]:
        """Save the call quality of one participant."""
        name = f"peers/{peer_id}"
        if not isinstance(peer_id, str) or self.is_settled(name):
            return
        app_path = self._resource._path().rpartition("/sessions/")[0]
        source, deadline = (
            f"{app_path}/sessions/peer-report/{peer_id}",
            self.deadline(REPORT_RETENTION),
        )
        try:
            scope = self._resource._scope_for(type(self._resource))
            sessions: Any = self._resource._collection(self._resource._client, scope=scope)
            found = yield from type(sessions).find_participant_by_peer_id.flow(sessions, peer_id)
        except (errors.RealtimeKitError, ValueError) as error:  # ValueError: it cannot be an id
            yield from self.record_error(name, error, source, deadline)
        else:
            yield from self._save_response(name, f"peers/{_file_name(peer_id)}.json", found._data, source, deadline)

    def _save_list(
        self, name: str, fetch: Flow[list[dict[str, Any]]], source: str, *, empty: State = State.EMPTY
    ) -> Flow[None]:
        try:
            found = yield from fetch
        except errors.RealtimeKitError as error:
            yield from self.record_error(name, error, source, None)
        else:
            yield from self._save_response(name, f"{name}.json", found, source, None, state=None if found else empty)

    def _save_response(
        self, name: str, path: str, data: Any, source: str, deadline: datetime | None, state: State | None = None
    ) -> Flow[None]:
        content = encode_json(scrub(data))
        stored = yield Blocking(lambda: self.store.write(path, content))
        yield from self.record_stored(name, path, stored, source, deadline, state)

    # --- files --------------------------------------------------------------------------------------------------------

    def save_file_of_session(self, kind: str) -> Flow[None]:
        """Save the chat, the transcript or the summary."""
        if self.is_settled(kind):
            return
        source, deadline = f"{self._resource._path()}/{kind}", self.deadline(RETENTION)
        try:
            artifact = yield from vars(type(self._resource))[kind]._fetch(self._resource)
            content = scrub_text((yield from artifact._content({"max_bytes": MAX_TEXT})))
        except errors.RealtimeKitError as caught:
            error = caught
            if kind == "summary" and type(error) is errors.NotFoundError:  # polling skips the requests for the reason
                summary = Summary[Any]._from_data(self._resource._client, {}, self._resource._path_ids())
                error = yield from summary._with_reason(error)
            yield from self.record_error(kind, error, source, deadline)
            return
        why: str | None = None
        if isinstance(artifact, Transcript):
            why = yield from artifact._check_file(is_empty=not content, session=self.session)
        state = State.EMPTY if content.strip() in {b"", b"[]"} else State.COPIED
        if why is not None:  # either way it is fetched again
            state = State.PENDING if content else State.SUSPECT_EMPTY
        path = text_file_name(kind, content)
        before = self.artifacts.get(kind)
        if before is not None and before.path is not None and before.path != path:  # it was empty, or in another format
            yield Blocking(partial(self.store.remove, before.path))
        stored = yield Blocking(lambda: self.store.write(path, content))
        link = without_signature(artifact._link() or source)
        yield from self.record_stored(kind, path, stored, link, deadline, state, why)

    def save_recordings(self) -> Flow[None]:
        """Save the list of recordings, and their files."""
        fetched: dict[Any, Recording[Any]] = {}
        if not self.is_settled("recordings"):
            fetch = self._fetch_recordings(fetched)
            yield from self._save_list("recordings", fetch, self._app_path("recordings"))
            unfinished = [r for r in fetched.values() if r._data.get("status") not in _FINISHED_RECORDINGS]
            if unfinished and (listed := self.artifacts["recordings"]).state is State.COPIED:
                yield from self.record(listed._replace(state=State.PENDING, reason="a recording is not complete"))
        for entry in (yield from self.load_json("recordings.json")) or []:
            recording_id = entry.get("id") if isinstance(entry, dict) else None
            if isinstance(recording_id, str) and not self._has_files_of(recording_id):
                yield from self._save_recording(recording_id, fetched.get(recording_id))

    def _fetch_recordings(self, fetched: dict[Any, Recording[Any]]) -> Flow[list[dict[str, Any]]]:
        """Return the recordings of this session."""
        if not self.session.get("associated_id"):  # not requested once more
            raise errors.DecodeError("the session does not say which meeting it belongs to")
        session = type(self._resource)._from_data(self._resource._client, self.session, self._resource._scope)
        fetched |= {
            recording._data.get("id"): recording
            for recording in (yield from session.recordings._fetch_until(lambda _: False))
        }
        return [recording._data for recording in fetched.values()]

    def _has_files_of(self, recording_id: str) -> bool:
        names = [name for name in self.artifacts if f"{name}/".startswith(f"recordings/{recording_id}/")]
        return bool(names) and all(map(self.is_settled, names))

    def _save_recording(self, recording_id: str, recording: Recording[Any] | None) -> Flow[None]:
        name, deadline = f"recordings/{recording_id}", self.deadline(RETENTION)
        source = self._app_path(f"recordings/{recording_id}")
        try:
            if recording is None:
                recordings = Recordings[Any](self._resource._client, scope=self._resource._scope_for(Recording))
                recording = yield from Recordings.find.flow(recordings, recording_id)
            files: list[Downloadable[Any]] = [*recording.tracks]
            files += [file for file in (recording, recording.audio) if file._link()]
            status = recording._data.get("status")
        except (errors.RealtimeKitError, ValueError) as error:  # ValueError: as above
            yield from self.record_error(name, error, source, deadline)
            return
        if not files or status not in _FINISHED_RECORDINGS:
            state = State.ERRORED if status == "ERRORED" else self.missing_state(deadline)
            yield from self.record(
                SavedArtifact(name, state, source=source, deadline=deadline, reason=f"it is {status} and has no file")
            )
            return
        self.artifacts.pop(name, None)
        names = {f"{name}/{safe_file_name(file._default_filename(), file._link() or '')}": file for file in files}
        for file_name in names:  # all of them before the first is copied, in case the program is killed
            self.artifacts.setdefault(file_name, SavedArtifact(file_name, State.PENDING, deadline=deadline))
        for file_name, file in names.items():
            if not self.is_settled(file_name):
                yield from self._save_recorded_file(recording_id, file_name, file, deadline)

    def _save_recorded_file(
        self, recording_id: str, name: str, file: Downloadable[Any], deadline: datetime | None
    ) -> Flow[None]:
        link, file_name = file._link() or "", name.rpartition("/")[2]
        path = f"recordings/{_file_name(recording_id)}/{file_name}"
        try:
            stored = yield from self._download(file, path)
        except errors.RealtimeKitError as error:
            yield from self.record_error(name, error, without_signature(link), deadline)
            return
        state: State | None = None if stored.bytes else State.SUSPECT_EMPTY
        yield from self.record_stored(name, path, stored, without_signature(link), deadline, state)

    def _download(self, source: Downloadable[Any], path: str) -> Flow[StoredFile]:
        with self.store.upload(path) as upload:
            state = ResumableDownload(upload.file)
            state.resume_from(upload.version, upload.save_version)
            yield from download_file(self._resource._client.settings, source, state)
            stored: StoredFile = yield Blocking(upload.finish)
            return stored

    def _app_path(self, path: str) -> str:
        return f"{self._resource._path().rpartition('/sessions/')[0]}/{path}"


def _read_all(relation: Any) -> Flow[list[dict[str, Any]]]:
    return [record._data for record in (yield from relation._fetch_until(lambda _: False))]


def _file_name(id: Any) -> str:
    """Return an id as a file name: unchanged, or replaced by a name that is safe in every file system."""
    text = str(id)
    if re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,99}", text):
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{re.sub(r'[^A-Za-z0-9_-]+', '-', text)[:60]}-{digest}"
