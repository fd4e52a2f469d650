"""Lists from the tables of an archive: DuckDB answers each from memory, in milliseconds for 100,000 sessions."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.archive import layout
from realtimekit.archive.sql import connect
from realtimekit.console.lists import PAGE_SIZE, Listing, PersonRow, SessionQuery, SessionRow
from realtimekit.values import EPOCH

if TYPE_CHECKING:
    import duckdb

    from realtimekit.archive import Archive


# One row for each person and session; of the sessions what a list shows, without the records.
_STAYS = """
create table stays as select coalesce(custom_participant_id, user_id, peer_id) as person, session_id,
    arg_max(display_name, joined_at) as name, sum(minutes) as minutes, min(epoch_ms(joined_at)) as joined
from participants where coalesce(custom_participant_id, user_id, peer_id) is not null group by all
"""
_SESSIONS = """
create table listed as select session_id, title, status, meeting_id, epoch_ms(coalesce(started_at, created_at)) began,
    seconds, people, minutes_consumed, lower(strip_accents(title)) as title_key
from sessions left join (select session_id, count(*) as people from stays group by session_id) using (session_id)
"""
_PEOPLE = """
create table people as select person, arg_max(name, joined) as name, count(*) as sessions, sum(minutes) as minutes,
    min(joined) as first_seen, max(joined) as last_seen,
    lower(strip_accents(coalesce(string_agg(distinct name, ' '), ''))) as names_key
from stays group by person
"""
_SORTS = {
    "started": "began", "title": "title_key", "length": "seconds", "people": "people",
    "minutes": "minutes_consumed",
}  # fmt: skip
_PEOPLE_SORTS = {"name": "lower(name)", "sessions": "sessions", "minutes": "minutes", "last": "last_seen"}


class ArchiveLists:
    """The sessions and people of an archive, as of its newest tables.

    Args:
        archive: the archive.
    """

    sorts: dict[str, str] = {  # noqa: RUF012 - never changed
        "started": "started", "title": "title", "length": "length", "people": "people",
        "minutes": "participant minutes",
    }  # fmt: skip
    people_sorts: dict[str, str] = {  # noqa: RUF012 - never changed
        "last": "last seen", "name": "name", "sessions": "sessions", "minutes": "minutes"
    }  # fmt: skip

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._version: str | None = None
        self._tables: duckdb.DuckDBPyConnection | None = None

    def load(self) -> duckdb.DuckDBPyConnection:
        """Return a connection to the lists, after reading them from the archive if it has changed.

        Raises:
            ArchiveError: the archive cannot be read.
        """
        with self._lock:
            found = self._archive.store.get(layout.SNAPSHOT)
            version = None if found is None else found.version
            if self._tables is None or version != self._version:
                tables = connect(self._archive.store, ("sessions", "participants"))  # to open all files takes a second
                for statement in (_STAYS, _SESSIONS, _PEOPLE):
                    tables.execute(statement)
                self._tables, self._version = tables, version
            return self._tables.cursor()

    def sessions(self, query: SessionQuery) -> Listing[SessionRow]:
        """Return a page of sessions."""
        conditions, values = list[str](), list[Any]()
        for condition, value in (
            ("status = ?", query.status),
            ("meeting_id = ?", query.meeting_id),
            ("began >= epoch_ms(?::timestamptz)", query.since and query.since.isoformat()),
            ("began <= epoch_ms(?::timestamptz)", query.until and query.until.isoformat()),
        ):
            if value is not None:
                conditions.append(condition)
                values.append(value)
        if query.text is not None:
            conditions.append("(contains(title_key, lower(strip_accents(?))) or session_id = ? or meeting_id = ?)")
            values += [_storable(query.text)] * 3
        columns = "session_id, title, status, meeting_id, began, seconds, people, minutes_consumed"
        order = (_SORTS.get(query.sort, "began"), query.descending, "session_id")
        rows, total = self._page("listed", columns, conditions, values, order, query.page)
        return Listing([_session(row) for row in rows], total, query.page)

    def people(
        self, text: str | None = None, sort: str = "last", *, descending: bool = True, page: int = 1
    ) -> Listing[PersonRow]:
        """Return a page of the people in all sessions.

        Args:
            text: a part of a name, or the id.
            sort: one of `people_sorts`.
            descending: whether the largest come first.
            page: from 1.
        """
        conditions = ["(contains(names_key, lower(strip_accents(?))) or person = ?)"] if text else []
        columns = "person, name, sessions, minutes, first_seen, last_seen"
        values = [_storable(text)] * 2 if text else []
        order = (_PEOPLE_SORTS.get(sort, "last_seen"), descending, "person")
        rows, total = self._page("people", columns, conditions, values, order, page)
        return Listing([_person(row) for row in rows], total, page)

    def person(self, person_id: str) -> PersonRow | None:
        """Return a person; None if nobody has this id."""
        columns = "person, name, sessions, minutes, first_seen, last_seen"
        rows, _ = self._page("people", columns, ["person = ?"], [_storable(person_id)], ("person", False, "person"), 1)
        return _person(rows[0]) if rows else None

    def sessions_of(self, person_id: str, page: int = 1) -> Listing[SessionRow]:
        """Return a page of the sessions in which a person was, the latest first; `minutes` are theirs."""
        columns = "session_id, title, status, meeting_id, began, seconds, people, minutes"
        source = "listed join (select person, session_id, minutes from stays) using (session_id)"
        order = ("began", True, "session_id")
        rows, total = self._page(source, columns, ["person = ?"], [_storable(person_id)], order, page)
        return Listing([_session(row) for row in rows], total, page)

    def _page(
        self,
        source: str,
        columns: str,
        conditions: list[str],
        values: list[Any],
        order: tuple[str, bool, str],
        page: int,
    ) -> tuple[list[tuple[Any, ...]], int]:
        """Return the rows of a page, and how many there are on all pages."""
        where = f"where {' and '.join(conditions)}" if conditions else ""
        key, descending, then = order
        direction = "desc" if descending else "asc"
        tables = self.load()
        rows = tables.execute(
            f"select {columns} from {source} {where} order by {key} {direction} nulls last, {then} {direction} "  # noqa: S608 - names of ours
            "limit ? offset ?",
            [*values, PAGE_SIZE, (page - 1) * PAGE_SIZE],
        ).fetchall()
        counted = tables.execute(f"select count(*) from {source} {where}", values).fetchone()  # noqa: S608 - as above
        return rows, 0 if counted is None else int(counted[0])


def _session(row: tuple[Any, ...]) -> SessionRow:
    return SessionRow._make([*row[:4], _time(row[4]), *row[5:]])


def _person(row: tuple[Any, ...]) -> PersonRow:
    *known, first_seen, last_seen = row
    return PersonRow._make([*known, _time(first_seen), _time(last_seen)])


def _time(milliseconds: int | None) -> datetime | None:
    try:
        return None if milliseconds is None else EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def _storable(text: str) -> str:
    """Return a text that DuckDB accepts: without halves of characters."""
    return text.encode("utf-8", "replace").decode()
