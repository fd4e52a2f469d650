"""Search in what was said, written and summarized: a full-text index in SQLite (FTS5), made from the tables.

The index follows the snapshot of the tables: it drops the rows of Parquet files that are gone and adds those of new
ones, so each search finds what the last sync brought, and it can be deleted at any time. In a folder it is kept beside
the tables; for object storage, and a folder that cannot be written, in this machine's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.full_text import clean, match_expression
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.snippets import (
    INSERT,
    TEXTS,
    Marks,
    PassageMatch,
    find_snippets,
    indexed,
    search_texts,
    split_marks,
)
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import Snapshot, read_snapshot
from realtimekit.sqlite_locks import retry_while_busy
from realtimekit.values import format_time, validate_time_range

T = TypeVar("T")
Kind: TypeAlias = Literal["transcript", "chat", "summary"]

SCHEMA = 4
MAX_RANKED = 1_000  # of more matches, those of the latest days come first: to rank a million takes a second
LOCK_TIMEOUT = 60  # seconds
MAX_ATTEMPTS = 3
IDS_PER_DAY = 2**32

_TABLES: dict[str, Kind] = {"transcript_segments": "transcript", "chat_messages": "chat", "summaries": "summary"}
_COLUMNS = {
    "transcript_segments": ["session_id", "speaker", "start_ms", "text", "live"],
    "chat_messages": ["session_id", "display_name", "created_at", "payload"],
    "summaries": ["session_id", "text"],
}
_SESSION_COLUMNS = ["session_id", "title", "meeting_id", "started_at"]

_DDL = f"""
drop table if exists files;
drop table if exists state;
drop table if exists items;
drop table if exists texts;
pragma user_version = {SCHEMA};
create table files (id integer primary key, path text unique not null);
create table state (purges integer not null, snapshot text not null);
insert into state values (0, '');
create table items (
    id integer primary key, file integer not null, session_id text not null, kind text not null, speaker text,
    speaker_key text, start_ms integer, at text, title text, meeting_id text, live integer not null
);
create index items_of_file on items (file);
{TEXTS};
"""  # noqa: S608 - constants of ours


class Match(NamedTuple):
    """Something that matches a search.

    Attributes:
        session_id, title, meeting_id: the session.
        kind: "transcript", "chat" or "summary".
        speaker: who said or wrote it; None for a summary.
        start_ms: milliseconds after the start of the transcript; None for chats and summaries.
        at: when it was said or written; for a summary, when the session began.
        snippet: the words around the match, on one line.
        marks: where in the snippet the match is: the offsets of its first character and of the one after its last, in
            code points from 0; several times, in their order.
        live: whether a listener heard it live, and it stands in for the platform's transcript.
    """

    session_id: str
    title: str | None
    meeting_id: str | None
    kind: Kind
    speaker: str | None
    start_ms: int | None
    at: datetime | None
    snippet: str
    marks: Marks
    live: bool = False

    def pieces(self) -> list[tuple[str, bool]]:
        """Return the snippet in pieces, each with whether it matches."""
        return split_marks(self.snippet, self.marks)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        at = None if self.at is None else format_time(self.at, "at")
        return {**self._asdict(), "at": at, "marks": [list(mark) for mark in self.marks]}


class Matches(list[Match]):
    """The matches of a search, the best first: a list that notebooks display as a table."""

    def _repr_html_(self) -> str:
        from realtimekit.notebook import html_table

        names = ["at", "title", "speaker", "snippet", "session_id"]
        rows = [[one.at, one.title, one.speaker, one.pieces(), one.session_id] for one in self]
        return html_table(f"Matches: {len(self)}", names, rows)


def search(
    store: Store,
    words: str,
    *,
    speaker: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    meeting_id: str | None = None,
    limit: int = 20,
) -> Matches:
    """Search an archive: see `Archive.search`."""
    validate_time_range(since, until, inclusive=True)
    match, snippet_match = match_expression(words), match_expression(words, characters=True)
    conditions, values = list[str](), list[Any]()
    for condition, value in (
        ("instr(items.speaker_key, ?)", speaker and _key(speaker)),
        ("items.at >= ?", None if since is None else format_time(since, "since")),
        ("items.at <= ?", None if until is None else format_time(until, "until")),
        ("items.meeting_id = ?", meeting_id),
    ):
        if value:
            conditions.append(condition)
            values.append(value)
    source = " and ".join(["from texts where texts match ?", *conditions])
    if conditions:
        source = source.replace("from texts", "from texts join items on items.id = texts.rowid")

    def find(index: sqlite3.Connection) -> Matches:
        def ids(order: str, count: int) -> list[int]:
            sql = f"select texts.rowid {source} {order} limit ?"
            return [row[0] for row in index.execute(sql, [match, *values, count])]

        index.execute("begin")  # one state of the index, whatever another process does to it meanwhile
        # As few as possible: for bud* each of them puts together all words that begin so.
        latest = ids("order by texts.rowid desc", max(limit, MAX_RANKED + 1))
        chosen = latest[:limit] if len(latest) > MAX_RANKED else ids("order by rank, texts.rowid desc", limit)
        rows = [index.execute(_ROW, [each]).fetchone() for each in chosen]
        index.execute("rollback")
        found = find_snippets([row[:2] for row in rows], match, snippet_match)
        return Matches(_match(one, *row[2:]) for one, row in zip(found, rows, strict=True))

    return _with_index(store, find)


def _match(found: PassageMatch, *row: Any) -> Match:
    *session, at, live = row
    time = at and datetime.fromisoformat(at)
    return Match._make([*session, time, found.snippet, found.marks, bool(live)])


_ROW = """
select text, pairs, session_id, title, meeting_id, kind, speaker, start_ms, at, live
from texts join items on items.id = texts.rowid where texts.rowid = ?
"""


def search_passages(
    passages: Iterable[tuple[str | None, str]], words: str, speaker: str | None = None
) -> list[PassageMatch]:
    """Return those passages that match, in their order: by the rules of `search`, without an archive.

    Args:
        passages: each with its speaker and its text.
        words: what to look for.
        speaker: a part of the name of the speaker; None for all.

    Raises:
        ArchiveError: there is no word to look for.
    """
    key = _key(speaker or "")
    of_speaker = [(number, text) for number, (name, text) in enumerate(passages) if key in _key(name or "")]
    found = search_texts((text for _, text in of_speaker), words)
    return [one._replace(number=of_speaker[one.number][0]) for one in found]


def _key(name: str) -> str:
    """Return a name without case and accents, as the index compares words."""
    letters = unicodedata.normalize("NFD", clean(name).casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


# --- the index --------------------------------------------------------------------------------------------------------


def update_index(store: Store) -> None:
    """Bring the index up to date with the tables.

    Raises:
        ArchiveError: the archive cannot be read, or the index not be written.
    """
    _with_index(store, lambda _: None)


def rebuild_index(store: Store) -> None:
    """Rebuild the index and replace the old one, which searches use until then.

    Raises:
        ArchiveError: the archive cannot be read, or the index cannot be written.
    """
    _with_index(store, lambda _: None, rebuild=True)


def _delete_index(store: Store) -> None:
    """Delete the index of this machine, with what SQLite keeps beside it: left alone, that would damage a new one."""
    path = index_path(store)
    for each in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
        each.unlink(missing_ok=True)


def _with_index(store: Store, action: Callable[[sqlite3.Connection], T], *, rebuild: bool = False) -> T:
    """Return what an action finds in the index, up to date; one that is damaged or of another version is rebuilt."""
    Ledger(store).app()  # raises if this is no archive, or one of a newer version
    content = store.read(layout.SNAPSHOT)
    path = index_path(store)
    for attempt in range(MAX_ATTEMPTS):
        try:
            if content is None:
                read_snapshot(store)  # raises if there should be one
            use = partial(_use_index, store, path, content, action, rebuild=rebuild)
            return retry_while_busy(use, LOCK_TIMEOUT)
        except sqlite3.DatabaseError as error:
            if attempt == MAX_ATTEMPTS - 1 or not _is_damaged(error):
                raise ArchiveError(f"the search index {path} cannot be used: {error}") from None
            _delete_index(store)
        except OSError as error:
            raise ArchiveError(f"the search index {path} cannot be used: {error.strerror}") from None
        except ArchiveDamagedError:
            newer = store.read(layout.SNAPSHOT)
            if newer == content:
                raise
            content = newer  # an erasure has deleted the files of the one before
    raise ArchiveError(f"the search index {path} cannot be used: the tables change all the time: try again")


def _use_index(
    store: Store, path: Path, content: bytes | None, action: Callable[[sqlite3.Connection], T], *, rebuild: bool
) -> T:
    with contextlib.closing(_open(path)) as connection:
        _update(store, content, connection, rebuild=rebuild)
        return action(connection)


def _is_damaged(error: sqlite3.DatabaseError) -> bool:
    # Whatever has a class of its own is another problem: a lock, a full disk, no permission.
    return type(error) is sqlite3.DatabaseError or "no such" in str(error)


def index_path(store: Store) -> Path:
    """Return where the index is: in the folder of the archive, or in this machine's cache."""
    location = store.location("search/index.sqlite")
    if location is not None:
        path = Path(location)
        nearest = next(each for each in (path, *path.parents) if each.exists())
        if os.access(nearest, os.W_OK):
            return path
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "realtimekit" / f"{hashlib.sha256(store.target.encode()).hexdigest()[:32]}.sqlite"


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT, isolation_level=None)
    try:
        path.chmod(0o600)
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = normal")
        connection.execute("pragma secure_delete = on")  # what was erased must not stay in free pages
        if connection.execute("pragma user_version").fetchone()[0] not in {0, SCHEMA}:
            raise sqlite3.DatabaseError("it is of another version")
    except BaseException:
        connection.close()
        raise
    return connection


