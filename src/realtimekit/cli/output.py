"""Printing: tables for people, JSON and CSV for programs, safe for terminals and spreadsheets whatever the values."""

from __future__ import annotations

import csv
import io
import itertools
import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from realtimekit.artifacts.rows import quote_formula
from realtimekit.cli.columns import Column
from realtimekit.cli.console import echo, make_console, print_file, replace_controls, safe_line
from realtimekit.cli.progress import progress_bar
from realtimekit.errors import DecodeError
from realtimekit.record import Field, Record
from realtimekit.values import format_time as format_api_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from realtimekit.relation import Relation

# Whoever has one of these can join, stream or write. The API sends some of them with every record.
SECRET_FIELDS = frozenset({"token", "stream_key", "rtmp_url", "access_key", "secret", "password", "private_key"})

# In terminal columns. No id or time is wider than MAX_UNFOLDED_WIDTH; wider cells are folded in any column.
WIDE_TERMINAL, MIN_FOLDED_WIDTH, MAX_UNFOLDED_WIDTH = 120, 8, 64


# --- cells ------------------------------------------------------------------------------------------------------------


def format_time(value: datetime | None) -> str:
    """Return a time as tables show it, or an empty string for None."""
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S")


def _table_cell(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.2f}".rstrip("0").rstrip(".")
        case datetime():
            return format_time(value)
        case _:
            return str(serialize_value(value))


def serialize_value(value: Any) -> Any:
    """Return a value as a string, a number or a boolean."""
    match value:
        case None:
            return ""
        case datetime():
            return format_api_time(value, "a time")
        case date():
            return value.isoformat()
        case list() | tuple() if not any(isinstance(item, dict | list) for item in value):
            return ", ".join(str(serialize_value(item)) for item in value)
        case dict() | list() | tuple():
            return json.dumps(value)
        case _:
            return value


def _csv_cell(value: Any) -> Any:
    value = serialize_value(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value  # a negative number is not a formula
    return replace_controls(quote_formula(value))  # in this order: a formula may begin with a control character


# --- writing ----------------------------------------------------------------------------------------------------------


def print_json(document: Any) -> None:
    """Print a JSON document."""
    print_file(json.dumps(document, indent=2) + "\n")


def print_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print CSV with a header."""
    print_file(format_csv(names, rows))


def format_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return CSV with a header."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_csv_cell(value) for value in row])
    return text.getvalue()


def print_table(console: Console, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table that fits the console: in a narrow one with fewer columns, or as a list of its cells."""
    table = make_table(title, columns, rows, console.width)
    console.print(table, soft_wrap=isinstance(table, Text))


def make_table(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], width: int) -> Table | Text:
    """Return a table of at most this width, or a list with a line for each cell if a table would have to cut some."""
    headers = [Text(column.header or column.name.replace("_", " ")) for column in columns]
    cells = [
        [value if isinstance(value, Text) else safe_line(_table_cell(value)) for value in row] for row in rows
    ]  # a Text is safe, and has its styles
    lines = [headers, *cells]
    widths = [max(cell_len(cell.plain) for cell in cells_of_one) for cells_of_one in zip(*lines, strict=True)]
    folds = [column.fold or widest > MAX_UNFOLDED_WIDTH for column, widest in zip(columns, widths, strict=True)]
    needed = [2 + (MIN_FOLDED_WIDTH if fold else widest) for fold, widest in zip(folds, widths, strict=True)]  # padded
    wide_only = [number for number, column in enumerate(columns) if column.wide_only]
    for count in range(len(wide_only) if width >= WIDE_TERMINAL else 0, -1, -1):  # the last column goes first
        kept = [not column.wide_only or number in wide_only[:count] for number, column in enumerate(columns)]
        if 1 + sum(itertools.compress(needed, kept)) <= width:  # 1: the padding of the edge
            kept_lines = [list(itertools.compress(line, kept)) for line in lines]
            return _make_grid(title, list(itertools.compress(folds, kept)), *kept_lines)
    return _make_list(title, headers, cells)


