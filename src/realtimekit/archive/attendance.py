"""Who was in the sessions of an archive, and how long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from realtimekit.archive.kept_sessions import read_json
from realtimekit.archive.stays import stays_within, to_time
from realtimekit.archive.store import Store
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.attendance import Attendance, AttendanceInterval, Stay, measure_stays, presence
from realtimekit.values import validate_time_range

_STAYS = """
select session_id, title, user_id, custom_participant_id, display_name, preset_name, joined, simple, started, ended,
    "left", session_ended, case when not simple then extra end
from stay order by day, began, session_id, joined, peer_id
"""


def read_attendance(
    store: Store,
    *,
    meeting_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Attendance:
    """Return who was in sessions: see `Archive.attendance`."""
    validate_time_range(since, until)
    with stays_within(store, read_snapshot(store), since, until, meeting_id) as connection:
        count: Any = connection.execute("select count(*) from session").fetchone()
        stays = [*map(_stay, connection.execute(_STAYS).fetchall())]
    return measure_stays(count[0], stays, datetime.now(UTC))


def _stay(row: tuple[Any, ...]) -> Stay:
    session_id, title, user_id, custom_participant_id, display_name, preset_name, joined, simple, *times, extra = row
    started, ended, left, session_ended = times
    joined_at = to_time(joined)
    participant = {
        "user_id": user_id, "custom_participant_id": custom_participant_id, "display_name": display_name,
        "preset_name": preset_name, "joined_at": joined_at,
    }  # fmt: skip
    if simple:
        start = joined_at if started == joined else to_time(started)
        intervals = [] if start is None else [AttendanceInterval(start, to_time(ended))]
    else:
        record = {**read_json(extra), "joined_at": joined_at, "left_at": to_time(left)}
        intervals = presence(record, to_time(session_ended))
    return Stay(participant, session_id, title, intervals)
