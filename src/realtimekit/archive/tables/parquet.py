"""Parquet files: written row group by row group, read column by column, in little memory."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Self

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.store import Store
from realtimekit.archive.tables.rows import Row
from realtimekit.archive.tables.schema import TABLES, VERSION
from realtimekit.archive.tables.snapshot import Part
from realtimekit.lazy import LazyModule

pc: Any = LazyModule("pyarrow.compute")  # its functions are made at run time: no type checker knows them

GROUP_ROWS = 5_000  # rows that are held in memory before they are written
REBUILD = ": `realtimekit archive rebuild` rebuilds it"
CHUNK_ROWS = 250  # of these as Python objects, which take ten times as much as Arrow's


@cache
def arrow_schema(table: str) -> Any:
    """Return the schema of a table, as pyarrow has it."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "json": pa.string(),
        "integer": pa.int64(),
        "number": pa.float64(),
        "boolean": pa.bool_(),
        "time": pa.timestamp("ms", tz="UTC"),
    }
    fields = [pa.field(column.name, types[column.type], metadata={"about": column.about}) for column in TABLES[table]]
    return pa.schema(fields, metadata={"realtimekit.schema": str(VERSION)})


class PartWriter:
    """Writes one part of a table for a day. Its name follows from what is in it; `finish` lets it appear."""

    def __init__(self, store: Store, table: str, day: str, identity: str) -> None:
        digest = hashlib.sha256(f"{VERSION}\n{table}\n{day}\n{identity}".encode()).hexdigest()[:32]
        self._path = f"{layout.TABLES}/{table}/day={day}/part-{digest}.parquet"
        self._store, self._table = store, table
        self._rows: list[Row] = []
        self._tables: list[Any] = []
        self._waiting = 0  # rows of these
        self._count = 0
        self._file: Any = None
        self._parquet: Any = None

    def add(self, rows: list[Row]) -> None:
        """Add rows."""
        self._rows += rows
        if len(self._rows) >= CHUNK_ROWS:
            self._convert()

    def add_table(self, table: Any) -> None:
        """Add rows that are a pyarrow.Table already."""
        self._tables.append(table)
        self._waiting += table.num_rows
        if self._waiting >= GROUP_ROWS:
            self._flush()

    def _convert(self) -> None:
        import pyarrow as pa

        rows, self._rows = self._rows, []
        schema = arrow_schema(self._table)
        columns = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
        self.add_table(pa.Table.from_arrays(columns, schema=schema))

    def _flush(self) -> None:
        """Write what waits as one row group: those of many small parts are merged."""
        import pyarrow as pa

        tables, self._tables, self._waiting = self._tables, [], 0
        if tables:
            self._write(pa.concat_tables(tables).combine_chunks())

    def _write(self, table: Any) -> None:
        if not table.num_rows:
            return
        import pyarrow.parquet as pq

        if self._parquet is None:
            self._file = self._store.writer(self._path)
            self._parquet = pq.ParquetWriter(_Output(self._file), arrow_schema(self._table), compression="zstd")
        self._parquet.write_table(table)
        self._count += table.num_rows

    def finish(self) -> Part | None:
        """Write what is left. Returns the part; None if it has no rows."""
        self._convert()
        self._flush()
        if self._parquet is None:
            return None
        self._parquet.close()
        return Part(self._path, self._count, *self._file.commit())


class _Output(io.RawIOBase):
    """What pyarrow writes to."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return int(self._file.write(bytes(content)))

    def tell(self) -> int:
        return int(self._file.tell())


class PartReader:
    """Reads one part. A context manager."""

    def __init__(self, store: Store, file: str) -> None:
        self._store, self._path = store, file

    def __enter__(self) -> Self:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = self._store.location(self._path)
        try:
            if path is not None:
                self._source: Any = pa.OSFile(path)
            else:
                content = self._store.read(self._path)
                if content is None:
                    raise FileNotFoundError
                self._source = pa.BufferReader(content)
            self._parquet: Any = pq.ParquetFile(self._source)
        except FileNotFoundError:
            raise ArchiveDamagedError(f"{self._path} is missing{REBUILD}") from None
        except pa.ArrowInvalid:
            raise ArchiveDamagedError(f"{self._path} is not a Parquet file{REBUILD}") from None
        return self

    def __exit__(self, *_: object) -> None:
        self._parquet.close()
        self._source.close()

    def sessions(self) -> set[str]:
        """Return the ids of the sessions in it."""
        with self._reading():
            return set(self._parquet.read(columns=["session_id"]).column(0).unique().to_pylist())

    def read(self, table: str, columns: list[str] | None = None) -> Any:
        """Return its rows as a pyarrow.Table, in today's schema.

        Args:
            table: the name of its table.
            columns: only these.
        """
        known = self._parquet.schema_arrow.names
        stored = None if columns is None else [name for name in columns if name in known]
        with self._reading():
            # A day is small: other threads would cost more than they save.
            return to_schema(self._parquet.read(columns=stored, use_threads=False), table, columns)

    def without(self, sessions: Iterable[str], table: str) -> Iterator[Any]:
        """Iterate over its row groups, as pyarrow.Table, without the rows of some sessions."""
        import pyarrow as pa

        excluded = pa.array(list(sessions), pa.string())
        for number in range(self._parquet.num_row_groups):
            with self._reading():
                group = self._parquet.read_row_group(number)
            yield to_schema(group.filter(pc.invert(pc.is_in(group["session_id"], excluded))), table)

    @contextmanager
    def _reading(self) -> Generator[None]:
        try:
            yield
        except (OSError, ValueError) as error:  # what pyarrow raises of bytes that cannot be decoded
            raise ArchiveDamagedError(f"{self._path} is damaged: {error}{REBUILD}") from None


def to_schema(group: Any, table: str, columns: list[str] | None = None) -> Any:
    """Return a pyarrow.Table in today's schema: columns that an older one lacks are null.

    Args:
        group: as it was read.
        table: the name of the table.
        columns: only these.
    """
    import pyarrow as pa

    whole = arrow_schema(table)
    schema = whole if columns is None else pa.schema([whole.field(name) for name in columns], whole.metadata)
    names = set(group.column_names)

    def column(name: str, kind: Any) -> Any:
        if name not in names:
            return pa.nulls(len(group), kind)
        return group[name] if group[name].type == kind else group[name].cast(kind)

    found = [column(field.name, field.type) for field in schema]
    return pa.Table.from_arrays(found, schema=schema)


def read_table(store: Store, table: str, files: list[str], columns: list[str] | None = None) -> Any:
    """Return parts of a table as one pyarrow.Table.

    Raises:
        ArchiveError: there is no such table or column.
        ArchiveDamagedError: a part is missing.
    """
    if table not in TABLES:
        raise ArchiveError(f"there is no table {table!r}: use one of {', '.join(TABLES)}")
    import pyarrow as pa

    known = [field.name for field in arrow_schema(table)]
    if unknown := [name for name in columns or () if name not in known]:
        raise ArchiveError(f"the table {table} has no column {unknown[0]!r}: use any of {', '.join(known)}")
    empty = arrow_schema(table).empty_table()
    groups = [empty if columns is None else empty.select(columns)]
    for file in files:
        with PartReader(store, file) as part:
            groups.append(part.read(table, columns))
    return pa.concat_tables(groups)
