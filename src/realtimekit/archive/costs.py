"""What the sessions of an archive cost. DuckDB adds up minutes; what these are charged as is up to `costs.usage`."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from realtimekit.archive.kept_sessions import read_records, read_sessions
from realtimekit.archive.stays import MICROSECOND, stays_within, to_microseconds
from realtimekit.archive.store import Store
from realtimekit.archive.tables.snapshot import Snapshot, read_snapshot
from realtimekit.costs.idle_usage import MIN_DURATION
from realtimekit.costs.options import CostOptions, ResolvedOptions, resolve_options
from realtimekit.costs.result import TOLERANCE_MINUTES, Calculation, Costs
from realtimekit.costs.usage import RUNNING, SessionRecords, usage_of
from realtimekit.responses import loads

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NOTE = "live sessions are not in the archive, and presets are known by the events of the participants alone"

# By what the sessions are grouped by: the key and the name of the group to which the minutes of a participant belong,
# and those of the group of everything else.
_KEYS = {
    "meeting": ("meeting_id", "title", "meeting_id", "title"),
    "day": ("date", "null", "date", "null"),
    "preset": ("coalesce(preset_name, role)", "null", "null", "null"),
    "participant": ("coalesce(custom_participant_id, user_id, nullif(peer_id, ''))", "display_name", "null", "null"),
}
_UNREADABLE = """
select day, session_id from session where not readable or session_id in (select session_id from stay where not readable)
order by all
"""
# A row for each stay, and for each other thing that is charged. `events` are those of a stay that say what its minutes
# are charged as. Recordings and livestreams, which are few, are added up in Python.
_CHARGED = """
create temp table charged as
with known as (
    select session.* exclude (readable), strftime(make_timestamp(began), '%Y-%m-%d') as date,
        case when json_type(transcribed) in ('UBIGINT', 'BIGINT', 'DOUBLE') and transcribed::double >= 0
            then transcribed::double end as reported
    from session where not list_contains($unreadable, session_id)
)
select session_id, {} as key, {} as name, known.began, 'stay' as kind, status,
    reported is null and coalesce(transcribe_on_end = 'true', false) as transcribe_on_end,
    to_json(list_transform(
        json_extract(events, '$[*].preset_view_type'), lambda view: json_object('preset_view_type', view)
    ))::varchar as events,
    case when minutes >= 0 then minutes when joined is null then 0
        else greatest((coalesce("left", session_ended, $now) - joined) / 6e7, 0) end as minutes
