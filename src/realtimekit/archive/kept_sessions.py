"""The sessions in the tables of an archive, with their records as the API sends them, day by day."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import Snapshot, read_snapshot
from realtimekit.costs.result import started_within
from realtimekit.costs.usage import SessionRecords
from realtimekit.values import format_time

_SESSION_COLUMNS = ["session_id", "meeting_id", "record", "meeting"]


def read_sessions(
    store: Store,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    meeting_id: str | None = None,
    tables: tuple[str, ...] = ("participants",),
) -> Iterator[SessionRecords]:
    """Yield the sessions of a period, the earliest days first. One day at a time is in memory.

    Args:
        store: the archive.
        since: sessions that started from then on.
        until: and before then.
        meeting_id: only sessions of this meeting.
        tables: what to read of each: "participants", "recordings", "livestream_sessions".

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
        sessions = [
            (row, record)
            for row in read_table(store, "sessions", snapshot.files("sessions", [day]), _SESSION_COLUMNS).to_pylist()
            if meeting_id in {None, row["meeting_id"]} and started_within(record := _json(row["record"]), since, until)
        ]
        if not sessions:
            continue
        ids = [row["session_id"] for row, _ in sessions]
        parts = {name: _by_session(store, snapshot, name, day, ids) for name in tables}
        for row, record in sessions:
            own = {name: found.get(row["session_id"], []) for name, found in parts.items()}
            yield SessionRecords(
                {**record, "id": row["session_id"]},
                own.get("participants", []),
                own.get("recordings", []),
                own.get("livestream_sessions", []),
                None if row["meeting"] is None else _json(row["meeting"]),
            )


def _is_outside(day: str, since: datetime | None, until: datetime | None) -> bool:
    """Whether no session of a day started in a period; days are written so that they can be compared."""
    first, last = (None if time is None else time.astimezone(UTC).date().isoformat() for time in (since, until))
    return (first is not None and day < first) or (last is not None and day > last)


def _by_session(
    store: Store, snapshot: Snapshot, table: str, day: str, sessions: list[str]
) -> dict[str, list[dict[str, Any]]]:
    """Return the records of a day by session, each as the API sends it."""
    import pyarrow as pa
    import pyarrow.compute as compute  # noqa: PLR0402 - its functions are made at run time

    functions: Any = compute
    rows = read_table(store, table, snapshot.files(table, [day]))
    rows = rows.filter(functions.is_in(rows["session_id"], pa.array(sessions, pa.string())))
    names = {column.name: column.source[0] for column in TABLES[table] if column.source}
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.to_pylist():
        record = {names[name]: value for name, value in row.items() if name in names}
        if table == "recordings":
            record["tracks"] = row["tracks"]
        found.setdefault(row["session_id"], []).append({**_json(row["extra"]), **record})
    return found


def _json(text: str | None) -> dict[str, Any]:
    value = json.loads(text or "{}")
    return value if isinstance(value, dict) else {}
