"""Copying the recordings of a session, with their audio and tracks, from storage to storage."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import Any

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.meetings import MeetingCache
from realtimekit.archive.privacy.people import ERASED_LINK, without_tracks
from realtimekit.archive.session_artifacts import SETTLED, SessionArtifacts, is_missing, time_of
from realtimekit.archive.session_files import Link, Locate, main_name, recording_files
from realtimekit.errors import APIError, ArtifactNotReadyError, NotFoundError
from realtimekit.flow import Flow
from realtimekit.paths import encode_segment
from realtimekit.saving.manifest import RETENTION, State
from realtimekit.saving.scrub import encode_json, scrub_response, without_signature


def copy_recordings(session: SessionArtifacts, meetings: MeetingCache, meeting_id: Any) -> Flow[None]:
    """Copy the list of recordings, and their files.

    Args:
        session: the session.
        meetings: those of all sessions, with their recordings.
        meeting_id: of its meeting; the recordings of all meetings are listed if it is not a string.
    """
    known = session.artifacts.get("recordings")
    waiting = [a for name, a in session.artifacts.items() if name.startswith("recordings/") and a.unfinished]
    if known is not None and not known.unfinished and not waiting:
        return
    meeting_id = meeting_id if isinstance(meeting_id, str) else None
    ended_at = session.ended_at or session.now()
    found = yield from meetings.recordings(meeting_id, session.session_id, ended_at)
    for recording in found:
        if isinstance(recording.get("id"), str):
            yield from _copy_recording(session, recording)
    if found:
        found = yield from _with_details(session, found)
        session.keep("recordings", "recordings.json", scrub_response(encode_json(found), found))
    else:
        session.set("recordings", State.EMPTY, reason="the session was not recorded")
    if session.now() < (session.ended_at or session.now()) + SETTLED and not found:
        # A recording of a session that just ended may not be listed under its session yet.
        session.artifacts["recordings"] = session.artifacts["recordings"]._replace(
            state=State.PENDING, deadline=session.deadline(RETENTION), reason="the session has just ended"
        )


def _with_details(session: SessionArtifacts, listed: list[dict[str, Any]]) -> Flow[list[dict[str, Any]]]:
    """Return recordings with what lists leave out: `start_reason`, `stop_reason` and `storage_config`."""
    detailed: list[dict[str, Any]] = []
    for recording in listed:
        single: Any = None
        if isinstance(recording.get("id"), str):
            path = f"/recordings/{encode_segment('recording_id', recording['id'])}"
            with contextlib.suppress(NotFoundError):  # it was deleted meanwhile
                single = responses.unwrap((yield from session.reader.get(path)).body)
        detailed.append({**recording, **single} if isinstance(single, dict) else recording)
    return detailed


def _copy_recording(session: SessionArtifacts, recording: dict[str, Any]) -> Flow[None]:
    recording = without_tracks(recording, session.tombstones)
    recording_id = recording["id"]
    folder = f"recordings/{layout.encode_id(recording_id)}"
    stopped = time_of(recording, "stopped_time") or session.ended_at
    deadline = (stopped or session.now()) + RETENTION
    status = recording.get("status")
    if status == "ERRORED":
        session.set(folder, State.ERRORED, reason="the platform failed to record")
        return
    if status != "UPLOADED":
        session.set_absent(folder, deadline, f"it is {status}", lost=f"it was still {status} after its 7 days")
        return
    files = list(recording_files(recording))
    if not files:
        _no_files(session, folder, recording, deadline)
        return
    session.artifacts.pop(folder, None)  # its files take over
    for stem, locate in files:
        name = f"{folder}/{stem}"
        if locate(recording) == ERASED_LINK:
            session.set(name, State.ERASED)
        elif not session.is_done(name):
            yield from session.attempt(name, _copy_file(session, name, recording, locate, deadline))


def _no_files(session: SessionArtifacts, folder: str, recording: dict[str, Any], deadline: datetime) -> None:
    if recording.get("storage_config"):
        session.set(folder, State.EMPTY, reason="it is in the app's own storage")
    else:
        session.set_absent(folder, deadline, "it is UPLOADED, but has no link", lost="it has no link after its 7 days")


def _copy_file(
    session: SessionArtifacts, name: str, recording: dict[str, Any], locate: Locate, deadline: datetime
) -> Flow[None]:
    link = Link(
        session.reader, f"/recordings/{encode_segment('recording_id', recording['id'])}", None, locate, recording
    )
    with session.store.writer(f"{session.folder}/{name}") as file:
        try:
            yield from session.download(link, file, None)
        except (ArtifactNotReadyError, APIError) as error:
            if not is_missing(error):
                raise
            session.set_absent(name, deadline, "the storage does not have it", lost="the storage no longer has it")
            return
        stored = file.commit()
    size = recording.get("file_size")
    differs = isinstance(size, int) and size > 0 and name.endswith(main_name(recording)) and size != stored.bytes
    session.set(
        name,
        State.COPIED,
        path=name,
        **stored._asdict(),
        source=without_signature(link.url or ""),
        reason=f"the platform says {size} bytes" if differs else None,
    )
