"""Search in what was said, written and summarized: a full-text index in SQLite (FTS5), made from the tables.

The index follows the snapshot of the tables: it drops the rows of Parquet files that are gone and adds those of new
ones, so it is up to date after each sync, after an erasure too, and can be deleted at any time. In a folder it is kept
beside the tables; for object storage, in this machine's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.values import format_time

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from realtimekit.archive.store import Store
    from realtimekit.archive.tables.snapshot import Snapshot

Kind: TypeAlias = Literal["transcript", "chat", "summary"]

SCHEMA = 1
RANKED = 10_000  # of more matches, the newest come first: to rank a million takes a second
CONTEXT_WORDS = 16

_TABLES: dict[str, Kind] = {"transcript_segments": "transcript", "chat_messages": "chat", "summaries": "summary"}
_COLUMNS = {
    "transcript_segments": ["session_id", "speaker", "start_ms", "text"],
    "chat_messages": ["session_id", "display_name", "created_at", "payload"],
    "summaries": ["session_id", "text"],
}
_SESSION_COLUMNS = ["session_id", "title", "meeting_id", "started_at"]

_DDL = f"""
pragma user_version = {SCHEMA};
create table files (id integer primary key, path text unique not null);
create table items (
    id integer primary key, file integer not null, session_id text not null, kind text not null, speaker text,
    start_ms integer, at text, title text, meeting_id text
);
create index items_of_file on items (file);
create virtual table texts using fts5 (text, tokenize = 'unicode61 remove_diacritics 2');
"""


class Match(NamedTuple):
    """Something that matches a search.

    Attributes:
        session_id, title, meeting_id: the session.
        kind: "transcript", "chat" or "summary".
        speaker: who said or wrote it; None for a summary.
        start_ms: milliseconds after the start of the transcript; None for chats and summaries.
        at: when it was said or written; for a summary, when the session began.
        snippet: the words around the match, with `**` around what matches.
    """

    session_id: str
    title: str | None
    meeting_id: str | None
    kind: Kind
    speaker: str | None
    start_ms: int | None
    at: datetime | None
    snippet: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**self._asdict(), "at": None if self.at is None else format_time(self.at, "at")}


def search(
    store: Store,
    words: str,
    *,
    speaker: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    meeting_id: str | None = None,
    limit: int = 20,
) -> list[Match]:
    """Search an archive: see `Archive.search`."""
    match = match_expression(words)
    conditions, values = ["texts match ?"], [match]
    for condition, value in (
        ("items.speaker like ? escape '\\'", speaker and f"%{_escape_like(speaker)}%"),
        ("items.at >= ?", since and format_time(since, "since")),
        ("items.at <= ?", until and format_time(until, "until")),
        ("items.meeting_id = ?", meeting_id),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    source = f"from texts join items on items.id = texts.rowid where {' and '.join(conditions)}"
    with _index(store) as index:
        many = index.execute(f"select count(*) from (select 1 {source} limit {RANKED + 1})", values)  # noqa: S608
        order = "texts.rowid desc" if many.fetchone()[0] > RANKED else "rank, texts.rowid desc"
        columns = f"session_id, title, meeting_id, kind, speaker, start_ms, at, {_SNIPPET}"
        rows = index.execute(f"select {columns} {source} order by {order} limit ?", [*values, limit])
        return [_match(*row) for row in rows]


def _match(*row: Any) -> Match:
    match = Match._make(row)
    at: Any = match.at  # text in the index
    return match._replace(at=at and datetime.fromisoformat(at), snippet=" ".join(match.snippet.split()))


_SNIPPET = f"snippet(texts, 0, '**', '**', '…', {CONTEXT_WORDS})"


def match_expression(words: str) -> str:
    """Return the FTS5 expression for what somebody typed: words, "phrases", word*, OR, and -word.

    Raises:
        ArchiveError: there is no word in it, or a quotation mark is missing.
    """
    if words.count('"') % 2:
        raise ArchiveError(f"the search {words!r} has a quotation mark that is not closed")
    wanted: list[str] = []
    unwanted: list[str] = []
    joined = False  # by OR, to the one before
    for minus, phrase, word in re.findall(r'(?:(?<=\s)|^)(-?)"([^"]*)"|(\S+)', words):
        text = phrase or word
        if text == "OR" and wanted:
            joined = True
            continue
        excluded = bool(minus) or (bool(word) and word.startswith("-") and len(word) > 1)
        term = _term(text.removeprefix("-") if word else text)
        if term is None:
            continue
        if excluded:
            unwanted.append(term)
        elif joined:
            wanted[-1] = f"{wanted[-1]} OR {term}"
        else:
            wanted.append(term)
        joined = False
    if not wanted:
        raise ArchiveError(f"the search {words!r} has no word to look for")
    expression = " AND ".join(f"({term})" for term in wanted)
    return f"({expression}) NOT ({' OR '.join(unwanted)})" if unwanted else expression


def _term(text: str) -> str | None:
    """Return a word or phrase quoted for FTS5; None if nothing in it can match."""
    if not any(character.isalnum() for character in text):
        return None
    quoted = text.rstrip("*").replace('"', " ").replace("\0", " ")
    return f'"{quoted}"' + ("*" if text.endswith("*") else "")


def _escape_like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


# --- the index --------------------------------------------------------------------------------------------------------


def update_index(store: Store) -> None:
    """Bring the index up to date with the tables.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    with _index(store):
        pass


