"""Finding sessions in the tables: by id, by participant, by meeting, and by the filters of `GET /sessions`."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import Snapshot

if TYPE_CHECKING:
    from realtimekit.archive.store import Store

_COLUMNS = {
    "sessions": [
        "day",
        "session_id",
        "meeting_id",
        "title",
        "status",
        "created_at",
        "minutes_consumed",
        "participants",
        "record",
        "meeting",
    ],
    "participants": ["day", "session_id", "peer_id"],
    "recordings": ["day", "session_id", "recording_id"],
    "livestream_sessions": ["day", "session_id", "livestream_session_id"],
}


class Place(NamedTuple):
    """Where a session is."""

    day: str
    session_id: str


class Filters(NamedTuple):
    """The filters of `GET /sessions`; None leaves one out."""

    status: str | None = None
    meeting_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    participants: tuple[int, int] | None = None
    search: str | None = None


class Index:
    """The tables of an archive in memory, as of its current snapshot."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._version: str | None = None
        self._snapshot = Snapshot()
        self._tables: dict[str, Any] = {}

    def table(self, name: str) -> Any:
        """Return the columns of a table that lookups need, as a `pyarrow.Table`."""
        with self._lock:
            found = self._store.get(layout.SNAPSHOT)
            if found is not None and found.version != self._version:
                self._version, self._snapshot = found.version, Snapshot.decode(found.content)
                self._tables = {}
            if name not in self._tables:
                files = self._snapshot.files(name)
                self._tables[name] = read_table(self._store, name, files, _COLUMNS[name])
            return self._tables[name]

    def place(self, table: str, column: str, value: str) -> Place | None:
        """Return where the session with this value in a column is; None if there is none."""
        rows = self.table(table)
        at = _functions().index(rows[column], value).as_py()
        return None if at < 0 else Place(rows["day"][at].as_py(), rows["session_id"][at].as_py())

    def sessions(self, filters: Filters, sort_by: str, *, descending: bool) -> Any:
        """Return the sessions that match, as a sorted `pyarrow.Table`."""
        rows = self.table("sessions")
        mask = _mask(rows, filters)
        rows = rows if mask is None else rows.filter(mask)
        direction = "descending" if descending else "ascending"
        return rows.sort_by([(sort_by, direction), ("session_id", direction)])


def _mask(rows: Any, filters: Filters) -> Any:
    """Return which rows match; None if all do."""
    import pyarrow as pa

    is_ = _functions()
    conditions: list[Any] = []
    if filters.status is not None:
        conditions.append(is_.equal(rows["status"], filters.status))
    if filters.meeting_id is not None:
        conditions.append(is_.equal(rows["meeting_id"], filters.meeting_id))
    for bound, compare in ((filters.created_from, is_.greater_equal), (filters.created_to, is_.less_equal)):
        if bound is not None:
            conditions.append(compare(rows["created_at"], pa.scalar(bound, pa.timestamp("ms", tz="UTC"))))
    if filters.participants is not None:
        least, most = filters.participants
        conditions += [is_.greater_equal(rows["participants"], least), is_.less_equal(rows["participants"], most)]
    if filters.search:
        found = is_.match_substring(rows["title"], filters.search, ignore_case=True)
        for column in ("session_id", "meeting_id"):
            found = is_.or_kleene(found, is_.equal(rows[column], filters.search))
        conditions.append(found)
    mask = None
    for condition in conditions:
        mask = condition if mask is None else is_.and_kleene(mask, condition)
    return mask


def _functions() -> Any:
    import pyarrow.compute as compute  # noqa: PLR0402 - its functions are made at run time: no type checker knows them

    return compute
