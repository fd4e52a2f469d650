"""Attendance as a table, CSV or JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.enums import Choice

if TYPE_CHECKING:
    from realtimekit.attendance import Attendance, AttendanceBy
    from realtimekit.cli.options import Decorator

_COMMON = {
    "name": Column("name", fold=True),
    "custom_participant_id": Column("custom_participant_id", "custom id", fold=True, wide_only=True),
    "preset_name": Column("preset_name", "preset", wide_only=True),
    "session_id": Column("session_id", "session"),
    "title": Column("title", fold=True, wide_only=True),
    "sessions": Column("sessions"),
    "joins": Column("joins", wide_only=True),
    "minutes": Column("minutes"),
    "joined_at": Column("joined_at", "joined (UTC)"),
    "left_at": Column("left_at", "left (UTC)"),
}

by_option: Decorator = click.option(
    "--by",
    type=Choice(("person", "session")),
    default="person",
    show_default=True,
    help="A row for each person, or for each person and session. JSON has both.",
)


def print_attendance(attendance: Attendance, by: AttendanceBy, output_format: str | None) -> None:
    """Print who was there.

    Args:
        attendance: who was there.
        by: a row for each person, or for each person and session.
        output_format: "json", "csv" or None for a table.
    """
    from realtimekit.attendance import COLUMNS
    from realtimekit.cli import output  # rich, loaded when a command runs

    columns = [_COMMON[name] for name in COLUMNS[by]]
    rows = [list(row.values()) for row in attendance.rows(by)]
    title = f"People: {len(attendance.people)}, in sessions: {attendance.sessions}"
    output.print_rows(output_format, title, columns, rows, attendance.to_dict())
