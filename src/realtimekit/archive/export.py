"""The tables as files for others: Parquet, CSV or JSON Lines; if you wish, with pseudonyms in place of people."""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias

from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.tables.parquet import arrow_schema, read_table
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import read_snapshot

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    from realtimekit.archive.ledger import Ledger
    from realtimekit.archive.store import Store
    from realtimekit.archive.tables.snapshot import Snapshot

Format: TypeAlias = Literal["parquet", "csv", "jsonl"]
FORMATS: tuple[Format, ...] = ("parquet", "csv", "jsonl")

_PEOPLE = ("custom_participant_id", "user_id", "peer_id", "participant_id")
_NAMES = ("display_name", "speaker")
_TEXTS = ("text", "payload")
# What may hold anything: not for others, if people are not to be known.
_OPEN = ("extra", "record", "meeting", "title", "output_file_name", "path", "source", "artifact", "reason")


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
    people = _People(store, ledger, snapshot) if anonymize else None
    written: list[Path] = []
    for name in chosen:
        path = target / f"{name}.{file_format}"
        with _Output(path, name, file_format) as output:
            for file in snapshot.files(name):
                table = read_table(store, name, [file])
                output.add(table if people is None else people.hide(table))
        written.append(path)
    return written


class _People:
    """The people of an archive, each with a pseudonym that is the same in every table and every export."""

    def __init__(self, store: Store, ledger: Ledger, snapshot: Snapshot) -> None:
        self._key = bytes.fromhex(str((ledger.identity() or {})["erasure_key"]))
        self._by_id: dict[str, str] = {}
        self._names: dict[str, dict[str, str]] = {}  # session -> name -> pseudonym
        columns = ["session_id", "custom_participant_id", "user_id", "peer_id", "display_name"]
        for file in snapshot.files("participants"):
            for row in read_table(store, "participants", [file], columns).to_pylist():
                ids = [row[name] for name in columns[1:4] if row[name]]
                pseudonym = self._pseudonym(ids[0] if ids else row["display_name"] or "")
                self._by_id.update(dict.fromkeys(ids, pseudonym))
                if row["display_name"]:
                    self._names.setdefault(row["session_id"], {})[row["display_name"]] = pseudonym

    def hide(self, table: Any) -> Any:
        """Return a pyarrow.Table without people."""
        import pyarrow as pa

        columns = table.to_pydict()
        for name in _PEOPLE:
            if name in columns:
                columns[name] = [value and self._of(value) for value in columns[name]]
        sessions = columns["session_id"]
        for name in _NAMES:
            if name in columns:
                columns[name] = [
                    value and self._names.get(session, {}).get(value, self._pseudonym(value))
                    for session, value in zip(sessions, columns[name], strict=True)
                ]
        for name in _TEXTS:
            if name in columns:
                columns[name] = [
                    value and self._without_names(value, self._names.get(session, {}))
                    for session, value in zip(sessions, columns[name], strict=True)
                ]
        for name in _OPEN:
            if name in columns:
                columns[name] = [None] * len(sessions)
        return pa.table(columns, schema=table.schema)

    def _of(self, value: str) -> str:
        return self._by_id.get(value) or self._pseudonym(value)

    def _pseudonym(self, value: str) -> str:
        digest = hmac.new(self._key, b"person\n" + value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
        return f"person-{digest[:12]}"

    @staticmethod
    def _without_names(text: str, names: dict[str, str]) -> str:
        """Replace the names of participants, also first and last ones, wherever they are words of their own."""
        words = {
            part: pseudonym for name, pseudonym in names.items() for part in [name, *name.split()] if len(part) > 1
        }
        if not words:
            return text
        pattern = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
        by_case = {word.lower(): pseudonym for word, pseudonym in words.items()}
        return re.sub(
            rf"(?<!\w)(?:{pattern})(?!\w)", lambda found: by_case[found[0].lower()], text, flags=re.IGNORECASE
        )


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
            plain = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in row.items()}
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


def _cell(value: Any) -> Any:
    """Return a value as CSV has it: no spreadsheet takes a text for a formula."""
    if isinstance(value, str) and value[:1] in set("=+-@\t\r\n"):
        return "'" + value
    return "" if value is None else value
