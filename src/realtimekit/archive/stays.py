"""The sessions of a period and the stays of their participants, as DuckDB tables, for costs and attendance.

In almost every stay somebody joined once and left once; SQL says when. What is more complicated is left to
`attendance.presence`, and sessions with JSON that DuckDB does not read to Python entirely.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.archive.kept_sessions import days_within
from realtimekit.archive.sql import connect, unreadable
from realtimekit.archive.store import Store
from realtimekit.archive.tables.snapshot import Snapshot
from realtimekit.lazy import LazyModule
from realtimekit.values import EPOCH

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = LazyModule("duckdb")

MICROSECOND = timedelta(microseconds=1)

# Times are in microseconds since 1970.
_SESSIONS = """
create temp table session as
select day, session_id, nullif(meeting_id, '') as meeting_id, nullif(title, '') as title, status,
    epoch_us(ended_at) as ended, epoch_us(coalesce(started_at, created_at)) as began, minutes_consumed,
    (extra is null or json_valid(extra)) and (meeting is null or json_valid(meeting)) as readable,
    case when readable then json_extract(extra, '$.transcription_minutes_consumed') end as transcribed,
    case when readable then json_extract(meeting, '$.transcribe_on_end')::varchar end as transcribe_on_end
from sessions
where (? is null or epoch_us(coalesce(started_at, created_at)) >= ?)
    and (? is null or epoch_us(coalesce(started_at, created_at)) < ?)
    and (? is null or meeting_id = ?)
"""
# `started` and `ended` are right if `simple`; events are compared as JSON, so a text is in quotation marks.
_STAYS = r"""
create temp table stay as
with record as (
    select day, session_id, began, title, peer_id, nullif(user_id, '') as user_id,
        nullif(custom_participant_id, '') as custom_participant_id, nullif(display_name, '') as display_name,
        nullif(preset_name, '') as preset_name, nullif(json_extract_string(
            case when readable and json_type(extra, '$.role') = 'VARCHAR' then extra end, '$.role'
        ), '') as role, minutes, extra, extra is null or json_valid(extra) as readable,
        epoch_us(coalesce(joined_at, created_at)) as joined, epoch_us(left_at) as "left", ended as session_ended,
        case when readable then json_extract(extra, '$.peer_events') end as events
    from participants join session using (day, session_id)
),
changes as (
    select *,
        list_filter(
            json_transform(events, '[{"event_name": "JSON", "created_at": "JSON"}]'),
            lambda event: event.event_name in ('"PEER_JOINING"', '"PEER_LEAVING"')
        ) as known,
        list_filter(known, lambda event: event.event_name = '"PEER_JOINING"') as joins,
        list_filter(known, lambda event: event.event_name = '"PEER_LEAVING"') as leaves,
        coalesce(len(joins), 0) as join_count, coalesce(len(leaves), 0) as leave_count,
    from record
),
times as (
    select *, time_of(joins[1].created_at::varchar) as first_join, time_of(leaves[1].created_at::varchar) as first_leave
    from changes
)
select day, session_id, began, title, peer_id, user_id, custom_participant_id, display_name, preset_name, role,
    minutes, extra, readable, events, joined, "left", session_ended,
    readable and (
        join_count = 0 or (
            join_count = 1 and first_join is not null
            and (leave_count = 0 or (leave_count = 1 and coalesce(first_leave > first_join, false)))
        )
    ) as simple,
    case when join_count = 0 then joined else first_join end as started,
    case when join_count = 1 and leave_count = 1 then first_leave
        when started is null or coalesce("left", session_ended) is null then null
        else greatest(started, coalesce("left", session_ended)) end as ended
from times
"""
_TIME_OF = r"""
create temp macro time_of(text) as
case when regexp_full_match(text, '"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"')
        and text not like '"0000%'  -- which is no year for Python
    then epoch_us(try_cast(trim(text, '"') as timestamptz)) end
"""


@contextmanager
def stays_within(
    store: Store,
    snapshot: Snapshot,
    since: datetime | None,
    until: datetime | None,
    meeting_id: str | None = None,
    tables: tuple[str, ...] = (),
) -> Generator[duckdb.DuckDBPyConnection]:
    """Return a connection with the tables `session` and `stay`, of the sessions that started in a period.

    Args:
        store: the archive.
        snapshot: of its tables.
        since: sessions that started from then on.
        until: and before then.
        meeting_id: only sessions of this meeting.
        tables: further tables of the archive.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    period = (to_microseconds(since), to_microseconds(until), meeting_id)
    try:
        with connect(
            store, ("sessions", "participants", *tables), snapshot=snapshot, days=days_within(snapshot, since, until)
        ) as connection:
            connection.execute(_TIME_OF)
            connection.execute(_SESSIONS, [value for value in period for _ in range(2)])
            connection.execute(_STAYS)
            yield connection
    except duckdb.Error as error:
        raise unreadable(error) from None


def to_microseconds(time: datetime | None) -> int | None:
    """Return a time as the tables have it."""
    return None if time is None else (time - EPOCH) // MICROSECOND


def to_time(microseconds: Any) -> datetime | None:
    """Return a time of the tables."""
    return None if microseconds is None else EPOCH + timedelta(microseconds=microseconds)