from known join (from stay select * exclude (day, title, began)) using (session_id)
union all
select session_id, {} as key, {} as name, began, kind, status, false, null, minutes
from known join (
    select session_id, 'recordings' as kind, 0 as minutes from recordings
    union all select session_id, 'livestream_sessions', 0 from livestream_sessions
    union all select session_id, 'transcription', reported from known where reported is not null
) using (session_id)
"""
_COUNT = """
select count(*), count(*) filter (status = 'LIVE') from session where not list_contains($unreadable, session_id)
"""
_MINUTES = """
select key, kind, status, transcribe_on_end, events, fsum(minutes) from charged
where kind in ('stay', 'transcription') group by all order by all
"""
_RECORDED = """
select day, kind, session_id, key from charged join session using (session_id)
where kind in ('recordings', 'livestream_sessions') group by all order by all
"""
_GROUPS = """
select key, arg_max(name, (began, session_id)) filter (name is not null), count(distinct session_id) from charged
group by key
"""
_DIFFERENCES = """
select session_id, minutes_consumed, counted from session join (
    select session_id, coalesce(fsum(minutes) filter (kind = 'stay'), 0) as counted
    from session left join charged using (session_id)
    where not list_contains($unreadable, session_id) group by session_id
) using (session_id)
where status is distinct from 'LIVE' and minutes_consumed >= 0 and abs(minutes_consumed - counted) > $tolerance
order by session.began, session_id
"""
# Sessions that may have idle usage: whoever left last did so long after the others, or a recording ended then; and
# every session that is more complicated than this. `costs.idle_usage` looks at these.
_MAYBE_IDLE = """
with person as (
    select session_id, coalesce(ended, $now) as last, not simple or (
            user_id is not null and min(custom_participant_id) over same <> max(custom_participant_id) over same
        ) as complicated,
        case when user_id is null then custom_participant_id
            else coalesce(custom_participant_id, max(custom_participant_id) over same) end as custom,
        coalesce('custom ' || custom, 'user ' || user_id, 'stay ' || stay.rowid) as person
    from stay where started is not null or not simple
    window same as (partition by session_id, user_id)
),
people as (
    select session_id, list(last order by last desc) as lasts, bool_or(complicated) as complicated
    from (select session_id, person, max(last) as last, bool_or(complicated) as complicated from person group by all)
    group by session_id
),
recorded as (
    select session_id, max(coalesce(
        epoch_us(stopped_time), case when list_contains($running, status) then $now end
    )) as recorded_until
    from recordings group by session_id
)
select day, session_id from session left join people using (session_id) left join recorded using (session_id)
where not list_contains($unreadable, session_id) and (
    complicated or lasts[1] - lasts[2] >= $least or recorded_until - coalesce(lasts[1], ended) >= $least
)
order by all
"""


def read_costs(store: Store, options: CostOptions) -> Costs:
    """Return what the sessions of a period cost: see `Archive.costs`."""
    resolved = resolve_options(options)
    calculation = Calculation({}, resolved.prices, resolved.by, resolved.now)
    snapshot = read_snapshot(store)
    with stays_within(
        store, snapshot, resolved.since, resolved.until, tables=("recordings", "livestream_sessions")
    ) as connection:
        unreadable: list[tuple[str, str]] = connection.execute(_UNREADABLE).fetchall()
        maybe_idle = _add_up(connection, calculation, resolved, [session_id for _, session_id in unreadable])
        recorded = _rows(connection, _RECORDED)
    _add_recordings(store, snapshot, calculation, resolved, recorded)
    for records in read_sessions(store, snapshot, _by_day(maybe_idle)):
        calculation.add_idle_usage(records)
    # What DuckDB does not read as JSON.
    for records in read_sessions(store, snapshot, _by_day(unreadable)):
        calculation.add(records)
    return calculation.result(resolved.since, resolved.until, [_NOTE])


def _add_up(
    connection: DuckDBPyConnection, calculation: Calculation, options: ResolvedOptions, unreadable: list[str]
) -> list[tuple[str, str]]:
    """Add up stays and transcripts. Returns the sessions that may have idle usage."""
    common = {"unreadable": unreadable, "now": to_microseconds(options.now)}
    connection.execute(_CHARGED.format(*_KEYS[options.by]), common)
    ((count, live),) = _rows(connection, _COUNT, unreadable=unreadable)
    calculation.count(count, live=live)
    for key, name, sessions in _rows(connection, _GROUPS):
        calculation.add_group(key, name, sessions)
    for key, kind, status, transcribe_on_end, events, minutes in _rows(connection, _MINUTES):
        if kind == "transcription":
            records = SessionRecords({"transcription_minutes_consumed": minutes})
        else:  # all of these stays are one to `usage_of`
            stay = {"peer_events": None if events is None else loads(events.encode()), "duration": minutes}
            records = SessionRecords({"status": status}, [stay], meeting={"transcribe_on_end": transcribe_on_end})
        calculation.add_usage(key, usage_of(records, {}, options.now))
    for difference in _rows(connection, _DIFFERENCES, unreadable=unreadable, tolerance=TOLERANCE_MINUTES):
        calculation.compare(*difference)
    least = MIN_DURATION // MICROSECOND
    return _rows(connection, _MAYBE_IDLE, **common, least=least, running=list(RUNNING))


def _add_recordings(
    store: Store, snapshot: Snapshot, calculation: Calculation, options: ResolvedOptions, found: list[tuple[Any, ...]]
) -> None:
    """Add recordings and livestreams.

    Args:
        store: the archive.
        snapshot: of its tables.
        calculation: what to add to.
        options: of the costs.
        found: where there are some: the day, the table, the session, and the key of the group.
    """
    for (day, table), rows in groupby(found, itemgetter(0, 1)):
        keys = {session_id: key for _, _, session_id, key in rows}
        for record in read_records(store, snapshot, table, day, list(keys)):
            parts: Any = {table: [record]}
            usages = usage_of(SessionRecords({}, **parts), {}, options.now)
            calculation.add_usage(keys[record["session_id"]], usages)


def _rows(connection: DuckDBPyConnection, sql: str, **parameters: Any) -> list[Any]:
    return connection.execute(sql, parameters or None).fetchall()


def _by_day(sessions: list[tuple[str, str]]) -> dict[str, list[str]]:
    return {day: [session_id for _, session_id in rows] for day, rows in groupby(sessions, itemgetter(0))}
