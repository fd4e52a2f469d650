"""The sessions in the tables of an archive, with their records as the API sends them, day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from realtimekit.archive import layout
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import Snapshot
from realtimekit.costs.usage import SessionRecords
from realtimekit.lazy import LazyModule
from realtimekit.responses import loads
from realtimekit.values import EPOCH

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
_PARTS = ("participants", "recordings", "livestream_sessions")


def read_sessions(store: Store, snapshot: Snapshot, wanted: Mapping[str, Sequence[str]]) -> Iterator[SessionRecords]:
    """Yield sessions, the earliest days first. One day at a time is in memory.

    Args:
        store: the archive.
        snapshot: of its tables.
        wanted: the ids of sessions, by the day of the tables.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    for day, ids in sorted(wanted.items()):
        parts = {name: _by_session(read_records(store, snapshot, name, day, ids)) for name in _PARTS}
        for session in read_records(store, snapshot, "sessions", day, ids, more=("meeting",)):
            own = {name: records.get(session["id"], []) for name, records in parts.items()}
            meeting = session.pop("meeting", None)
            yield SessionRecords(
                session,
                own.get("participants", []),
                own.get("recordings", []),
                own.get("livestream_sessions", []),
                None if meeting is None else read_json(meeting),
            )


def days_within(snapshot: Snapshot, since: datetime | None, until: datetime | None) -> list[str]:
    """Return the days of the tables on which sessions of a period may have started."""
    first, last = (None if time is None else layout.day_of(time) for time in (since, until))
    return [
        day
        for day in snapshot.days()
        # Without a day, sessions say when they were created. Days are written so that they can be compared.
        if day == layout.NO_DAY
        or ((first in {None, layout.NO_DAY} or day >= str(first)) and (last is None or day <= last))
    ]


def _by_session(records: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        found.setdefault(record["session_id"], []).append(record)
    return found


def read_records(
    store: Store, snapshot: Snapshot, table: str, day: str, sessions: Sequence[str], more: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """Return the records of a day as the API sends them, with what only the table knows under the names of its columns.

    Args:
        store: the archive.
        snapshot: of its tables.
        table: the name of the table.
        day: as the table is divided.
        sessions: only those of these sessions.
        more: further columns.
    """
    import pyarrow as pa

    names = [*_COLUMNS[table], *more]
    rows = read_table(store, table, snapshot.files(table, [day]), names)
    rows = rows.filter(pc.is_in(rows["session_id"], pa.array(sessions, pa.string())))
    sources = {column.name: column.source[0] for column in TABLES[table] if column.source}
    columns = {sources.get(name, name): _values(rows[name]) for name in names}
    extras = columns.pop("extra")
    return [
        {
            **(read_json(extra) if extra else {}),
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
        None if value is None else EPOCH + timedelta(milliseconds=value)
        for value in column.cast(pa.int64()).to_pylist()
    ]


def read_json(text: str) -> dict[str, Any]:
    """Return a JSON object; an empty one for any other JSON."""
    value = loads(text.encode())
    return value if isinstance(value, dict) else {}
