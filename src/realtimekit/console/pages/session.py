"""One session: the parts of its report, with the recording beside what was said; and its call quality."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit import report
from realtimekit.console.forms import path_id
from realtimekit.console.media import list_files
from realtimekit.report.conversation import Entry, list_entries
from realtimekit.report.fields import get_field
from realtimekit.report.page import page_context

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from realtimekit.console.console import Console
    from realtimekit.report import SessionReport


class Line(NamedTuple):
    """Something that was said or written, as a line of the page.

    Attributes:
        entry: what it was.
        anchor: the id of the line in the page; None if another line has it, or if its time is not known.
        follows: whether the line before is by the same person in the same way, so that the name need not be repeated.
    """

    entry: Entry
    anchor: str | None
    follows: bool


def show(console: Console, request: Request) -> Response:
    """A session, without its call quality, for which every participant costs a request."""
    session = console.client.sessions.find(path_id(request, "session_id"))
    collected = report.collect(session, quality=False)
    files = list_files(collected.recordings or [])
    context: dict[str, Any] = page_context(collected) | {"links": None}  # the page has its own
    return console.render(request, "session.html", **context, files=files, lines_=lines(collected))


def quality(console: Console, request: Request) -> Response:
    """The call quality of everybody in a session."""
    session = console.client.sessions.find(path_id(request, "session_id"))
    return console.render(request, "quality.html", **page_context(report.collect(session)))


def lines(collected: SessionReport) -> list[Line]:
    """Return what was said and written, line by line: a player can mark each."""
    started_at: datetime | None = get_field(collected.session, "started_at")
    found, anchors, before = list[Line](), set[str](), None
    for entry in list_entries(collected):
        anchor = anchor_of(entry.start, started_at, is_chat=entry.is_chat)
        follows = before is not None and (before.name, before.attendee, before.is_chat) == (
            entry.name, entry.attendee, entry.is_chat
        )  # fmt: skip
        found.append(Line(entry, None if anchor in anchors else anchor, follows))
        if anchor is not None:
            anchors.add(anchor)
        before = entry
    return found


def anchor_of(start: datetime | None, started_at: datetime | None, *, is_chat: bool) -> str | None:
    """Return the id of a line: `said-5000` for five seconds after the start of the session."""
    if start is None:
        return None
    if is_chat or started_at is None:
        return f"written-{round(start.timestamp() * 1000)}"
    return f"said-{round((start - started_at).total_seconds() * 1000)}"
