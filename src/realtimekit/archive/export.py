"""The tables as files for other programs: Parquet, CSV or JSON Lines, optionally with pseudonyms in place of people."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.pseudonyms import Pseudonymizer
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import arrow_schema, read_table
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.artifacts.rows import quote_formula

Format: TypeAlias = Literal["parquet", "csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")


def export(
    store: Store,
    ledger: Ledger,
    folder: str | os.PathLike[str],
    *,
    file_format: Format = "parquet",
    tables: Iterable[str] | None = None,
    anonymize: bool = False,
) -> list[Path]:
    """Write tables to files: see `Archive.export`."""
    chosen = list(TABLES) if tables is None else list(tables)
    if unknown := [name for name in chosen if name not in TABLES]:
        raise ArchiveError(f"there is no table {unknown[0]!r}: use any of {', '.join(TABLES)}")
    if file_format not in FORMATS:
        raise ArchiveError(f"file_format={file_format!r}: use one of {', '.join(FORMATS)}")
    snapshot = read_snapshot(store)
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    pseudonymizer = Pseudonymizer(store, ledger, snapshot) if anonymize else None
    written: list[Path] = []
    for name in chosen:
        path = target / f"{name}.{file_format}"
        with _Output(path, name, file_format) as output:
            for file in snapshot.files(name):
                table = read_table(store, name, [file])
                output.add(table if pseudonymizer is None else pseudonymizer.pseudonymize(table, name))
        written.append(path)
    return written


class _Output:
    """A file that tables are added to."""

    def __init__(self, path: Path, table: str, file_format: Format) -> None:
        self._path, self._format = path, file_format
        self._schema = arrow_schema(table)

    def __enter__(self) -> Self:
        if self._format == "parquet":
            import pyarrow.parquet as pq

            self._parquet: Any = pq.ParquetWriter(str(self._path), self._schema, compression="zstd")
        else:
            self._text = self._path.open("w", encoding="utf-8", errors="replace", newline="")
            if self._format == "csv":
                import csv

                self._csv: Any = csv.writer(self._text, lineterminator="\n")
                self._csv.writerow(self._schema.names)
        return self

    def add(self, table: Any) -> None:
        if self._format == "parquet":
            self._parquet.write_table(table)
            return
        for row in table.to_pylist():
            plain = {name: _plain(value) for name, value in row.items()}
            if self._format == "csv":
                self._csv.writerow([_cell(value) for value in plain.values()])
            else:
                import json

                self._text.write(json.dumps(plain, ensure_ascii=False) + "\n")

    def __exit__(self, *_: object) -> None:
        if self._format == "parquet":
            self._parquet.close()
        else:
            self._text.close()


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, datetime) else value


def _cell(value: Any) -> Any:
    """Return a value as CSV has it: no spreadsheet takes a text for a formula."""
    return quote_formula(value) if isinstance(value, str) else "" if value is None else value
