"""The emulator's state: one SQLite database, in memory or in a file.

Times are strings as `clock.format_time` writes them, which sort by time. `number` is the order of insertion, also
within a millisecond.
"""

from __future__ import annotations

import json
import re
import sqlite3
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from realtimekit.emulator.http import HTTPError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator, Sequence

SCHEMA = """
create table if not exists meta (name text primary key, value text not null) without rowid;
create table if not exists apps (
    number integer primary key, id text not null unique,
    name text, created_at text not null);
create table if not exists presets (
    number integer primary key, id text not null unique,
    app_id text not null, name text not null, fields text not null, created_at text not null, updated_at text not null,
    unique (app_id, name));
create table if not exists meetings (
    number integer primary key, id text not null unique,
    app_id text not null, title text, status text not null, fields text not null,
    created_at text not null, updated_at text not null);
create index if not exists meetings_of_app on meetings (app_id, created_at);
create table if not exists participants (
    number integer primary key, id text not null unique,
    meeting_id text not null, custom_participant_id text not null, preset_id text not null, preset_name text not null,
    name text, picture text, created_at text not null, updated_at text not null);
create index if not exists participants_of_meeting on participants (meeting_id, created_at);
create table if not exists sessions (
    number integer primary key, id text not null unique,
    app_id text not null, meeting_id text not null, title text, status text not null,
    live_participants integer not null, max_concurrent_participants integer not null, minutes_consumed real not null,
    started_at text not null, ended_at text, created_at text not null, updated_at text not null);
create index if not exists sessions_of_app on sessions (app_id, created_at);
create index if not exists sessions_by_status on sessions (app_id, status, created_at);
create table if not exists session_counts (
    app_id text not null, day text not null, hour text not null, status text not null, total integer not null,
    primary key (app_id, day, hour, status)) without rowid;
create trigger if not exists session_inserted after insert on sessions begin
    insert into session_counts
    values (new.app_id, substr(new.created_at, 1, 10), substr(new.created_at, 12, 2), new.status, 1)
    on conflict do update set total = total + 1;
end;
create trigger if not exists session_deleted after delete on sessions begin
    update session_counts set total = total - 1
    where app_id = old.app_id and day = substr(old.created_at, 1, 10) and hour = substr(old.created_at, 12, 2)
    and status = old.status;
end;
create trigger if not exists session_status_changed after update of status on sessions begin
    update session_counts set total = total - 1
    where app_id = old.app_id and day = substr(old.created_at, 1, 10) and hour = substr(old.created_at, 12, 2)
    and status = old.status;
    insert into session_counts
    values (new.app_id, substr(new.created_at, 1, 10), substr(new.created_at, 12, 2), new.status, 1)
    on conflict do update set total = total + 1;
end;
create index if not exists sessions_of_meeting on sessions (meeting_id, created_at);
create table if not exists peers (
    number integer primary key, id text not null unique,
    session_id text not null, participant_id text not null, custom_participant_id text not null,
    name text, preset_name text not null, joined_at text not null, left_at text,
    created_at text not null, updated_at text not null);
create index if not exists peers_of_session on peers (session_id, joined_at);
create table if not exists messages (
    number integer primary key, id text not null unique,
    session_id text not null, peer_id text not null, text text not null,
    created_at text not null);
create index if not exists messages_of_session on messages (session_id, created_at);
create table if not exists speech (
    number integer primary key, session_id text not null, peer_id text not null, text text not null,
    start_ms integer not null, end_ms integer not null);
create index if not exists speech_of_session on speech (session_id, start_ms);
create table if not exists files (
    owner_id text not null, name text not null, content blob not null, media_type text not null,
    created_at text not null, expires_at text,
    primary key (owner_id, name)) without rowid;
create table if not exists polls (
    number integer primary key, id text not null unique,
    session_id text not null, fields text not null, created_at text not null);
create table if not exists recordings (
    number integer primary key, id text not null unique,
    app_id text not null, meeting_id text not null, session_id text, status text not null,
    fields text not null, output_file_name text not null, invoked_time text not null,
    started_time text, stopped_time text, recorded_seconds real not null, running_since text,
    start_reason text, stop_reason text, file_size integer, expires_at text,
    created_at text not null, updated_at text not null);
create index if not exists recordings_of_app on recordings (app_id, invoked_time);
create index if not exists recordings_of_meeting on recordings (meeting_id, invoked_time);
create table if not exists livestreams (
    number integer primary key, id text not null unique,
    app_id text not null, meeting_id text, name text, status text not null,
    stream_key text not null, playback_id text not null, created_at text not null, updated_at text not null);
create index if not exists livestreams_of_app on livestreams (app_id, created_at);
create index if not exists livestreams_of_meeting on livestreams (meeting_id, created_at);
create table if not exists livestream_sessions (
    number integer primary key, id text not null unique,
    app_id text not null, session_id text, livestream_id text not null, err_message text,
    viewer_seconds real not null, invoked_time text, started_time text, stopped_time text,
    created_at text not null, updated_at text not null);
create index if not exists livestream_sessions_of_session on livestream_sessions (session_id, created_at);
create index if not exists livestream_sessions_of_livestream on livestream_sessions (livestream_id, created_at);
create table if not exists agents (
    number integer primary key, id text not null unique,
    participant_id text not null, meeting_id text not null, subscriptions text not null,
    session_id text, peer_id text, close_code integer, close_reason text);
create index if not exists agents_of_session on agents (session_id);
create table if not exists webhooks (
    number integer primary key, id text not null unique,
    app_id text not null, name text not null, url text not null, events text not null, enabled integer not null,
    created_at text not null, updated_at text not null);
create index if not exists webhooks_of_app on webhooks (app_id, created_at);
create table if not exists deliveries (
    number integer primary key, id text not null unique,
    webhook_id text not null, event text not null, url text not null, body text not null, state text not null,
    due_at text not null, attempts text not null, created_at text not null);
create index if not exists deliveries_due on deliveries (due_at, number) where state = 'pending';
create table if not exists jobs (
    number integer primary key, name text not null, target_id text not null, run_at text not null,
    unique (name, target_id));
create index if not exists jobs_by_time on jobs (run_at, number);
"""
TABLES = tuple(name for name in re.findall(r"create table if not exists (\w+)", SCHEMA) if name != "meta")
_FILE_PRAGMAS = {
    "application_id": 0x52544B45,
    "user_version": 3,
}  # in the file: that it is ours, and the version of SCHEMA

