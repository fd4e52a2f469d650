"""`realtimekit analytics`: usage of the app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.costs import costs
from realtimekit.cli.decorators import with_client
from realtimekit.cli.groups import Group
from realtimekit.cli.options import format_options, time_range_options

if TYPE_CHECKING:
    from realtimekit import RealtimeKit

DAILY_COLUMNS = (
    Column("day"),
    Column("total_sessions", "sessions"),
    Column("total_session_minutes", "session minutes"),
    Column("total_recordings", "recordings"),
    Column("total_recording_minutes", "recording minutes"),
)
LIVESTREAM_COLUMNS = (
    Column("date", "day"),
    Column("count", "livestreams"),
    Column("total_ingest_seconds", "seconds streamed"),
    Column("total_viewer_seconds", "seconds viewed"),
)


@click.group(cls=Group)
def analytics() -> None:
    """Show the usage of the app, and its costs."""


@analytics.command("daily")
@time_range_options("start_date", "end_date")
@format_options
@with_client
def daily(client: RealtimeKit, output_format: str | None = None, **times: Any) -> None:
    """Show sessions and recordings by day; by default for the last 30 days."""
    from realtimekit.cli import output  # rich, loaded when a command runs

    report = client.analytics.daywise(**times)
    sessions = report.session_stats.day_stats if report.session_stats else None
    recordings = report.recording_stats.day_stats if report.recording_stats else None
    days: dict[Any, dict[str, Any]] = {}
    for day in [*(sessions or []), *(recordings or [])]:
        days.setdefault(output.read_field(day, "day"), {}).update(output.serialize_record(day))
    rows = [[day, *(numbers.get(column.name) for column in DAILY_COLUMNS[1:])] for day, numbers in days.items()]
    output.print_rows(output_format, f"Days: {len(rows)}", DAILY_COLUMNS, rows, output.serialize_record(report))


@analytics.command("livestreams")
@time_range_options()
@format_options
@with_client
def livestreams(client: RealtimeKit, output_format: str | None = None, **times: Any) -> None:
    """Show livestreams by day, and the total."""
    from realtimekit.cli import output

    days = client.analytics.livestreams_daywise(**times)
    rows = [[output.read_field(day, column.name) for column in LIVESTREAM_COLUMNS] for day in days]
    if output_format == "csv":
        output.print_rows(output_format, "", LIVESTREAM_COLUMNS, rows)
        return
    total = client.analytics.livestreams_overall(**times)
    if output_format is None:
        rows.append(["total", *(output.read_field(total, column.name) for column in LIVESTREAM_COLUMNS[1:])])
    document = {"days": [output.serialize_record(day) for day in days], "total": output.serialize_record(total)}
    output.print_rows(output_format, f"Days: {len(days)}", LIVESTREAM_COLUMNS, rows, document)


analytics.add_command(costs)
