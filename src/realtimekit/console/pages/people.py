"""People across sessions: of an archive all of them; of the API those of some sessions, one request each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.console.forms import BadInputError, choice, page_number, required, text
from realtimekit.console.live_lists import SESSIONS_OF_PEOPLE, LiveLists

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from realtimekit.console.console import Console


def index(console: Console, request: Request) -> Response:
    """The people in all sessions."""
    given, page = request.query_params, page_number(request.query_params)
    if console.tables is None:
        people, sessions = LiveLists(console.client).people(page)
        return console.render(
            request, "people_of_sessions.html", given=given, people=people, sessions=sessions,
            has_next=len(sessions.rows) == SESSIONS_OF_PEOPLE,
        )  # fmt: skip
    sort = choice(given, "sort", console.tables.people_sorts) or "last"
    descending = choice(given, "order", ("asc", "desc")) != "asc"
    found = console.tables.people(text(given, "q"), sort, descending=descending, page=page)
    return console.render(request, "people_list.html", given=given, found=found, sort=sort, descending=descending)


def show(console: Console, request: Request) -> Response:
    """One person, and their sessions."""
    if console.tables is None:
        raise BadInputError("This page needs an archive: realtimekit console --archive TARGET", 404)
    person_id = required(request.query_params, "id", "the id of a person")
    person = console.tables.person(person_id)
    if person is None:
        raise BadInputError(f"Nobody in this archive has the id {person_id[:100]}.", 404)
    found = console.tables.sessions_of(person_id, page_number(request.query_params))
    return console.render(request, "person.html", given=request.query_params, person=person, found=found)
