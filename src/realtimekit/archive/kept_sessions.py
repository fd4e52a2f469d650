"""The sessions in the tables of an archive, with their records as the API sends them, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from realtimekit.archive import layout
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import Snapshot, read_snapshot
from realtimekit.costs.period import started_within
from realtimekit.costs.usage import SessionRecords
from realtimekit.lazy import LazyModule
from realtimekit.responses import loads
from realtimekit.values import format_time

pc: Any = LazyModule("pyarrow.compute")  # its functions are made at run time: no type checker knows them

# What costs and attendance need: to decode the other columns takes longer than everything else.
_COLUMNS = {
    "sessions": (
        "session_id", "meeting_id", "title", "status", "started_at", "ended_at", "created_at", "minutes_consumed",
        "extra",
    ),
    "participants": (
        "session_id", "peer_id", "user_id", "custom_participant_id", "display_name", "preset_name", "joined_at",
        "left_at", "created_at", "minutes", "extra",
    ),
    "recordings": (
        "session_id", "recording_id", "status", "started_time", "stopped_time", "seconds", "output_file_name",
        "tracks", "extra",
    ),
    "livestream_sessions": ("session_id", "started_time", "stopped_time", "ingest_seconds", "extra"),
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_sessions(
    store: Store,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    meeting_id: str | None = None,
    tables: tuple[str, ...] = ("participants",),
    meetings: bool = False,
) -> Iterator[SessionRecords]:
    """Yield the sessions of a period, the earliest days first. One day at a time is in memory.

    Args:
        store: the archive.
        since: sessions that started from then on.
        until: and before then.
        meeting_id: only sessions of this meeting.
        tables: what to read of each: "participants", "recordings", "livestream_sessions".
        meetings: whether to read the meeting of each.

    Raises:
        ArchiveError: the archive cannot be read.
        ValueError: a time has no time zone.
    """
    for name, time in (("since", since), ("until", until)):
        if time is not None:
            format_time(time, name)  # raises if there is no time zone
    snapshot = read_snapshot(store)
    for day in snapshot.days():
        if _is_outside(day, since, until):
            continue
        found = _read(store, snapshot, "sessions", day, ("meeting",) if meetings else ())
        sessions = [
            session
            for session in found
            if meeting_id in {None, session.get("associated_id")} and started_within(session, since, until)
        ]
        if not sessions:
            continue
        wanted = [session["id"] for session in sessions]
        parts = {name: _by_session(_read(store, snapshot, name, day, sessions=wanted)) for name in tables}
        for session in sessions:
            own = {name: records.get(session["id"], []) for name, records in parts.items()}
            meeting = session.pop("meeting", None)
            yield SessionRecords(
                session,
                own.get("participants", []),
                own.get("recordings", []),
                own.get("livestream_sessions", []),
                None if meeting is None else _json(meeting),
            )


def _is_outside(day: str, since: datetime | None, until: datetime | None) -> bool:
    """Whether no session of a day started in a period; days are written so that they can be compared."""
    if day == layout.NO_DAY:  # the sessions say when they were created
        return False
    first, last = (None if time is None else layout.day_of(time) for time in (since, until))
    return (first is not None and first != layout.NO_DAY and day < first) or (last is not None and day > last)


def _by_session(records: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record["session_id"], []).append(record)
    return found


def _read(
    store: Store,
    snapshot: Snapshot,
    table: str,
    day: str,
    more: tuple[str, ...] = (),
    sessions: list[str] | None = None,
) -> list[dict[str, Any]]:
    """Return the records of a day as the API sends them, with what only the table knows under the names of its columns.

    Args:
        store: the archive.
        snapshot: of its tables.
        table: the name of the table.
        day: as the table is divided.
        more: further columns.
        sessions: only those of these sessions.
    """
    import pyarrow as pa

    names = [*_COLUMNS[table], *more]
    rows = read_table(store, table, snapshot.files(table, [day]), names)
    if sessions is not None:
        rows = rows.filter(pc.is_in(rows["session_id"], pa.array(sessions, pa.string())))
    sources = {column.name: column.source[0] for column in TABLES[table] if column.source}
    columns = {sources.get(name, name): _values(rows[name]) for name in names}
    extras = columns.pop("extra")
    return [
        {
            **(_json(extra) if extra else {}),
            **{name: value for name, value in zip(columns, values, strict=True) if value is not None},
        }
        for extra, values in zip(extras, zip(*columns.values(), strict=True), strict=True)
    ]


def _values(column: Any) -> list[Any]:
    """Return the values of a column; pyarrow takes ten times as long to make times of it."""
    import pyarrow as pa

    if not pa.types.is_timestamp(column.type):
        return list(column.to_pylist())
    return [
        None if value is None else _EPOCH + timedelta(milliseconds=value)
        for value in column.cast(pa.int64()).to_pylist()
    ]


def _json(text: str) -> dict[str, Any]:
    value = loads(text.encode())
    return value if isinstance(value, dict) else {}
