"""`realtimekit archive attendance`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.archive_options import target_argument
from realtimekit.cli.attendance import by_option, print_attendance
from realtimekit.cli.options import format_options, time_range_options
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from realtimekit.archive import Archive
    from realtimekit.attendance import AttendanceBy


@click.command("attendance")
@click.option("--meeting", "meeting_id", metavar="ID", type=resource_id, help="Only sessions of this meeting.")
@by_option
@time_range_options("since", "until")
@format_options
@target_argument()
def attendance(archive: Archive, *, by: AttendanceBy, output_format: str | None, **filters: Any) -> None:
    """Show who attended the sessions, and for how long.

    Several devices and rejoins of one person are merged: by the custom id, or else by the user id.
    """
    print_attendance(archive.attendance(**filters), by, output_format)
