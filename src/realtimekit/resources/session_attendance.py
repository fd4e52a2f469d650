"""The attendance of sessions and meetings: reads the participants from the API. `realtimekit.attendance` measures."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from realtimekit.attendance import Attendance, Record, measure_attendance
from realtimekit.concurrent import run_all
from realtimekit.flow import Flow
from realtimekit.resources.meeting import Meeting
from realtimekit.resources.session import Session
from realtimekit.resources.session_reading import read_all, read_participants, read_period
from realtimekit.values import validate_time_range


def session_attendance(session: Session[Any], now: datetime | None = None) -> Flow[Attendance]:
    """Return who was in a session: see `Session.attendance`."""
    if session._data.get("status") is None:  # only its id is known
        yield from session._read()
    participants = yield from read_all(session.participants.where(include_peer_events=True))
    return measure_attendance([(session._data, participants)], now or datetime.now(UTC))


def meeting_attendance(
    meeting: Meeting[Any],
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    concurrency: int = 4,
    now: datetime | None = None,
) -> Any:
    """Return who was in the sessions of a meeting: see `Meeting.attendance`."""
    validate_time_range(since, until)

    def list_sessions() -> Flow[list[Flow[tuple[Record, list[Record]]]]]:
        sessions = yield from read_period(meeting.sessions, since, until)
        return [_with_participants(session) for session in reversed(sessions)]  # the earliest first

    def finish(found: list[tuple[Record, list[Record]]]) -> Attendance:
        return measure_attendance(found, now or datetime.now(UTC))

    return run_all(meeting._client, list_sessions(), finish, concurrency)


def _with_participants(session: Session[Any]) -> Flow[tuple[Record, list[Record]]]:
    return session._data, (yield from read_participants(session))
