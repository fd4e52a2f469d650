"""The sessions: filtered, sorted, in pages; and a search in what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.archive.errors import ArchiveError
from realtimekit.console.forms import BadInputError, choice, days, page_number, text
from realtimekit.console.lists import SessionQuery

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from realtimekit.console.console import Console

MATCHES = 50


def index(console: Console, request: Request) -> Response:
    """The list of sessions."""
    given = request.query_params
    since, until = days(given)
    query = SessionQuery(
        text=text(given, "q"),
        status=choice(given, "status", ("LIVE", "ENDED")),
        meeting_id=text(given, "meeting"),
        since=since,
        until=until,
        sort=choice(given, "sort", console.lists.sorts) or "started",
        descending=choice(given, "order", ("asc", "desc")) != "asc",
        page=page_number(given),
    )
    found = console.lists.sessions(query)
    return console.render(request, "sessions.html", query=query, found=found, given=given)


def search(console: Console, request: Request) -> Response:
    """A search in what was said, written and summarized: only of an archive."""
    if console.archive is None:
        raise BadInputError("Search needs an archive: realtimekit console --archive TARGET", 404)
    given = request.query_params
    words, speaker, problem = text(given, "q"), text(given, "speaker"), None
    since, until = days(given)
    matches = None
    if words is not None:
        try:
            matches = console.archive.search(words, speaker=speaker, since=since, until=until, limit=MATCHES)
        except ArchiveError as error:
            problem = str(error)
    return console.render(
        request, "search.html", given=given, matches=matches, problem=problem, most=MATCHES, words=words
    )
