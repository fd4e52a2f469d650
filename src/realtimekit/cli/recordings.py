"""`realtimekit recordings`: video and audio of meetings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import list_command, show_command, usage_errors, with_client
from realtimekit.cli.enums import OpenEnum
from realtimekit.cli.groups import Group
from realtimekit.cli.options import archive_option, format_flags, from_file_option, time_range_options, wait_options
from realtimekit.cli.output_paths import output_file_or_folder
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from realtimekit import RealtimeKit, Recording

COLUMNS = (
    Column("id"),
    Column("status"),
    Column("invoked_time", "requested (UTC)"),
    Column("recording_duration", "seconds", wide_only=True),
    Column("file_size", "bytes", wide_only=True),
    Column("session_id", "session", wide_only=True),
    Column("output_file_name", "file", fold=True),
)
STATUS = OpenEnum("recording.RecordingStatus")
COMPOSITE_OPTIONS = {"--max-seconds": "max_seconds", "--prefix": "file_name_prefix"}


@click.group(cls=Group)
def recordings() -> None:
    """Manage recordings: video and audio of meetings."""


@recordings.command("list")
@archive_option
@click.option("--meeting", "meeting_id", metavar="ID", type=resource_id, help="Only recordings of this meeting.")
@click.option("--session", "session_id", metavar="ID", type=resource_id, help="Only recordings of this session.")
@click.option("--status", type=STATUS, multiple=True, help="Only recordings with this status (repeatable).")
@click.option("--search", metavar="TEXT", help="Only recordings of meetings that match.")
@click.option("--expired/--not-expired", default=None, help="Only recordings whose link has expired, or has not.")
@time_range_options()
@list_command("Recordings", COLUMNS)
def list_recordings(client: RealtimeKit, **filters: Any) -> Any:
    """List recordings, newest first."""
    return client.recordings.where(**filters).order_by("-invoked_time")


@recordings.command("show")
@archive_option
@click.argument("recording_id", type=resource_id)
@show_command()
def show_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Show one recording, with the links to its files."""
    return client.recordings.find(recording_id)


@recordings.command("start")
@click.argument("meeting_id", type=resource_id)
@click.option("--tracks", is_flag=True, help="Record a file for each participant instead of one for all.")
@click.option("--max-seconds", metavar="SECONDS", type=click.IntRange(1), help="Stop the recording after this time.")
@click.option("--prefix", "file_name_prefix", metavar="TEXT", help="Prefix of the file name.")
@from_file_option("Any fields, including those without an option")
@show_command()
def start_recording(
    client: RealtimeKit, meeting_id: str, fields: dict[str, Any] | None = None, *, tracks: bool, **options: Any
) -> Recording:
    """Start recording a live meeting."""
    composite = [option for option, name in COMPOSITE_OPTIONS.items() if name in options]
    if tracks and composite:
        raise click.UsageError(f"--tracks cannot be combined with {' or '.join(composite)}")
    make = client.recordings.create_track if tracks else client.recordings.create
    body: dict[str, Any] = {**(fields or {}), **options, "meeting_id": meeting_id}
    with usage_errors():
        return make(**body)


@recordings.command("pause")
@click.argument("recording_id", type=resource_id)
@show_command()
def pause_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Pause a recording."""
    return client.recordings.ref(recording_id).pause()


@recordings.command("resume")
@click.argument("recording_id", type=resource_id)
@show_command()
def resume_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Resume a paused recording."""
    return client.recordings.ref(recording_id).resume()


@recordings.command("stop")
@click.argument("recording_id", type=resource_id)
@show_command()
def stop_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Stop a recording. Its file is then uploaded."""
    return client.recordings.ref(recording_id).stop()


@recordings.command("wait")
@click.argument("recording_id", type=resource_id)
@click.option(
    "--until", "statuses", type=STATUS, multiple=True, default=("UPLOADED",), show_default=True,
    help="Status to wait for (repeatable: any of them).",
)  # fmt: skip
@wait_options(600)
@show_command()
def wait_for_recording(
    client: RealtimeKit, recording_id: str, statuses: tuple[str, ...], timeout: float, poll_interval: float
) -> Recording:
    """Wait until a recording has a given status."""
    from realtimekit.cli.progress import spinner  # rich, loaded when a command runs

    with spinner(f"recording {recording_id}") as update:
        return client.recordings.ref(recording_id).wait_until(
            *statuses, timeout=timeout, poll_interval=poll_interval, progress=lambda recording: update(recording.status)
        )


@recordings.command("download")
@archive_option
@click.argument("recording_id", type=resource_id)
@click.option(
    "-o",
    "--output",
    "--to",
    "to",
    metavar="PATH",
    type=output_file_or_folder,
    default=".",
    show_default=True,
    help="File or folder to write to.",
)
@click.option("--yes", is_flag=True, help="Do not ask before replacing a file.")
@format_flags(to_file=False, json="Print JSON.")
@with_client
def download_recording(
    client: RealtimeKit, recording_id: str, to: str, *, yes: bool, output_format: str | None = None
) -> None:
    """Download a recording: its file, or the files of its tracks."""
    from realtimekit.cli import downloads

    recording = client.recordings.find(recording_id)
    downloads.print_saved_files(output_format, downloads.download_recording(recording, to, yes=yes))
