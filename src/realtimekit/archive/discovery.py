"""Discovery: which sessions there are, and the proof that none was overlooked.

Sessions are read from the last proven time on, in the order of their creation, up to now. What `start_time` compares is
not documented, so windows overlap by an hour, and no `end_time` is sent. A window ends where sessions can no longer
appear: keep-alive and a grace before now.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.ledger import AT_ONCE, NEVER, OpenSession, Window
from realtimekit.archive.reader import Reader
from realtimekit.flow import Flow
from realtimekit.saving.manifest import RETENTION
from realtimekit.values import format_time, parse_timestamp

OVERLAP = timedelta(hours=1)
# A meeting keeps a session alive for at most ten minutes after the last participant has left; and a grace of five.
CLOSING_DELAY = timedelta(minutes=15)
# Shorter windows are left open: each costs a request.
MIN_WINDOW = timedelta(minutes=15)
# How often the sessions are counted, as long as others begin between reading and counting.
MAX_COUNTS = 8


class Discovered(NamedTuple):
    """What discovery found.

    Attributes:
        sessions: the sessions that began from the last proven time on, an hour earlier included.
        window: the span of time that was closed, if one was: proven, or not.
    """

    sessions: list[OpenSession]
    window: Window | None


def discover(
    reader: Reader, proven_until: datetime | None, since: datetime | None = None, until: datetime | None = None
) -> Flow[Discovered]:
    """Read which sessions there are.

    Args:
        reader: the app.
        proven_until: until when everything is proven; None in a new archive.
        since: from when on to list sessions; None: from `proven_until`, or the oldest session. An earlier time than
            `proven_until` is read again.
        until: read no further; the window ends there. None for now.

    Raises:
        APIError, APIConnectionError: the sessions cannot be listed.
        DecodeError: the response contains no list of sessions.
    """
    again = proven_until is not None and since is not None and since < proven_until
    start = since if again else proven_until or since
    read_from = None if start is None else start - OVERLAP
    query: dict[str, Any] = {"sort_by": "createdAt", "sort_order": "ASC"}
    if read_from is not None:
        query["start_time"] = format_time(read_from, "start_time")
    if until is not None:
        query["end_time"] = format_time(until, "end_time")
    sessions: dict[str, OpenSession] = {}  # no more than is needed: there may be a hundred thousand
    times: dict[str, datetime] = {}

    def keep(_: object, items: list[dict[str, Any]]) -> None:
        for entry, began in entries_of(items):
            sessions[entry.session_id] = entry
            if began is not None:
                times[entry.session_id] = began

    pages = yield from reader.read_pages("/sessions", "sessions", query, keep)
    now = reader.clock.now()
    if start is None:
        start = min(times.values(), default=now - CLOSING_DELAY)
        read_from = start
    end = min(now - CLOSING_DELAY, until) if until is not None else now - CLOSING_DELAY
    end = end.replace(microsecond=0)
    if end - start < (MIN_WINDOW if proven_until is not None and not again else timedelta(0)):
        return Discovered(list(sessions.values()), None)
    last_page, after = pages.last_page, None
    for _ in range(MAX_COUNTS):
        after = yield from reader.count("/sessions", query)
        if after is None or after <= len(sessions):
            break
        # Sessions began while the pages were read: they are at the end of the list.
        last_page = (yield from reader.read_pages("/sessions", "sessions", query, keep, last_page)).last_page
    found, before = len(sessions), pages.first_total
    proven = before is not None and before <= found == after
    within = sum(start <= time < end for time in times.values())
    continues = proven_until is not None and not again
    window = Window(start, end, proven, before, after, found, read_from or start, now, within, continues)
    return Discovered(list(sessions.values()), window)


def entries_of(sessions: Iterable[dict[str, Any]]) -> Iterator[tuple[OpenSession, datetime | None]]:
    """Return the entries in the ledger of the sessions that have an id, and when each began."""
    for session in sessions:
        if session.get("id"):
            began = _time(session, "started_at", "created_at")
            ended = _time(session, "ended_at") if session.get("status") != "LIVE" else None
            deadline = NEVER if ended is None else ended + RETENTION
            yield OpenSession(deadline, AT_ONCE, sys.intern(layout.day_of(began)), str(session["id"])), began


def _time(session: dict[str, Any], *names: str) -> datetime | None:
    for name in names:
        value = session.get(name)
        try:
            if isinstance(value, str) and value:
                return parse_timestamp(value)
        except ValueError:
            continue
    return None