def _update(store: Store, content: bytes | None, connection: sqlite3.Connection, *, rebuild: bool) -> None:
    digest = hashlib.sha256(content or b"").hexdigest()
    exists = connection.execute("pragma user_version").fetchone()[0] != 0
    if exists and not rebuild and digest == _state(connection)[1]:
        return  # the usual case costs no decoding
    snapshot = Snapshot.decode(content)
    wanted = {
        f"{part.file} {part.sha256}": (part.file, table, day)
        for table in _TABLES
        for day, parts in snapshot.parts.get(table, {}).items()
        for part in parts
    }
    connection.execute("begin immediate")
    with contextlib.ExitStack() as undo:
        undo.callback(connection.execute, "rollback")
        if rebuild or connection.execute("pragma user_version").fetchone()[0] == 0:
            for statement in _DDL.split(";\n"):
                connection.execute(statement)
        known = dict(connection.execute("select path, id from files"))
        for path in known.keys() - wanted.keys():
            ids = "select id from items where file = ?"
            connection.execute(f"delete from texts where rowid in ({ids})", [known[path]])  # noqa: S608 - a constant
            connection.execute("delete from items where file = ?", [known[path]])
            connection.execute("delete from files where id = ?", [known[path]])
        sessions = _Sessions(store, snapshot)
        for path in sorted(wanted.keys() - known.keys(), key=lambda path: (wanted[path][2], path)):
            _add(store, connection, path, wanted[path], sessions)
        if _state(connection)[0] != snapshot.purges:
            # FTS5 only marks what is deleted, until its segments are merged.
            connection.execute("insert into texts (texts) values ('optimize')")
        connection.execute("update state set purges = ?, snapshot = ?", [snapshot.purges, digest])
        connection.execute("commit")
        undo.pop_all()
    connection.execute("pragma wal_checkpoint (truncate)")


