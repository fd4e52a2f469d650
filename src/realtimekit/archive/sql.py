"""SQL over the tables of an archive: DuckDB, which may read their files and nothing else."""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.store import Store, missing_extra
from realtimekit.archive.tables.parquet import REBUILD, PartReader, arrow_schema
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import Snapshot, read_snapshot
from realtimekit.lazy import LazyModule

if TYPE_CHECKING:
    import duckdb as duck
else:
    duck = LazyModule("duckdb")

_READ_STATEMENTS = frozenset({"SELECT", "EXPLAIN"})


class QueryResult(NamedTuple):
    """The result of a query: the names of its columns, and its rows."""

    columns: list[str]
    rows: list[tuple[Any, ...]]

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a dict for each row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def connect(
    store: Store, tables: Iterable[str] = TABLES, *, snapshot: Snapshot | None = None, days: Iterable[str] | None = None
) -> duck.DuckDBPyConnection:
    """Return a DuckDB connection with the tables of an archive as views: see `Archive.duckdb`.

    Args:
        store: the archive.
        tables: only these.
        snapshot: of its tables; by default the current one.
        days: only these.
    """
    try:
        import duckdb
    except ImportError:
        raise missing_extra() from None
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    snapshot = snapshot or read_snapshot(store)
    days = None if days is None else list(days)
    folder = _LocalFiles(store)
    weakref.finalize(connection, folder.delete)
    allowed: list[str] = []
    for table in tables:
        files = [folder.path(file) for file in snapshot.files(table, days)]
        allowed += files
        names = {field.name: _type(field.type) for field in arrow_schema(table)}
        if files:
            # union_by_name: the files of an older schema lack columns.
            source = f"read_parquet({_literal(files)}, union_by_name = true, hive_partitioning = false)"
            try:
                stored = {row[0]: row[1] for row in connection.execute(f"describe from {source}").fetchall()}
            except duckdb.Error as error:
                for file in snapshot.files(table, days):
                    with PartReader(store, file):  # raises if this one is missing or damaged
                        pass
                raise unreadable(error) from None
            columns = ", ".join(_column(name, kind, stored.get(name)) for name, kind in names.items())
            connection.execute(f"create view {table} as select {columns} from {source}")  # noqa: S608 - names of ours
        else:
            columns = ", ".join(f'"{name}" {kind}' for name, kind in names.items())
            connection.execute(f"create table {table} ({columns})")
    # Whoever writes the SQL reads the tables, and no other file of this machine.
    connection.execute(f"set allowed_paths = {_literal(allowed)}")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def query(store: Store, sql: str) -> QueryResult:
    """Return the result of one query: see `Archive.query`."""
    try:
        import duckdb
    except ImportError:
        raise missing_extra() from None
    try:
        statements = duckdb.extract_statements(sql.encode("utf-8", "replace").decode())  # no halves of characters
    except duckdb.Error as error:
        raise ArchiveError(f"the query is not valid: {_first_line(error)}") from None
    if len(statements) != 1:
        raise ArchiveError(f"give one query, not {len(statements)}")
    kind = str(statements[0].type).rpartition(".")[2]
    if kind not in _READ_STATEMENTS:
        raise ArchiveError(f"a query of an archive only reads: {kind} is refused; use SELECT")
    words = sql.lower()
    if kind == "EXPLAIN" and "analy" in words:  # it would run whatever follows
        raise ArchiveError("a query of an archive only reads: EXPLAIN ANALYZE is refused; use EXPLAIN")
    named = [table for table in TABLES if table in words]
    with connect(store, named or TABLES) as connection:
        try:
            result = connection.execute(statements[0])
            columns = [column[0] for column in result.description or []]
            return QueryResult(columns, result.fetchall())
        except duckdb.Error as error:
            text = f"the query failed: {_first_line(error)}"
            mistakes = duckdb.BinderException, duckdb.CatalogException, duckdb.ConversionException
            if not isinstance(error, mistakes) and (file := _damaged_file(store, named or TABLES)) is not None:
                raise ArchiveDamagedError(f"{file} is damaged{REBUILD}") from None
            raise ArchiveError(f"{text}{_suggestion(str(error))}") from None


def _damaged_file(store: Store, tables: Iterable[str]) -> str | None:
    """Return the first file of some tables that is not what was written; None if they all are."""
    snapshot = read_snapshot(store)
    for part in (part for table in tables for parts in snapshot.parts.get(table, {}).values() for part in parts):
        digest = hashlib.sha256()
        for chunk in store.chunks(part.file):
            digest.update(chunk)
        if digest.hexdigest() != part.sha256:
            return part.file
    return None


def unreadable(error: Exception) -> ArchiveError:
    """Return an error of DuckDB about the files of the tables."""
    text = f"the tables cannot be read: {_first_line(error)}"
    return ArchiveError(f"{text}: `realtimekit archive rebuild` rebuilds them")


class _LocalFiles:
    """The Parquet files of an archive as files of this machine: those of a folder, or copies that are deleted later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._folder: Path | None = None

    def path(self, file: str) -> str:
        location = self._store.location(file)
        if location is not None:
            return location
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="realtimekit-"))
        copy = self._folder / file.replace("/", "_")
        with copy.open("xb") as target:
            for chunk in self._store.chunks(file):
                target.write(chunk)
        return str(copy)

    def delete(self) -> None:
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _literal(paths: list[str]) -> str:
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
    return f"[{quoted}]"


def _column(name: str, kind: str, stored: str | None) -> str:
    """Return what selects a column, whatever the files of an older schema have."""
    if stored is None:
        return f'null::{kind} as "{name}"'
    return f'"{name}"' if stored.lower() == kind else f'"{name}"::{kind} as "{name}"'


def _type(arrow_type: Any) -> str:
    names = {"string": "varchar", "int64": "bigint", "double": "double", "bool": "boolean"}
    return names.get(str(arrow_type), "timestamp with time zone")


def _suggestion(text: str) -> str:
    """Return the names that an error about an unknown one can be mended with."""
    if "Table with name" in text:
        return f" The tables are {', '.join(TABLES)}"
    found = re.search(r"^Candidate bindings: .*", text, re.MULTILINE)
    return "" if found is None else f" {found[0]}"


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
