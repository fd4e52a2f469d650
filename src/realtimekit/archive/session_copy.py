"""Copying one session: what it left behind, in the order of the platform's deadlines.

The flows of this module read the API and write to the archive's storage as they go; the threads of a sync run them.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import unquote

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveChangedError
from realtimekit.archive.ledger import ChangedSession
from realtimekit.archive.manifest import encode, find_manifest, read_artifact
from realtimekit.archive.meetings import MeetingCache
from realtimekit.archive.privacy.people import ids_of
from realtimekit.archive.privacy.tombstones import Tombstones
from realtimekit.archive.reader import Reader
from realtimekit.archive.session_artifacts import SessionArtifacts, is_missing, time_of
from realtimekit.archive.session_files import (
    Link,
    text_link,
)
from realtimekit.archive.session_recordings import copy_recordings
from realtimekit.archive.store import Store
from realtimekit.errors import (
    APIError,
    ArtifactNotReadyError,
    DecodeError,
    NotFoundError,
)
from realtimekit.flow import Flow
from realtimekit.paths import encode_segment
from realtimekit.saving.manifest import MAX_TEXT, REPORT_RETENTION, RETENTION, Manifest, State, text_file_name
from realtimekit.saving.scrub import scrub_response, scrub_text, without_signature

# When what is missing is checked again, after the end of the session; then once more at its deadline.
CHECKS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 720, 1440, 2880, 5760, 8640, 9840))


class Copied(NamedTuple):
    """The result of copying a session.

    Attributes:
        manifest: what the archive holds now; None while the session is live, or if the platform has no such session.
        failures: what could not be read or fetched this time, in words.
        rooms: the sessions of its breakout rooms.
        live: whether the session is still live.
    """

    manifest: Manifest | None
    failures: list[str]
    rooms: list[dict[str, Any]]
    live: bool = False


def copy_session(
    reader: Reader,
    store: Store,
    meetings: MeetingCache,
    tombstones: Tombstones,
    session_id: str,
    before: Manifest | None = None,
    *,
    version: str | None = None,
    archive_created_at: datetime | None = None,
    live: Sequence[str] = (),
    on_rooms: Callable[[list[dict[str, Any]]], object] | None = None,
) -> Flow[Copied]:
    """Copy what the archive lacks of a session, and write its manifest.

    Args:
        reader: the app.
        store: the archive.
        meetings: the meetings of all sessions.
        tombstones: who was erased, and is left out.
        session_id: the session.
        before: its manifest, if it was copied before.
        version: of the manifest in the storage, if it was read.
        archive_created_at: when the archive was created.
        live: the paths of what listeners heard of it, which are deleted when its manifest holds that.
        on_rooms: takes the sessions of its breakout rooms, before the manifest is written.

    Raises:
        AuthenticationError, PermissionDeniedError, RateLimitError: no session can be read.
        APIError, APIConnectionError: the session cannot be read at all.
        ArchiveChangedError: another process has written the manifest meanwhile.
        ArchiveError: the archive cannot be written.
    """
    copy = _SessionCopy(reader, store, meetings, tombstones, session_id, before, version, archive_created_at, live)
    return (yield from copy.run(on_rooms or (lambda _: None)))


def next_check(manifest: Manifest, now: datetime) -> datetime | None:
    """Return when what is missing is to be checked again; None if nothing is missing."""
    waiting = manifest.unfinished
    if not waiting:
        return None
    deadline = min(artifact.deadline or now for artifact in waiting)
    times = [(manifest.ended_at or now) + delay for delay in CHECKS]
    return min([time for time in times if time > now] + [max(deadline, now + timedelta(minutes=15))])


class _SessionCopy(SessionArtifacts):
    def __init__(
        self,
        reader: Reader,
        store: Store,
        meetings: MeetingCache,
        tombstones: Tombstones,
        session_id: str,
        before: Manifest | None,
        version: str | None,
        archive_created_at: datetime | None,
        live: Sequence[str],
    ) -> None:
        super().__init__(reader, store, tombstones, session_id, before, archive_created_at)
        self._version = version
        self._meetings = meetings
        self._path = f"/sessions/{encode_segment('session_id', session_id)}"
        self._rooms: list[dict[str, Any]] = []
        self._participants: list[dict[str, Any]] = []
        self._total = before.participants if before else 0
        self._spoke = False
        self._live = live
        self._meeting: dict[str, Any] = {}

    def run(self, on_rooms: Callable[[list[dict[str, Any]]], object]) -> Flow[Copied]:
        """Copy the session: see `copy_session`."""
        try:
            response = yield from self.reader.get(self._path, {"include_breakout_rooms": True})
        except NotFoundError as error:
            return self._vanished(error)
        session = responses.unwrap(response.body)
        if not isinstance(session, dict) or session.get("id") != self.session_id:
            raise DecodeError(f"GET {self._path}: the response is not about this session")
        if session.get("status") == "LIVE":
            return Copied(None, [], [], live=True)
        self._session = session
        self._started_at = time_of(session, "started_at") or time_of(session, "created_at")
        self.ended_at = time_of(session, "ended_at") or time_of(session, "updated_at") or self._started_at
        self.folder = layout.session_folder(self.reader.app_id, layout.day_of(self._started_at), self.session_id)
        if self.before is None and self._version is None:
            self._read_before()
        rooms = session.get("breakout_rooms")
        self._rooms = [room for room in rooms if isinstance(room, dict)] if isinstance(rooms, list) else []
        if not self.is_expired("session"):
            self.keep("session", "session.json", scrub_response(response.content, response.body))
        meeting_id = session.get("associated_id")
        if isinstance(meeting_id, str) and meeting_id:
            yield from self.attempt("meeting", self._copy_meeting(meeting_id))
        yield from self.attempt("participants", self._copy_participants())
        if self.tombstones and not self.is_done("participants"):
            # Without them nobody knows which messages are of somebody who was erased: the next check copies the rest.
            on_rooms(self._rooms)
            return Copied(self._commit(), self.failures, self._rooms)
        self._spoke = self.merge_live_transcripts(self._live)
        # Peers come before the transcript: an empty one is suspect only if people spoke.
        for name, copy in (
            ("chat", self._copy_chat),
            ("recordings", lambda: copy_recordings(self, self._meetings, self._session.get("associated_id"))),
            ("peers", self._copy_peers),
            ("transcript", self._copy_transcript),
            ("summary", self._copy_summary),
            ("livestream_sessions", self._copy_livestream_sessions),
        ):
            yield from self.attempt(name, copy())
        on_rooms(self._rooms)
        return Copied(self._commit(), self.failures, self._rooms)

    def _read_before(self) -> None:
        """Read the manifest. The list of sessions may not have had the day on which the session began."""
        if (found := find_manifest(self.store, self.folder)) is not None:
            self.before, self._version = found
            self.artifacts.update(self.before.artifacts)
            self._total = self.before.participants

    # --- each artifact -----------------------------------------------------------------------------------------------

    def _copy_meeting(self, meeting_id: str) -> Flow[None]:
        response = yield from self._meetings.get(meeting_id)
        if response is None:
            self.set("meeting", State.EMPTY, reason="the platform has no such meeting any more")
            return
        found = responses.unwrap(response.body)
        self._meeting = found if isinstance(found, dict) else {}
        if not self.is_done("meeting"):
            self.keep("meeting", "meeting.json", scrub_response(response.content, response.body))

    def _copy_participants(self) -> Flow[None]:
        if self.is_done("participants"):
            if any(artifact.unfinished for name, artifact in self.artifacts.items() if name.startswith("peers/")):
                kept = read_artifact(self.store, self.folder, self.artifacts["participants"])
                self._participants = responses.unwrap_list(json.loads(kept or b"null"), "participants") or []
            return
        listing = yield from self.reader.get_all(
            f"{self._path}/participants", "participants", {"include_peer_events": True}
        )
        self._participants = listing.items
        self._total = len(listing.items)
        for participant in listing.items:
            if self.tombstones.cover(*ids_of(participant)):
                self.tombstones.add(ids_of(participant))  # their other ids are those in the chat and the transcript
        self.keep("participants", "participants.json", scrub_response(listing.response.content, listing.response.body))
        if listing.total not in {None, len(listing.items)}:
            reason = f"{len(listing.items)} participants were listed, but the platform counts {listing.total}"
            deadline = self.deadline(RETENTION)
            state = State.PENDING if self.now() < deadline else State.COPIED
            self.artifacts["participants"] = self.artifacts["participants"]._replace(
                state=state, reason=reason, deadline=deadline if state is State.PENDING else None
            )
            self.failures.append(f"{self.session_id}: {reason}")

    def _copy_peers(self) -> Flow[None]:
        for participant in self._participants:
            peer_id = participant.get("id")
            if not isinstance(peer_id, str) or not peer_id:
                continue
            name = f"peers/{layout.encode_id(peer_id)}"
            if self.tombstones.cover(*ids_of(participant)):
                self.artifacts.pop(name, None)
                self.set(f"peers/{self.tombstones.pseudonym(peer_id)}", State.ERASED)
            elif not self.is_done(name):
                yield from self.attempt(name, self._copy_peer(name, peer_id))

    def _copy_peer(self, name: str, peer_id: str) -> Flow[None]:
        path = f"/sessions/peer-report/{encode_segment('peer_id', peer_id)}"
        try:
            response = yield from self.reader.get(path, {"include_peer_events": True})
        except NotFoundError:
            self.set_missing(name, REPORT_RETENTION, needed=False, otherwise=State.EMPTY)
            return
        content = scrub_response(response.content, response.body)
        self._spoke = self._spoke or _sent_audio(content)
        self.keep(name, f"{name}.json.zst", content, compress=True)

    def _copy_chat(self) -> Flow[None]:
        yield from self._copy_text("chat", "/chat", None, needed=None)

    def _copy_transcript(self) -> Flow[None]:
        enabled = self._meeting.get("transcribe_on_end")
        yield from self._copy_text("transcript", "/transcript", "JSON", needed=bool(enabled) if self._meeting else None)

    def _copy_summary(self) -> Flow[None]:
        if self.is_done("summary"):
            return
        transcript = self.artifacts.get("transcript")
        if transcript is not None and transcript.state in {State.EMPTY, State.NOT_ENABLED}:
            needed: bool | None = False  # a summary needs a transcript
        else:
            needed = bool(self._meeting.get("summarize_on_end")) if self._meeting else None
        yield from self._copy_text("summary", "/summary", None, needed=needed)

    def _copy_text(self, name: str, suffix: str, format: str | None, *, needed: bool | None) -> Flow[None]:
        """Copy a chat, transcript or summary.

        Args:
            name: the artifact.
            suffix: of its path below the session's.
            format: to ask for.
            needed: whether the settings of the meeting ask for it; None if no setting does, or they are unknown.
        """
        if self.is_done(name):
            return
        link = Link(self.reader, self._path + suffix, {"format": format} if format else None, text_link)
        buffer = io.BytesIO()
        try:
            yield from link._refresh_link()
            yield from self.download(link, buffer, MAX_TEXT)
        except (APIError, ArtifactNotReadyError) as error:
            if not is_missing(error):
                raise
            self.set_missing(name, RETENTION, needed=needed)
            return
        content = scrub_text(buffer.getvalue())
        source = without_signature(link.url or "")
        if content:
            self.keep(name, text_file_name(name, content), content, source=source)
        elif name == "transcript" and (self.session_id not in unquote(source) or self._people_spoke()):
            self._set_suspect(source)
        else:
            self.set(name, State.EMPTY, bytes=0, source=source, reason="the platform's file is empty")

    def _set_suspect(self, source: str) -> None:
        reason = "its file is empty although people spoke, or is not this session's"
        deadline = self.deadline(RETENTION)
        again = deadline if self.now() < deadline else None
        self.set("transcript", State.SUSPECT_EMPTY, bytes=0, source=source, reason=reason, deadline=again)

    def _people_spoke(self) -> bool:
        """Whether the call quality shows sound that a participant sent."""
        if not self._spoke:
            peers = [artifact for name, artifact in self.artifacts.items() if name.startswith("peers/")]
            reports = (read_artifact(self.store, self.folder, artifact) for artifact in peers)
            self._spoke = any(report is not None and _sent_audio(report) for report in reports)
        return self._spoke

    def _copy_livestream_sessions(self) -> Flow[None]:
        name = "livestream_sessions"
        if self.is_done(name):
            return
        try:
            listing = yield from self.reader.get_all(f"{self._path}/livestream-sessions", "data")
        except NotFoundError:
            self.set(name, State.EMPTY, reason="the session had no livestream")
            return
        if listing.items:
            self.keep(name, f"{name}.json", scrub_response(listing.response.content, listing.response.body))
        else:
            self.set(name, State.EMPTY, reason="the session had no livestream")

    # --- the commit --------------------------------------------------------------------------------------------------

    def _commit(self) -> Manifest:
        manifest = Manifest(
            session_id=self.session_id,
            app_id=self.reader.app_id,
            meeting_id=self._session.get("associated_id"),
            status=self._session.get("status"),
            title=None if self.is_expired("session") else self._session.get("meeting_display_name"),
            started_at=self._started_at,
            ended_at=self.ended_at,
            participants=self._total,
            artifacts=self.artifacts,
            revision=self.before.revision + 1 if self.before else 1,
            saved_at=self.now(),
        )
        self._write_manifest(manifest)
        return manifest

    def _write_manifest(self, manifest: Manifest) -> None:
        self.store.remove_leftovers(self.folder)
        self.store.flush(self.folder)
        # Before the commit: if this ends between the two, the tables are updated for nothing, and not left behind.
        self.store.put(ChangedSession(layout.day_of(manifest.started_at), manifest.revision, self.session_id).path, b"")
        path, content = f"{self.folder}/{layout.MANIFEST}", encode(manifest)
        # Object storage may have written it, although the response was lost on the way, and then says that it changed.
        if not self.store.swap(path, content, self._version) and self.store.read(path) != content:
            raise ArchiveChangedError(f"{self.store.target}: another process has written {path} in the meantime")
        self.store.flush(path)
        self.store.delete(self.obsolete)

    def _vanished(self, error: NotFoundError) -> Copied:
        """The platform does not have the session any more, or never did: what is missing at its deadline is lost."""
        if self.before is None:
            return Copied(None, [f"{self.session_id}: {error}"], [])
        day = layout.day_of(self.before.started_at)
        self.folder = layout.session_folder(self.reader.app_id, day, self.session_id)
        self.merge_live_transcripts(self._live)
        over = [artifact for artifact in self.before.unfinished if (artifact.deadline or self.now()) <= self.now()]
        for artifact in over:
            self.set(artifact.name, State.LOST, reason="the platform no longer has the session")
        if not over and not self.obsolete:
            return Copied(self.before, [f"{self.session_id}: {error}"], [])
        manifest = self.before._replace(
            artifacts=self.artifacts, revision=self.before.revision + 1, saved_at=self.now()
        )
        self._write_manifest(manifest)
        return Copied(manifest, [f"{self.session_id}: {error}"], [])


def _sent_audio(report: bytes) -> bool:
    return re.search(rb'"audio_producer"\s*:\s*\[\s*\{', report) is not None
