"""Finding sessions in the tables: by id, by participant, by meeting, and by the filters of `GET /sessions`."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import Snapshot

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


class Place(NamedTuple):
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

    def place(self, table: str, column: str, value: str) -> Place | None:
        """Return where the session with this value in a column is; None if there is none."""
        rows = self.table(table)
        at = _functions().index(rows[column], value).as_py()
        return None if at < 0 else Place(rows["day"][at].as_py(), rows["session_id"][at].as_py())

    def sessions(self, filters: Filters, sort_by: str, *, descending: bool) -> Any:
        """Return the sessions that match, as a sorted `pyarrow.Table`."""
        rows = self.table("sessions")
        if filters.participants is not None:
            rows = rows.filter(_functions().is_in(rows["session_id"], self._sessions_of(*filters.participants)))
        mask = _mask(rows, filters)
        rows = rows if mask is None else rows.filter(mask)
        direction = "descending" if descending else "ascending"
        return rows.sort_by([(sort_by, direction), ("session_id", direction)])

    def _sessions_of(self, least: int, most: int) -> Any:
        """Return the ids of the sessions that so many people took part in: somebody who came back is one."""
        rows = self.table("participants")
        person = _functions().coalesce(rows["custom_participant_id"], rows["user_id"], rows["peer_id"])
        people = rows.select(["session_id"]).append_column("person", person)
        counts = people.group_by("session_id").aggregate([("person", "count_distinct")])
        number = counts["person_count_distinct"]
        is_ = _functions()
        fits = is_.and_(is_.greater_equal(number, least), is_.less_equal(number, most))
        ids = counts.filter(fits)["session_id"]
        if least > 0:
            return ids.combine_chunks()
        everybody = self.table("sessions")["session_id"]
        nobody = everybody.filter(is_.invert(is_.is_in(everybody, counts["session_id"].combine_chunks())))
        return _arrow().chunked_array([*ids.chunks, *nobody.chunks], ids.type).combine_chunks()


def _mask(rows: Any, filters: Filters) -> Any:
    """Return which rows match; None if all do."""
    pa, is_ = _arrow(), _functions()
    conditions: list[Any] = []
    if filters.status is not None:
        conditions.append(is_.equal(rows["status"], filters.status))
    if filters.meeting_id is not None:
        conditions.append(is_.equal(rows["meeting_id"], filters.meeting_id))
    for bound, compare in ((filters.created_from, is_.greater_equal), (filters.created_to, is_.less_equal)):
        if bound is not None:
            conditions.append(compare(rows["created_at"], pa.scalar(bound, pa.timestamp("ms", tz="UTC"))))
    for text, ids in ((filters.search, ("session_id", "meeting_id")), (filters.meeting, ("meeting_id",))):
        if text:
            found = is_.match_substring(rows["title"], text, ignore_case=True)
            for column in ids:
                found = is_.or_kleene(found, is_.equal(rows[column], text))
            conditions.append(found)
    mask = None
    for condition in conditions:
        mask = condition if mask is None else is_.and_kleene(mask, condition)
    return mask


def _arrow() -> Any:
    import pyarrow as pa

    return pa


def _functions() -> Any:
    import pyarrow.compute as compute  # noqa: PLR0402 - its functions are made at run time: no type checker knows them

    return compute