@contextlib.contextmanager
def _index(store: Store) -> Generator[sqlite3.Connection]:
    """Open the index, up to date; one that is damaged or of another version is made anew."""
    path = index_path(store)
    try:
        connection = _open(store, path)
    except sqlite3.DatabaseError as error:
        if "locked" in str(error) or "unable to open" in str(error) or "readonly" in str(error):
            raise ArchiveError(f"the search index {path} cannot be used: {error}") from None
        path.unlink(missing_ok=True)
        connection = _open(store, path)
    try:
        yield connection
    except sqlite3.DatabaseError as error:
        raise ArchiveError(f"the search failed: {error}") from None
    finally:
        connection.close()


def index_path(store: Store) -> Path:
    """Return where the index is: in the folder of the archive, or in this machine's cache."""
    location = store.location("search/index.sqlite")
    if location is not None:
        path = Path(location)
    else:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        path = Path(cache) / "realtimekit" / f"{hashlib.sha256(store.target.encode()).hexdigest()[:32]}.sqlite"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _open(store: Store, path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        path.chmod(0o600)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        version = connection.execute("pragma user_version").fetchone()[0]
        if version not in {0, SCHEMA}:
            raise sqlite3.DatabaseError("of another version")
        _update(store, connection, new=version == 0)
    except BaseException:
        connection.close()
        raise
    return connection


def _update(store: Store, connection: sqlite3.Connection, *, new: bool) -> None:
    snapshot = read_snapshot(store)
    wanted = {
        part.file: (table, day)
        for table in _TABLES
        for day, parts in snapshot.parts.get(table, {}).items()
        for part in parts
    }
    if not new and wanted.keys() == {path for (path,) in connection.execute("select path from files")}:
        return
    connection.execute("begin immediate")
    with contextlib.ExitStack() as undo:
        undo.callback(connection.execute, "rollback")
        if connection.execute("pragma user_version").fetchone()[0] == 0:
            for statement in _DDL.split(";\n"):
                connection.execute(statement)
        known = dict(connection.execute("select path, id from files"))
        for path in known.keys() - wanted.keys():
            ids = "select id from items where file = ?"
            connection.execute(f"delete from texts where rowid in ({ids})", [known[path]])  # noqa: S608 - a constant
            connection.execute("delete from items where file = ?", [known[path]])
            connection.execute("delete from files where id = ?", [known[path]])
        sessions = _Sessions(store, snapshot)
        for path in sorted(wanted.keys() - known.keys(), key=lambda path: (wanted[path][1], path)):
            _add(store, connection, path, *wanted[path], sessions)
        connection.execute("commit")
        undo.pop_all()
    if known.keys() - wanted.keys():
        # What was erased must not stay in free pages.
        connection.execute("insert into texts (texts) values ('optimize')")
        connection.execute("vacuum")


def _add(store: Store, connection: sqlite3.Connection, path: str, table: str, day: str, sessions: _Sessions) -> None:
    file = connection.execute("insert into files (path) values (?)", [path]).lastrowid
    first = connection.execute("select coalesce(max(id), 0) + 1 from items").fetchone()[0]
    items: list[tuple[Any, ...]] = []
    texts: list[tuple[int, str]] = []
    kind = _TABLES[table]
    for number, (session_id, speaker, start_ms, written_at, text) in enumerate(_rows(store, path, table), first):
        title, meeting_id, started_at = sessions.get(day, session_id)
        at = written_at
        if at is None and started_at is not None:
            at = datetime.fromtimestamp(started_at.timestamp() + (start_ms or 0) / 1000, UTC)
        time = None if at is None else format_time(at, "at")
        items.append((number, file, session_id, kind, speaker, start_ms, time, title, meeting_id))
        texts.append((number, text))
    connection.executemany("insert into items values (?, ?, ?, ?, ?, ?, ?, ?, ?)", items)
    connection.executemany("insert into texts (rowid, text) values (?, ?)", texts)


def _rows(store: Store, path: str, table: str) -> Iterator[tuple[Any, ...]]:
    """Iterate over a Parquet file: session, speaker, milliseconds, time, text."""
    columns = read_table(store, table, [path], _COLUMNS[table]).to_pydict()
    for number, session_id in enumerate(columns["session_id"]):
        if table == "transcript_segments":
            row = columns["speaker"][number], columns["start_ms"][number], None, columns["text"][number]
        elif table == "chat_messages":
            row = columns["display_name"][number], None, columns["created_at"][number], columns["payload"][number]
        else:
            row = None, None, None, columns["text"][number]
        if row[3]:
            yield session_id, *row


class _Sessions:
    """The titles, meetings and starts of sessions, read day by day."""

    def __init__(self, store: Store, snapshot: Snapshot) -> None:
        self._store, self._snapshot = store, snapshot
        self._day: str | None = None
        self._found: dict[str, tuple[str | None, str | None, datetime | None]] = {}

    def get(self, day: str, session_id: str) -> tuple[str | None, str | None, datetime | None]:
        if day != self._day:
            files = self._snapshot.files("sessions", [day])
            columns = read_table(self._store, "sessions", files, _SESSION_COLUMNS).to_pydict()
            values = zip(columns["title"], columns["meeting_id"], columns["started_at"], strict=True)
            self._day, self._found = day, dict(zip(columns["session_id"], values, strict=True))
        return self._found.get(session_id, (None, None, None))
