"""Printing: tables for people, JSON and CSV for programs, and nothing that a name could do to a terminal or a sheet."""

from __future__ import annotations

import csv
import io
import itertools
import json
import os
import sys
import unicodedata
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import click
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtimekit.cli.options import Column, on_a_terminal
from realtimekit.errors import DecodeError
from realtimekit.record import Field, Record
from realtimekit.values import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

    from realtimekit.relation import Relation

# Whoever has one of these can join, broadcast or write: the API sends some of them with every record.
SECRETS = frozenset({"token", "stream_key", "rtmp_url", "access_key", "secret", "password", "private_key"})
# A spreadsheet takes a text that begins with one of these for a formula.
FORMULAS = ("=", "+", "-", "@", "\t", "\r")

# Characters, of a terminal.
WIDE, PIPE, NARROWEST = 120, 200, 8


# --- cells ------------------------------------------------------------------------------------------------------------


def clean(value: object) -> Text:
    """Text from outside, for a terminal: without control characters, and with no markup read into it."""
    text = "" if value is None else str(value)
    return Text("".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text))


def without_controls(text: str) -> str:
    """Text from outside, for a file: as it is, but for what could command a terminal, or cannot be written."""
    return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" else c for c in text)


def moment(value: datetime | None) -> str:
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S")


def _for_people(value: Any) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.2f}".rstrip("0").rstrip(".")
        case datetime():
            return moment(value)
        case _:
            return str(for_programs(value))


def for_programs(value: Any) -> Any:
    """Text, a number or a boolean."""
    match value:
        case None:
            return ""
        case datetime():
            return format_time(value, "a time")
        case date():
            return value.isoformat()
        case list() | tuple() if not any(isinstance(item, dict | list) for item in value):
            return ", ".join(str(for_programs(item)) for item in value)
        case dict() | list() | tuple():
            return json.dumps(value)
        case _:
            return value