def _make_grid(title: str, folds: Sequence[bool], headers: Sequence[Text], *rows: Sequence[Text]) -> Table:
    # Users choose titles as well as cells: rich must not interpret markup in either.
    table = Table(
        title=safe_line(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for header, fold in zip(headers, folds, strict=True):
        table.add_column(header, overflow="fold", no_wrap=not fold, min_width=MIN_FOLDED_WIDTH if fold else None)
    for row in rows:
        table.add_row(*row)
    return table


def _make_list(title: str, headers: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Text:
    """Return a line for each cell. The lines are not broken, so that an id can be copied whole."""
    text = safe_line(title)
    text.stylize("bold")
    for row in rows:
        text.append("\n")
        for header, cell in zip(headers, row, strict=True):
            text.append("\n").append(f"{header.plain}: ", "bold").append(cell)
    return text.append("\n")


def print_rows(
    output_format: str | None,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Any]],
    document: Any = None,
) -> None:
    """Print rows as a table or as CSV, or the document as JSON."""
    if output_format == "json":
        print_json(document)
    elif output_format == "csv":
        print_csv([column.name for column in columns], rows)
    else:
        print_table(make_console(), title, columns, rows)


# --- records ----------------------------------------------------------------------------------------------------------


def serialize_record(record: Record, reveal: Sequence[str] = ()) -> dict[str, Any]:
    """Return a record as JSON: the API's field names, all times in one format, and only the secrets to reveal."""
    data = record.to_dict()
    for name, field in _fields(type(record)).items():
        key = next((wire_name for wire_name in field.wire_names if data.get(wire_name) is not None), None)
        if key is None:
            continue
        value = read_field(record, name)
        if isinstance(value, Record):
            data[key] = serialize_record(value, reveal)
        elif isinstance(value, list) and value and all(isinstance(item, Record) for item in value):
            data[key] = [serialize_record(item, reveal) for item in value]
        elif isinstance(value, date):
            data[key] = serialize_value(value)
    redacted: dict[str, Any] = _remove_fields(data, SECRET_FIELDS - set(reveal))
    return redacted


def _fields(cls: type) -> dict[str, Field]:
    return {name: field for base in cls.__mro__ for name, field in vars(base).items() if isinstance(field, Field)}


def _remove_fields(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _remove_fields(item, names) for name, item in value.items() if name not in names}
    return [_remove_fields(item, names) for item in value] if isinstance(value, list) else value


def read_field(record: Record, name: str) -> Any:
    """Return the value of a field, or the raw value if it cannot be converted."""
    try:
        return getattr(record, name)
    except DecodeError:
        return record.to_dict().get(name)


def print_list(
    output_format: str | None,
    title: str,
    columns: Sequence[Column],
    relation: Relation[Any, Any],
    limit: int | None,
    reveal: Sequence[str] = (),
) -> None:
    """Print the first records of a relation, and say on stderr whether there are more."""
    columns = [*columns, *(Column(name) for name in reveal)]
    if limit is None:
        records = list(_with_progress(title, relation.prefetch(4)))
    else:  # one more than asked for shows whether there are more
        records = list(itertools.islice(relation.limit(limit + 1), limit + 1))
    more, records = limit is not None and len(records) > limit, records[:limit]
    rows = ([read_field(record, column.name) for column in columns] for record in records)
    if output_format == "json":
        print_json([serialize_record(record, reveal) for record in records])
    else:
        count = "the first" if len(records) == 1 else f"the first {len(records)}"
        print_rows(output_format, f"{title}: {count if more else len(records)}", columns, rows)
    if more:
        these = "this one" if limit == 1 else f"these {limit}"
        echo(f"There are more than {these}: --limit N shows N of them, --all shows all", err=True)


def _with_progress(title: str, records: Iterable[Any]) -> Iterator[Any]:
    with progress_bar(title) as update:
        for number, record in enumerate(records, 1):
            update(number, None)
            yield record


def print_record(output_format: str | None, record: Record, reveal: Sequence[str] = ()) -> None:
    """Print one record. In tables and CSV the names of nested fields are dotted."""
    data = serialize_record(record, reveal)
    if output_format == "json":
        print_json(data)
        return
    flat = dict(_flatten(data))
    if output_format == "csv":
        print_csv(list(flat), [list(flat.values())])
    else:
        title = f"{type(record).__name__} {data.get('id', '')}".rstrip()
        rows = [(name, value) for name, value in flat.items() if value is not None]
        print_table(make_console(), title, [Column("field"), Column("value", fold=True)], rows)


def _flatten(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict) and value:
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
