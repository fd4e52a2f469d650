"""The costs of a month, and the attendance of a meeting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast, get_args

from realtimekit.console.forms import BadInputError, choice, days, required, text
from realtimekit.costs.period import period_of
from realtimekit.costs.result import CostsBy

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from realtimekit.console.console import Console

MAX_ROWS = 500  # groups and people that a page shows


def costs(console: Console, request: Request) -> Response:
    """The costs of a month; only when asked for, because the API takes a request for each session."""
    given, now = request.query_params, _now(console)
    month = text(given, "month")
    by = cast("CostsBy", choice(given, "by", get_args(CostsBy)) or "meeting")
    found = None
    if month is not None:
        try:
            period_of(month, None, None, now)
        except ValueError as error:
            raise BadInputError(f"{error}.") from None
        source = console.client.analytics if console.archive is None else console.archive
        found = source.costs(month=month, by=by, now=now)
    return console.render(
        request, "costs.html", found=found, by=by, bys=get_args(CostsBy), month=month, now=now, most=MAX_ROWS
    )


def attendance(console: Console, request: Request) -> Response:
    """Who was in the sessions of a meeting."""
    given = request.query_params
    meeting_id = required(given, "meeting", "the id of a meeting")
    since, until = days(given)
    if console.archive is None:
        try:
            meeting = console.client.meetings.ref(meeting_id)
        except ValueError as error:
            raise BadInputError(f"There is no such meeting: {error}.", 404) from None
        found = meeting.attendance(since=since, until=until, now=_now(console))
    else:
        found = console.archive.attendance(meeting_id=meeting_id, since=since, until=until)
    title = next((visit.title for one in found.people for visit in reversed(one.visits) if visit.title), None)
    return console.render(
        request, "attendance.html", found=found, given=given, meeting_id=meeting_id, meeting_title=title, most=MAX_ROWS
    )


def _now(console: Console) -> datetime:
    """Return the time of the emulator, if there is one."""
    return datetime.now(UTC) if console.emulator is None else datetime.fromisoformat(console.emulator.advance(0))