def _state(connection: sqlite3.Connection) -> tuple[int, str]:
    """Return how often the tables had been purged, and which snapshot of them is in the index."""
    purges, snapshot = connection.execute("select purges, snapshot from state").fetchone()
    return purges, snapshot


def _add(
    store: Store, connection: sqlite3.Connection, path: str, part: tuple[str, str, str], sessions: _Sessions
) -> None:
    part_file, table, day = part
    file = connection.execute("insert into files (path) values (?)", [path]).lastrowid
    start = _first_id(day)  # ids sort by day: the latest matches are found without looking at the others
    last = "select coalesce(max(id), ?) from items where id between ? and ?"
    first = connection.execute(last, [start, start, start + IDS_PER_DAY - 1]).fetchone()[0] + 1
    items: list[tuple[Any, ...]] = []
    texts: list[tuple[int, str, str]] = []
    kind = _TABLES[table]
    for number, row in enumerate(_rows(store, part_file, table), first):
        session_id, speaker, start_ms, written_at, text, live = row
        title, meeting_id, started_at = sessions.get(day, session_id)
        at = written_at
        if at is None and started_at is not None:
            at = _after(started_at, start_ms or 0)
        time = None if at is None else format_time(at, "at")
        key = speaker and _key(speaker)
        items.append((number, file, session_id, kind, speaker, key, start_ms, time, title, meeting_id, live))
        texts.append((number, *indexed(text)))
    connection.executemany("insert into items values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", items)
    connection.executemany(INSERT, texts)


def _first_id(day: str) -> int:
    try:
        return date.fromisoformat(day).toordinal() * IDS_PER_DAY
    except ValueError:  # of sessions without a start
        return 0


def _after(start: datetime, milliseconds: int) -> datetime:
    try:
        return start + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return start


def _rows(store: Store, path: str, table: str) -> Iterator[tuple[Any, ...]]:
    """Iterate over a Parquet file: session, speaker, milliseconds, time, text, and whether it is live."""
    columns = read_table(store, table, [path], _COLUMNS[table]).to_pydict()
    for number, session_id in enumerate(columns["session_id"]):
        live = False
        if table == "transcript_segments":
            row = columns["speaker"][number], columns["start_ms"][number], None, columns["text"][number]
            live = bool(columns["live"][number])
        elif table == "chat_messages":
            row = columns["display_name"][number], None, columns["created_at"][number], columns["payload"][number]
        else:
            row = None, None, None, columns["text"][number]
        if row[3]:
            yield session_id, *row, live


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
