"""`realtimekit archive query`."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.archive_options import target_option
from realtimekit.cli.options import format_options
from realtimekit.readable import pluralize
from realtimekit.values import format_time

if TYPE_CHECKING:
    from realtimekit.archive import Archive


@click.command("query")
@click.argument("sql")
@format_options
@target_option()
def query(archive: Archive, *, sql: str, output_format: str | None) -> None:
    """Query the tables with SQL.

    For example: realtimekit archive query "select day, count(*) from sessions group by day"

    The tables: sessions, participants, peer_quality, chat_messages, transcript_segments, summaries, recordings,
    livestream_sessions and files. `describe sessions` shows the columns of one.
    """
    from realtimekit.cli import output
    from realtimekit.cli.columns import Column
    from realtimekit.cli.console import make_console

    found = archive.query(sql)
    if output_format == "json":
        output.print_json([{name: _plain(value) for name, value in row.items()} for row in found.to_dicts()])
    elif output_format == "csv":
        output.print_csv(found.columns, found.rows)
    else:
        columns = [Column(name, fold=True) for name in found.columns]
        output.print_table(make_console(), pluralize(len(found.rows), "row"), columns, found.rows)


def _plain(value: Any) -> Any:
    """Return a value of DuckDB as JSON has it: decimals are numbers, what JSON lacks is text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Decimal():
            return float(value) if math.isfinite(value) else None
        case dict():
            return {str(name): _plain(child) for name, child in value.items()}
        case list() | tuple():
            return [_plain(child) for child in value]
        case datetime():
            return format_time(value if value.tzinfo else value.replace(tzinfo=UTC), "a time")
        case _:
            return str(value)
