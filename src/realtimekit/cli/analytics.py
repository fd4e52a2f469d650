"""`realtimekit analytics`: how much the app is used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, asking, between, formats

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
    Column("total_ingest_seconds", "seconds broadcast"),
    Column("total_viewer_seconds", "seconds viewed"),
)


@click.group(cls=Group)
def analytics() -> None:
    """How much the app is used."""


@analytics.command("daily")
@between("start_date", "end_date")
@formats
@asking
def daily(client: RealtimeKit, form: str | None = None, **times: Any) -> None:
    """Sessions and recordings of each day; the last 30, unless told otherwise."""
    from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

    report = client.analytics.daywise(**times)
    sessions = report.session_stats.day_stats if report.session_stats else None
    recordings = report.recording_stats.day_stats if report.recording_stats else None
    days: dict[Any, dict[str, Any]] = {}
    for day in [*(sessions or []), *(recordings or [])]:
        days.setdefault(output.read(day, "day"), {}).update(output.plain(day))
    rows = [[day, *(numbers.get(column.name) for column in DAILY_COLUMNS[1:])] for day, numbers in days.items()]
    output.show_rows(form, f"Days: {len(rows)}", DAILY_COLUMNS, rows, output.plain(report))


@analytics.command("livestreams")
@between()
@formats
@asking
def livestreams(client: RealtimeKit, form: str | None = None, **times: Any) -> None:
    """Livestreams of each day, and all together."""
    from realtimekit.cli import output  # noqa: PLC0415 - as above

    days = client.analytics.livestreams_daywise(**times)
    rows = [[output.read(day, column.name) for column in LIVESTREAM_COLUMNS] for day in days]
    if form == "csv":
        output.show_rows(form, "", LIVESTREAM_COLUMNS, rows)
        return
    total = client.analytics.livestreams_overall(**times)
    if form is None:
        rows.append(["all", *(output.read(total, column.name) for column in LIVESTREAM_COLUMNS[1:])])
    document = {"days": [output.plain(day) for day in days], "total": output.plain(total)}
    output.show_rows(form, f"Days: {len(days)}", LIVESTREAM_COLUMNS, rows, document)
