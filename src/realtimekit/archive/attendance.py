"""Who was in the sessions of an archive, and how long."""

from __future__ import annotations

from datetime import UTC, datetime

from realtimekit.archive.kept_sessions import read_sessions
from realtimekit.archive.store import Store
from realtimekit.attendance import Attendance, measure_attendance
from realtimekit.values import validate_time_range


def read_attendance(
    store: Store,
    *,
    meeting_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Attendance:
    """Return who was in sessions: see `Archive.attendance`."""
    validate_time_range(since, until)
    found = read_sessions(store, since=since, until=until, meeting_id=meeting_id)
    return measure_attendance(((records.session, records.participants) for records in found), datetime.now(UTC))
