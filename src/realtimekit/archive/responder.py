"""What an archive returns for each read of the API: the operations are those of docs/operations.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, Protocol
from urllib.parse import unquote

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.errors import missing_object
from realtimekit.archive.filters import is_within, mentions, merge_stays, select_report_parts, sort_key
from realtimekit.archive.index import Filters, Index, Location
from realtimekit.archive.live_transcripts import note_of, offered_transcript
from realtimekit.archive.manifest import find_manifest, read_artifact
from realtimekit.archive.query_string import Query, RefusalError, paging
from realtimekit.archive.session_files import with_links
from realtimekit.archive.store import Store
from realtimekit.resources.transcript import ARCHIVE_NOTE
from realtimekit.saving.manifest import KEPT, Manifest, SavedArtifact, State

_FOREVER = "9999-12-31T23:59:59.000Z"  # links into an archive do not expire


class NotKeptError(RefusalError):
    """The archive has no such thing.

    Attributes:
        code: of the error that the API would send; None for the usual one.
    """

    status = 404

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class Linker(Protocol):
    """Makes the link to an object of the archive."""

    def __call__(self, path: str, **query: str) -> str: ...


class _KeptSession(NamedTuple):
    """A session in the archive."""

    folder: str
    manifest: Manifest


class Responder:
    """Responds to requests from one archive."""

    def __init__(self, store: Store, app_id: str, link: Linker) -> None:
        self._store, self._app_id, self._link = store, app_id, link
        self._index = Index(store)
        session = r"/sessions/([^/]+)"
        routes: dict[str, Callable[..., dict[str, Any]]] = {
            r"/sessions": self._sessions,
            r"/sessions/peer-report/([^/]+)": self._peer_report,
            session: self._session,
            rf"{session}/participants": self._participants,
            rf"{session}/participants/([^/]+)": self._participant,
            rf"{session}/chat": self._chat,
            rf"{session}/transcript": self._transcript,
            rf"{session}/summary": self._summary,
            rf"{session}/livestream-sessions": self._livestream_sessions,
            r"/livestreams/sessions/([^/]+)": self._livestream_session,
            r"/recordings": self._recordings,
            r"/recordings/([^/]+)": self._recording,
            r"/meetings": self._meetings,
            r"/meetings/([^/]+)": self._meeting,
        }
        self._routes = [(re.compile(pattern), handler) for pattern, handler in routes.items()]

    def respond(self, path: str, query: list[tuple[str, str]]) -> dict[str, Any]:
        """Return the body of a response, without `success`, and when it was true, if that is long ago, as `date`.

        Args:
            path: below the app.
            query: its parameters.

        Raises:
            RefusalError: it is an error.
            ArchiveError: the archive cannot be read.
        """
        for pattern, handler in self._routes:
            if found := pattern.fullmatch(path):
                return handler(Query(query), *map(unquote, found.groups()))
        raise NotKeptError("an archive keeps sessions and what belongs to them, not the API's other records")

    # --- sessions ----------------------------------------------------------------------------------------------------

    def _sessions(self, query: Query) -> dict[str, Any]:
        filters = Filters(
            query.get("status"),
            query.get("associated_id"),
            query.time("start_time"),
            query.time("end_time"),
            query.range("participants"),
            query.get("search"),
        )
        sort_by = "minutes_consumed" if query.get("sort_by") == "minutesConsumed" else "created_at"
        rows = self._index.sessions(filters, sort_by, descending=query.descending(default=True))
        start, size = query.page()
        records = [json.loads(record) for record in rows["record"].slice(start, size).to_pylist()]
        for record in records:
            record.pop("breakout_rooms", None)
        return {"data": {"sessions": records}, "paging": paging(start, len(records), rows.num_rows)}

    def _session(self, query: Query, session_id: str) -> dict[str, Any]:
        kept = self._open(session_id)
        session = responses.unwrap(self._json(kept, "session"))
        if not query.flag("include_breakout_rooms"):
            session.pop("breakout_rooms", None)
        # Why an artifact is missing depends on how long ago the session had ended at the last sync.
        return {"data": session, "date": kept.manifest.saved_at}

    def _participants(self, query: Query, session_id: str) -> dict[str, Any]:
        found = self._participant_records(self._open(session_id))
        if query.get("view") == "consolidated":
            found = merge_stays(found)
        if search := query.get("search"):
            ids = ("id", "user_id", "custom_participant_id")
            found = [record for record in found if mentions(record, search, "display_name", *ids)]
        key = "duration" if query.get("sort_by") == "duration" else "joined_at"
        found.sort(key=lambda record: sort_key(record, key), reverse=query.descending(default=False))
        page, paging = query.paginate([self._with_events(query, record) for record in found])
        return {"data": {"participants": page, "paging": paging}}

    def _participant(self, query: Query, session_id: str, participant_id: str) -> dict[str, Any]:
        for record in self._participant_records(self._open(session_id)):
            if record.get("id") == participant_id:
                return {"data": {"participant": self._with_events(query, record)}}
        raise NotKeptError(f"the session has no participant {participant_id}")

    def _participant_records(self, session: _KeptSession) -> list[dict[str, Any]]:
        return responses.unwrap_list(self._json(session, "participants"), "participants") or []

    def _with_events(self, query: Query, record: dict[str, Any]) -> dict[str, Any]:
        if query.flag("include_peer_events"):
            return record
        return {name: value for name, value in record.items() if name != "peer_events"}

    def _peer_report(self, query: Query, peer_id: str) -> dict[str, Any]:
        location = self._index.locate("participants", "peer_id", peer_id)
        if location is None:
            raise NotKeptError(f"no session has a participant {peer_id}")
        body = self._json(self._at(location), f"peers/{layout.encode_id(peer_id)}")
        record = select_report_parts(responses.unwrap(body, "participant"), query.all("filters"))
        return {"data": {"participant": self._with_events(query, record)}}

    # --- what it left behind -----------------------------------------------------------------------------------------

    def _chat(self, _: Query, session_id: str) -> dict[str, Any]:
        link = self._file_link(self._open(session_id), "chat")
        return {"data": {"chat_download_url": link, "chat_download_url_expiry": _FOREVER}}

    def _transcript(self, query: Query, session_id: str) -> dict[str, Any]:
        session = self._open(session_id)
        wanted = (query.get("format") or "CSV").upper()
        if wanted not in {"CSV", "JSON", "SRT", "VTT"}:
            raise RefusalError(f'"format" must be one of CSV, JSON, SRT, VTT, not {wanted}')
        kept = offered_transcript(session.manifest)
        name, note = kept.name if kept else "transcript", note_of(session.manifest)
        same = kept is not None and kept.path is not None and kept.path.endswith(f".{wanted.lower()}")
        link = self._file_link(session, name, **({} if same else {"format": wanted}))
        return {
            "data": {
                "sessionId": session_id,
                "transcript_download_url": link,
                "transcript_download_url_expiry": _FOREVER,
                **({ARCHIVE_NOTE: note} if note else {}),
            }
        }

    def _summary(self, _: Query, session_id: str) -> dict[str, Any]:
        link = self._file_link(self._open(session_id), "summary")
        return {"data": {"sessionId": session_id, "summaryDownloadUrl": link, "summaryDownloadUrlExpiry": _FOREVER}}

    def _livestream_sessions(self, query: Query, session_id: str) -> dict[str, Any]:
        session = self._open(session_id)
        kept = session.manifest.artifacts.get("livestream_sessions")
        has = kept is not None and kept.path is not None
        found = responses.unwrap_list(self._json(session, "livestream_sessions"), "data") or [] if has else []
        page, paging = query.paginate(found)
        return {"data": {"data": page, "paging": paging}}

    def _livestream_session(self, _: Query, id: str) -> dict[str, Any]:
        location = self._index.locate("livestream_sessions", "livestream_session_id", id)
        body = None if location is None else self._json(self._at(location), "livestream_sessions")
        for record in responses.unwrap_list(body, "data") or []:
            if record.get("id") == id:
                return {"data": record}
        raise NotKeptError(f"no session has the livestream session {id}")

    # --- recordings --------------------------------------------------------------------------------------------------

    def _recordings(self, query: Query) -> dict[str, Any]:
        rows = self._index.table("recordings")
        pairs = zip(rows["day"].to_pylist(), rows["session_id"].to_pylist(), strict=True)
        locations = sorted({Location(*pair) for pair in pairs})
        meeting_id, search = query.get("meeting_id"), query.get("search")
        if meeting_id or search:
            filters = Filters(meeting_id=meeting_id, meeting=search)
            sessions = self._index.sessions(filters, "created_at", descending=False)
            of_meeting = set(sessions["session_id"].to_pylist())
            locations = [location for location in locations if location.session_id in of_meeting]
        found = [record for location in locations for record in self._recording_records(self._at(location))]
        if statuses := query.all("status"):
            found = [record for record in found if record.get("status") in statuses]
        if query.flag("expired"):
            found = []  # nothing expires here
        return _page_by_time(query, found, "invoked_time")

    def _recording(self, _: Query, recording_id: str) -> dict[str, Any]:
        location = self._index.locate("recordings", "recording_id", recording_id)
        for record in [] if location is None else self._recording_records(self._at(location)):
            if record.get("id") == recording_id:
                record.pop("meeting", None)  # only lists have it
                return {"data": record}
        raise NotKeptError(f"no session has a recording {recording_id}")

    def _recording_records(self, session: _KeptSession) -> Iterable[dict[str, Any]]:
        """Iterate over the recordings of a session; their links lead into the archive."""

        def link(name: str) -> str | None:
            artifact = session.manifest.artifacts.get(name)
            return self._link(f"{session.folder}/{artifact.path}") if artifact and artifact.path else None

        kept = session.manifest.artifacts.get("recordings")
        for record in self._json(session, "recordings") or [] if kept and kept.path else []:
            yield {**with_links(record, link), "download_url_expiry": None}

    # --- meetings ----------------------------------------------------------------------------------------------------

    def _meetings(self, query: Query) -> dict[str, Any]:
        rows = self._index.sessions(Filters(), "created_at", descending=False)
        records: dict[str, dict[str, Any]] = {}
        for meeting in rows["meeting"].to_pylist():
            if meeting is not None:
                record = json.loads(meeting)
                records[str(record.get("id"))] = record  # the latest wins
        found = list(records.values())
        if search := query.get("search"):
            found = [record for record in found if mentions(record, search, "title", "id")]
        if status := query.get("status"):
            found = [record for record in found if record.get("status") == status]
        return _page_by_time(query, found, "created_at")

    def _meeting(self, _: Query, meeting_id: str) -> dict[str, Any]:
        rows = self._index.sessions(Filters(meeting_id=meeting_id), "created_at", descending=True)
        for meeting in rows["meeting"].to_pylist():
            if meeting is not None:
                return {"data": json.loads(meeting)}
        raise NotKeptError(f"the archive has no meeting {meeting_id}: only those that had sessions")

    # --- reading -----------------------------------------------------------------------------------------------------

    def _open(self, session_id: str) -> _KeptSession:
        location = self._index.locate("sessions", "session_id", session_id)
        if location is None:
            raise NotKeptError(f"the archive has no session {session_id}")
        return self._at(location)

    def _at(self, location: Location) -> _KeptSession:
        folder = layout.session_folder(self._app_id, location.day, location.session_id)
        if (found := find_manifest(self._store, folder)) is None:
            raise missing_object(f"{folder}/{layout.MANIFEST}")
        return _KeptSession(folder, found.manifest)

    def _artifact(self, session: _KeptSession, name: str) -> SavedArtifact:
        artifact = session.manifest.artifacts.get(name)
        if artifact is None:
            raise NotKeptError(f"the archive has no {name} of this session")
        if artifact.state not in KEPT or (artifact.path is None and artifact.bytes is None):
            # What the archive itself has deleted is gone for good, whatever the session's settings say about it.
            code = artifact.state if artifact.state in {State.ERASED, State.EXPIRED} else None
            reason = artifact.reason or "it was deleted from the archive"
            raise NotKeptError(f"{name}: {artifact.state}: {reason}", code)
        return artifact

    def _json(self, session: _KeptSession, name: str) -> Any:
        artifact = self._artifact(session, name)
        if artifact.path is None:
            return None
        content = read_artifact(self._store, session.folder, artifact)
        if content is None:
            raise missing_object(f"{session.folder}/{artifact.path}")
        return responses.loads(content)

    def _file_link(self, session: _KeptSession, name: str, **query: str) -> str:
        artifact = self._artifact(session, name)
        if artifact.path is None:  # an empty file: any empty object stands for it
            return self._link(f"{session.folder}/{layout.MANIFEST}", empty="1")
        return self._link(f"{session.folder}/{artifact.path}", **query)


def _page_by_time(query: Query, records: list[dict[str, Any]], key: str) -> dict[str, Any]:
    """Return the page of a list that is asked for: filtered and sorted by this time of the records."""
    earliest, latest = query.time("start_time"), query.time("end_time")
    found = [record for record in records if is_within(record.get(key), earliest, latest)]
    found.sort(key=lambda record: sort_key(record, key), reverse=query.descending(default=True))
    page, position = query.paginate(found)
    return {"data": page, "paging": position}