def _for_csv(value: Any) -> Any:
    value = for_programs(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value  # a number is one, also below 0
    # \r is in FORMULAS: looked for before it is replaced
    return ("'" if value.startswith(FORMULAS) else "") + without_controls(value)


# --- writing ----------------------------------------------------------------------------------------------------------


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Where to print; no numbers or addresses are coloured by guess. A pipe is as wide as nobody's terminal."""
    made = Console(stderr=stderr, quiet=quiet, highlight=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPE
    return made


def note(text: str) -> None:
    """A line for people, beside what is asked for."""
    click.echo(clean(text).plain, err=True)


def write_json(document: Any) -> None:
    click.echo(json.dumps(document, indent=2))


def write_csv(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        writer.writerow([_for_csv(value) for value in row])
    click.echo(text.getvalue(), nl=False)


def print_table(out: Console, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table as wide as it may be: where that is not much, without some of its columns, or not as a table."""
    shown = table(title, columns, rows, out.width)
    out.print(shown, soft_wrap=isinstance(shown, Text))


def table(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], width: int) -> Table | Text:
    """A table that has this width; a line for each of its cells where it would have to cut some."""
    heads = [Text(column.head or column.name.replace("_", " ")) for column in columns]
    cells = [[clean(_for_people(value)) for value in row] for row in rows]
    wide = [number for number, column in enumerate(columns) if column.wide]
    for count in range(len(wide) if width >= WIDE else 0, -1, -1):  # the last goes first
        kept = [not column.wide or number in wide[:count] for number, column in enumerate(columns)]
        folds = [column.folds for column in itertools.compress(columns, kept)]
        lines = [list(itertools.compress(line, kept)) for line in [heads, *cells]]
        if _narrowest(folds, lines) <= width:
            return _grid(title, folds, *lines)
    return _list(title, heads, cells)


def _narrowest(folds: Sequence[bool], lines: Sequence[Sequence[Text]]) -> int:
    """How wide a grid has to be for nothing to be cut: it has two characters for each cell, and one at its edge."""
    cells = zip(folds, zip(*lines, strict=True), strict=True)
    return 1 + sum(2 + (NARROWEST if fold else max(_width(cell) for cell in column)) for fold, column in cells)


def _width(cell: Text) -> int:
    return max(cell_len(line) for line in cell.plain.split("\n"))


def _grid(title: str, folds: Sequence[bool], heads: Sequence[Text], *rows: Sequence[Text]) -> Table:
    # The title may be of somebody's choosing, as every cell: markup is read from neither.
    made = Table(title=clean(title), title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for head, fold in zip(heads, folds, strict=True):
        made.add_column(head, overflow="fold", no_wrap=not fold, min_width=NARROWEST if fold else None)
    for row in rows:
        made.add_row(*row)
    return made


def _list(title: str, heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> Text:
    """As long as they are, so that a terminal breaks the lines, and still copies an id whole."""
    shown = clean(title)
    shown.stylize("bold")
    for row in rows:
        shown.append("\n")
        for head, cell in zip(heads, row, strict=True):
            shown.append("\n").append(f"{head.plain}: ", "bold").append(cell)
    return shown.append("\n")


def show_rows(
    form: str | None, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], document: Any = None
) -> None:
    """Print what is no list of records: as a table or CSV the rows, as JSON the document."""
    if form == "json":
        write_json(document)
    elif form == "csv":
        write_csv([column.name for column in columns], rows)
    else:
        print_table(console(), title, columns, rows)


# --- records ----------------------------------------------------------------------------------------------------------


def plain(record: Record, reveal: Sequence[str] = ()) -> dict[str, Any]:
    """A record as JSON: names of the wire, times in one form, no secrets but those to reveal."""
    data = record.to_dict()
    for name, field in _fields(type(record)).items():
        key = next((wired for wired in field.wire_names if data.get(wired) is not None), None)
        if key is None:
            continue
        value = read(record, name)
        if isinstance(value, Record):
            data[key] = plain(value, reveal)
        elif isinstance(value, list) and value and all(isinstance(item, Record) for item in value):
            data[key] = [plain(item, reveal) for item in value]
        elif isinstance(value, date):
            data[key] = for_programs(value)
    hidden: dict[str, Any] = _without(data, SECRETS - set(reveal))
    return hidden


def _fields(cls: type) -> dict[str, Field]:
    return {name: field for base in cls.__mro__ for name, field in vars(base).items() if isinstance(field, Field)}


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(item, names) for name, item in value.items() if name not in names}
    return [_without(item, names) for item in value] if isinstance(value, list) else value


def read(record: Record, name: str) -> Any:
    """A field; what cannot be read as what it should be, as it came."""
    try:
        return getattr(record, name)
    except DecodeError:
        return record.to_dict().get(name)


def show_list(
    form: str | None,
    title: str,
    columns: Sequence[Column],
    found: Relation[Any, Any],
    limit: int | None,
    reveal: Sequence[str] = (),
) -> None:
    """Print the first records of a relation, and say on stderr whether there are more."""
    columns = [*columns, *(Column(name) for name in reveal)]
    if limit is None:
        records = list(_counted(title, found.prefetch(4)))
    else:
        records = list(itertools.islice(found.limit(limit + 1), limit + 1))  # the one beyond tells that there are more
    more, records = limit is not None and len(records) > limit, records[:limit]
    rows = ([read(record, column.name) for column in columns] for record in records)
    if form == "json":
        write_json([plain(record, reveal) for record in records])
    else:
        these = "the first" if len(records) == 1 else f"the first {len(records)}"
        show_rows(form, f"{title}: {these if more else len(records)}", columns, rows)
    if more:
        these = "this one" if limit == 1 else f"these {limit}"
        note(f"There are more than {these}: --limit N shows N of them, --all every one")


def _counted(title: str, records: Iterable[Any]) -> Iterator[Any]:
    with progress(title) as tell:
        for number, record in enumerate(records, 1):
            tell(number, None)
            yield record


def show_record(form: str | None, record: Record, reveal: Sequence[str] = ()) -> None:
    """Print one record: for people and as CSV its nested fields have dotted names."""
    data = plain(record, reveal)
    if form == "json":
        write_json(data)
        return
    flat = dict(_flat(data))
    if form == "csv":
        write_csv(list(flat), [list(flat.values())])
    else:
        title = f"{type(record).__name__} {data.get('id', '')}".rstrip()
        rows = [(name, value) for name, value in flat.items() if value is not None]
        print_table(console(), title, [Column("field"), Column("value", folds=True)], rows)


def _flat(data: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in data.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


# --- what takes long --------------------------------------------------------------------------------------------------


@contextmanager
def progress(what: str, *, size: bool = False) -> Generator[Callable[[int, int | None], object]]:
    """A bar on stderr, where that is a terminal. What it gives is told how much is done, and of how much if known.

    Args:
        what: stands beside the bar.
        size: whether it counts bytes.
    """
    if not on_a_terminal(sys.stderr):
        yield lambda _done, _total: None
        return
    from rich import progress as bars  # noqa: PLC0415 - only where a bar is shown

    amount = [bars.DownloadColumn(), bars.TransferSpeedColumn()] if size else [bars.MofNCompleteColumn()]
    columns = [bars.TextColumn("{task.description}", markup=False), bars.BarColumn(), *amount]
    with bars.Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(clean(what).plain, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def waiting(what: str) -> Generator[Callable[[str], object]]:
    """A line on stderr that turns, where that is a terminal. What it gives is told how things stand."""
    if not on_a_terminal(sys.stderr):
        yield lambda _state: None
        return
    with console(stderr=True).status(clean(f"Waiting for {what}")) as line:
        yield lambda state: line.update(clean(f"Waiting for {what}: {state}"))
