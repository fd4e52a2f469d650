"""The emulator's memory: one SQLite database, in memory or in a file.

Times are text in the form of `clock.iso`, which sorts as they do; `number` tells what came first in a millisecond.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

SCHEMA = """
create table if not exists meta (name text primary key, value text not null) without rowid;
create table if not exists apps (
    number integer primary key, id text not null unique,
    name text, created_at text not null);
create table if not exists presets (
    number integer primary key, id text not null unique,
    app_id text not null, name text not null, created_at text not null, updated_at text not null,
    unique (app_id, name));
create table if not exists meetings (
    number integer primary key, id text not null unique,
    app_id text not null, title text, status text not null, fields text not null,
    created_at text not null, updated_at text not null);
create index if not exists meetings_of_app on meetings (app_id, created_at);
create table if not exists participants (
    number integer primary key, id text not null unique,
    meeting_id text not null, custom_participant_id text not null, preset_name text not null,
    name text, picture text, created_at text not null, updated_at text not null);
create index if not exists participants_of_meeting on participants (meeting_id, created_at);
create table if not exists sessions (
    number integer primary key, id text not null unique,
    app_id text not null, meeting_id text not null, title text, status text not null,
    live_participants integer not null, max_concurrent_participants integer not null, minutes_consumed real not null,
    empty_since text, closes_at text,
    started_at text not null, ended_at text, created_at text not null, updated_at text not null);
create index if not exists sessions_of_app on sessions (app_id, created_at);
create index if not exists sessions_of_meeting on sessions (meeting_id, created_at);
create index if not exists sessions_to_close on sessions (closes_at) where closes_at is not null;
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
    session_id text not null, name text not null, content blob not null, media_type text not null,
    created_at text not null, gone_at text,
    primary key (session_id, name)) without rowid;
create table if not exists livestream_sessions (
    number integer primary key, id text not null unique,
    app_id text not null, meeting_id text not null, session_id text not null,
    livestream_id text not null, err_message text, ingest_seconds real not null, viewer_seconds real not null,
    invoked_time text, started_time text, stopped_time text,
    created_at text not null, updated_at text not null);
create index if not exists livestream_sessions_of_session on livestream_sessions (session_id, created_at);
"""
TABLES = (
    "apps presets meetings participants sessions peers messages speech files livestream_sessions".split()  # noqa: SIM905
)

Row = dict[str, Any]


class Store:
    """Rows in, rows out. Not thread-safe by itself: the emulator takes one request at a time."""

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.row_factory = lambda cursor, row: {
            column[0]: value for column, value in zip(cursor.description, row, strict=True)
        }
        # WAL survives a killed process with everything committed; `normal` still fsyncs at checkpoints.
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.execute("pragma busy_timeout = 5000")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        self._db.close()

    def begin(self) -> None:
        self._db.execute("begin immediate")

    def commit(self) -> None:
        self._db.execute("commit")

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def rows(self, sql: str, *values: Any) -> list[Row]:
        return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> Row | None:
        found: Row | None = self._db.execute(sql, values).fetchone()
        return found

    def run(self, sql: str, *values: Any) -> int:
        """How many rows it changed."""
        return self._db.execute(sql, values).rowcount

    def insert(self, table: str, row: Row) -> None:
        names = ", ".join(row)
        marks = ", ".join("?" * len(row))
        self._db.execute(f"insert into {table} ({names}) values ({marks})", tuple(row.values()))  # noqa: S608 - our names

    def update(self, table: str, id: str, changes: Row) -> None:  # noqa: A002
        names = ", ".join(f"{name} = ?" for name in changes)
        self._db.execute(f"update {table} set {names} where id = ?", (*changes.values(), id))  # noqa: S608 - our names

    def meta(self, name: str, default: Any = None) -> Any:
        found = self.row("select value from meta where name = ?", name)
        return json.loads(found["value"]) if found else default

    def set_meta(self, name: str, value: Any) -> None:
        self._db.execute("insert or replace into meta values (?, ?)", (name, json.dumps(value)))

    def clear(self) -> None:
        """Forget everything but who the emulator is (its credentials and keys)."""
        for table in TABLES:
            self._db.execute(f"delete from {table}")  # noqa: S608 - our names

    def page(self, sql: str, values: list[Any], order: str, start: int, count: int) -> tuple[list[Row], int]:
        """Some rows of a query, and how many it has in all."""
        found = self.row(f"select count(*) as total from ({sql})", *values)  # noqa: S608 - our own sql
        total = found["total"] if found else 0
        return self.rows(f"{sql} order by {order} limit ? offset ?", *values, count, start), total
