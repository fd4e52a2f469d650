"""Reading many sessions: those of a period, and who took part in them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from realtimekit.attendance import Record, text_of
from realtimekit.costs.period import started_within
from realtimekit.errors import NotFoundError
from realtimekit.flow import Flow
from realtimekit.relation import Relation
from realtimekit.resources.session import Session, Sessions
from realtimekit.values import try_parse_time

PAGE_SIZE = 100
MARGIN = timedelta(days=1)  # lists are sorted by another time than the one that counts


def read_period(sessions: Sessions[Any], since: datetime | None, until: datetime | None) -> Flow[list[Session[Any]]]:
    """Read the sessions that started in a period, the newest first.

    What the filters `start_time` and `end_time` of the API compare is not documented, so they are not used.
    """
    listed = sessions.order_by("-created_at").page_size(PAGE_SIZE)
    oldest = margin_before(since)
    found = yield from listed._fetch_until(lambda record: is_before(record, "created_at", oldest))
    identified = [session for session in found if text_of(session._data, "id")]
    return [session for session in identified if started_within(session._data, since, until)]


def margin_before(since: datetime | None) -> datetime | None:
    """Return up to when a list has to be read for records since a time; None for all of it."""
    try:
        return None if since is None else since - MARGIN
    except OverflowError:  # at the beginning of the calendar
        return None


def is_before(record: Any, name: str, oldest: datetime | None) -> bool:
    """Return whether a time of a record is before another one."""
    time = try_parse_time(record._data.get(name))
    return oldest is not None and time is not None and time < oldest


def read_all(relation: Relation[Any, Any]) -> Flow[list[Record]]:
    """Read all records of a list, as the API sends them."""
    return [record._data for record in (yield from relation.page_size(PAGE_SIZE)._fetch_until(lambda _: False))]


def read_participants(session: Session[Any]) -> Flow[list[Record]]:
    """Read the participants of a session, with their events; none if the platform does not know the session."""
    try:
        return (yield from read_all(session.participants.where(include_peer_events=True)))
    except NotFoundError:
        return []