Row = dict[str, Any]

_IN_USE = "another emulator is using it"
_NOT_OURS = "it is not a database of this version of the emulator; choose a new file"
_DAMAGED = "the file is damaged; choose a new one"
_PROBLEMS = {sqlite3.SQLITE_BUSY: _IN_USE, sqlite3.SQLITE_CORRUPT: _DAMAGED, sqlite3.SQLITE_NOTADB: _NOT_OURS}
T = TypeVar("T")


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code; 0 if the error is Python's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


class Store:
    """Rows in, rows out. Not thread-safe by itself: `World.lock` lets one thread in at a time."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False, timeout=0)
        weakref.finalize(self, self._db.close).atexit = False  # no ResourceWarning (Python 3.13)
        self._db.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        try:
            # One process only: two would each have a clock of their own. A second one fails at once.
            self._db.execute("pragma locking_mode = exclusive")
            self._db.execute("begin exclusive")
            self._db.execute("commit")
            self._check_file()
            self._prepare()
        except sqlite3.DatabaseError as error:
            self._db.close()
            if problem := _PROBLEMS.get(_code(error)):
                raise ValueError(problem) from None
            raise
        except BaseException:
            self._db.close()
            raise

    def _prepare(self) -> None:
        # WAL survives a killed process with everything committed; `normal` still fsyncs at checkpoints.
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        pragmas = "".join(f"pragma {name} = {value};" for name, value in _FILE_PRAGMAS.items())
        self._db.executescript(SCHEMA + pragmas)

    def _check_file(self) -> None:
        """Leave the files of other programs and of other versions of the emulator alone."""
        if not self._db.execute("select 1 from sqlite_master").fetchone():
            return
        found = [next(iter(self._db.execute(f"pragma {name}").fetchone().values())) for name in _FILE_PRAGMAS]
        if found != list(_FILE_PRAGMAS.values()):
            raise ValueError(_NOT_OURS)
        # Every page is read: a damaged one would fail only the requests that need it.
        if self._db.execute("pragma quick_check(1)").fetchone() != {"quick_check": "ok"}:
            raise ValueError(_DAMAGED)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Commit everything or nothing, whatever interrupts it."""
        self._db.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._db.execute("rollback")
            raise
        self._db.execute("commit")

    def _execute(self, sql: str, values: Sequence[Any], result: Callable[[sqlite3.Cursor], T]) -> T:
        """Execute a statement, and return `result` of its cursor.

        Raises:
            HTTPError: 500, the file was damaged after it was opened.
        """
        try:
            return result(self._db.execute(sql, values))
        except sqlite3.DatabaseError as error:
            if _code(error) in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                raise HTTPError(500, f"the emulator cannot read its database: {_DAMAGED}") from None
            raise

    def rows(self, sql: str, *values: Any) -> list[Row]:
        return self._execute(sql, values, sqlite3.Cursor.fetchall)

    def row(self, sql: str, *values: Any) -> Row | None:
        found: Row | None = self._execute(sql, values, sqlite3.Cursor.fetchone)
        return found

    def run(self, sql: str, *values: Any) -> int:
        """Execute a statement. Returns how many rows it changed."""
        return self._execute(sql, values, lambda cursor: cursor.rowcount)

    def insert(self, table: str, row: Row) -> None:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self.run(f"insert into {table} ({names}) values ({marks})", *row.values())

    def update(self, table: str, id: str, changes: Row) -> None:
        names = ", ".join(f"{name} = ?" for name in changes)
        self.run(f"update {table} set {names} where id = ?", *changes.values(), id)

    def meta(self, name: str, default: Any = None) -> Any:
        found = self.row("select value from meta where name = ?", name)
        return json.loads(found["value"]) if found else default

    def set_meta(self, name: str, value: Any) -> None:
        self.run("insert or replace into meta values (?, ?)", name, json.dumps(value))

    def clear(self) -> None:
        """Delete everything but the emulator's own credentials and keys."""
        for table in TABLES:  # session_counts as well, after the triggers of sessions
            self.run(f"delete from {table}")

    def page(self, sql: str, values: list[Any], order: str, start: int, count: int) -> tuple[list[Row], int]:
        """Return `count` rows of a query from the offset `start` on, and how many rows it has in all."""
        found = self.row(f"select count(*) as total from ({sql})", *values)
        total = found["total"] if found else 0
        return self.rows(f"{sql} order by {order} limit ? offset ?", *values, count, start), total
