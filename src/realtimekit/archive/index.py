"""Finding sessions in the tables: by id, by participant, by meeting, and by the filters of `GET /sessions`."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import Snapshot
from realtimekit.lazy import LazyModule

pa: Any = LazyModule("pyarrow")
pc: Any = LazyModule("pyarrow.compute")  # its functions are made at run time: no type checker knows them

_COLUMNS = {
    "sessions": [
        "day",
        "session_id",
        "meeting_id",
        "title",
        "status",
        "created_at",
        "minutes_consumed",
        "record",
        "meeting",
    ],
    "participants": ["day", "session_id", "peer_id", "user_id", "custom_participant_id"],
    "recordings": ["day", "session_id", "recording_id"],
    "livestream_sessions": ["day", "session_id", "livestream_session_id"],
}


class Location(NamedTuple):
    """Where a session is."""

    day: str
    session_id: str


class Filters(NamedTuple):
    """The filters of `GET /sessions`, and `meeting`: its id, or a part of its title. None leaves one out."""

    status: str | None = None
    meeting_id: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    participants: tuple[int, int] | None = None
    search: str | None = None
    meeting: str | None = None


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

    def locate(self, table: str, column: str, value: str) -> Location | None:
        """Return where the session with this value in a column is; None if there is none."""
        rows = self.table(table)
        at = pc.index(rows[column], value).as_py()
        return None if at < 0 else Location(rows["day"][at].as_py(), rows["session_id"][at].as_py())

    def sessions(self, filters: Filters, sort_by: str, *, descending: bool) -> Any:
        """Return the sessions that match, as a sorted `pyarrow.Table`."""
        rows = self.table("sessions")
        if filters.participants is not None:
            rows = rows.filter(pc.is_in(rows["session_id"], self._sessions_of(*filters.participants)))
        mask = _mask(rows, filters)
        rows = rows if mask is None else rows.filter(mask)
        direction = "descending" if descending else "ascending"
        return rows.sort_by([(sort_by, direction), ("session_id", direction)])

    def _sessions_of(self, least: int, most: int) -> Any:
        """Return the ids of the sessions with this many participants: somebody who came back counts once."""
        rows = self.table("participants")
        person = pc.coalesce(rows["custom_participant_id"], rows["user_id"], rows["peer_id"])
        people = rows.select(["session_id"]).append_column("person", person)
        counts = people.group_by("session_id").aggregate([("person", "count_distinct")])
        number = counts["person_count_distinct"]
        fits = pc.and_(pc.greater_equal(number, least), pc.less_equal(number, most))
        ids = counts.filter(fits)["session_id"]
        if least > 0:
            return ids.combine_chunks()
        everybody = self.table("sessions")["session_id"]
        nobody = everybody.filter(pc.invert(pc.is_in(everybody, counts["session_id"].combine_chunks())))
        return pa.chunked_array([*ids.chunks, *nobody.chunks], ids.type).combine_chunks()


def _mask(rows: Any, filters: Filters) -> Any:
    """Return which rows match; None if all do."""
    conditions: list[Any] = []
    if filters.status is not None:
        conditions.append(pc.equal(rows["status"], filters.status))
    if filters.meeting_id is not None:
        conditions.append(pc.equal(rows["meeting_id"], filters.meeting_id))
    for bound, compare in ((filters.created_from, pc.greater_equal), (filters.created_to, pc.less_equal)):
        if bound is not None:
            conditions.append(compare(rows["created_at"], pa.scalar(bound, pa.timestamp("ms", tz="UTC"))))
    for text, ids in ((filters.search, ("session_id", "meeting_id")), (filters.meeting, ("meeting_id",))):
        if text:
            found = pc.match_substring(rows["title"], text, ignore_case=True)
            for column in ids:
                found = pc.or_kleene(found, pc.equal(rows[column], text))
            conditions.append(found)
    mask = None
    for condition in conditions:
        mask = condition if mask is None else pc.and_kleene(mask, condition)
    return mask
