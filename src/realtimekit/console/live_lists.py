"""Lists from the API, or from an emulator: one request for each page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from realtimekit.console.lists import PAGE_SIZE, Listing, PersonRow, SessionQuery, SessionRow
from realtimekit.kwargs import drop_none
from realtimekit.report.fields import get_field

if TYPE_CHECKING:
    from realtimekit import RealtimeKit, Session
    from realtimekit.flow import Sync
    from realtimekit.resources.session_participant import SessionParticipant

SESSIONS_OF_PEOPLE = 20  # on a page: each costs a request
CONCURRENCY = 4
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class LiveLists:
    """The sessions as `GET /sessions` lists them."""

    sorts: dict[str, str] = {"started": "started", "minutes": "participant minutes"}  # noqa: RUF012 - never changed

    def __init__(self, client: RealtimeKit) -> None:
        self._client = client

    def sessions(self, query: SessionQuery) -> Listing[SessionRow]:
        """Return a page of sessions: `GET /sessions`."""
        filters: dict[str, Any] = drop_none({
            "search": query.text, "status": query.status, "meeting_id": query.meeting_id,
            "start_time": query.since, "end_time": query.until,
        })  # fmt: skip
        key = "minutes_consumed" if query.sort == "minutes" else "created_at"
        found = self._client.sessions.where(**filters).order_by(f"-{key}" if query.descending else key)
        page = self._client.run(found.page_size(PAGE_SIZE)._fetch_page(query.page))
        return Listing([_row(session) for session in page.records], page.paging.total_count, query.page)

    def people(self, page: int) -> tuple[list[tuple[PersonRow, list[SessionRow]]], Listing[SessionRow]]:
        """Return the people in a page of sessions, each with their sessions: one request for each session.

        `GET /sessions`, and `GET /sessions/{session_id}/participants`.
        """
        newest = self._client.sessions.order_by("-created_at").page_size(SESSIONS_OF_PEOPLE)
        listed = self._client.run(newest._fetch_page(page))
        rows = [_row(session) for session in listed.records]
        with ThreadPoolExecutor(CONCURRENCY) as threads:
            everybody = list(threads.map(lambda session: session.participants.all(), listed.records))
        found: dict[str, tuple[list[SessionParticipant[Sync]], dict[str, SessionRow]]] = {}
        for row, participants in zip(rows, everybody, strict=True):
            for one in participants:
                ids = (get_field(one, name) for name in ("custom_participant_id", "user_id", "id"))
                stays, sessions = found.setdefault(str(next(filter(None, ids), "")), ([], {}))
                stays.append(one)
                sessions[row.id] = row
        people = [(_person(key, stays, len(own)), list(own.values())) for key, (stays, own) in found.items()]
        people.sort(key=lambda one: one[0].last_seen or _LONG_AGO, reverse=True)
        return people, Listing(rows, listed.paging.total_count, page)


def _person(person_id: str, stays: list[SessionParticipant[Sync]], sessions: int) -> PersonRow:
    joined = sorted(time for one in stays if (time := get_field(one, "joined_at")))
    minutes = [length for one in stays if (length := get_field(one, "duration")) is not None]
    name = next((name for one in stays if (name := get_field(one, "display_name"))), None)
    first, last = (joined[0], joined[-1]) if joined else (None, None)
    return PersonRow(person_id, name, sessions, sum(minutes) if minutes else None, first, last)


def _row(session: Session[Sync]) -> SessionRow:
    started, ended = get_field(session, "started_at"), get_field(session, "ended_at")
    seconds = (ended - started).total_seconds() if started and ended else None
    names = ("meeting_display_name", "status", "associated_id")
    title, status, meeting_id = (get_field(session, name) for name in names)
    counted = get_field(session, "max_concurrent_participants"), get_field(session, "minutes_consumed")
    return SessionRow(session.id, title, status, meeting_id, started, seconds, *counted)
