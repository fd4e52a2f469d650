"""`realtimekit recordings`: video and audio of meetings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.groups import Group
from realtimekit.cli.known import Known
from realtimekit.cli.options import (
    Column,
    an_id,
    as_usage,
    asking,
    between,
    from_file,
    listing,
    one_of,
    patience,
    showing,
)
from realtimekit.cli.places import a_file_or_folder

if TYPE_CHECKING:
    from realtimekit import RealtimeKit, Recording

COLUMNS = (
    Column("id"),
    Column("status"),
    Column("invoked_time", "requested (UTC)"),
    Column("recording_duration", "seconds", wide=True),
    Column("file_size", "bytes", wide=True),
    Column("session_id", "session", wide=True),
    Column("output_file_name", "file", folds=True),
)
STATUS = Known("recording.RecordingStatus")
OF_ONE_FILE = {"--max-seconds": "max_seconds", "--prefix": "file_name_prefix"}


@click.group(cls=Group)
def recordings() -> None:
    """Video and audio of meetings."""


@recordings.command("list")
@click.option("--meeting", "meeting_id", metavar="ID", type=an_id, help="Only those of this meeting.")
@click.option("--status", type=STATUS, multiple=True, help="Only those; can be given repeatedly.")
@click.option("--search", metavar="TEXT", help="Only those of meetings that match.")
@click.option("--expired/--not-expired", default=None, help="Only those whose link has expired, or has not.")
@between()
@listing("Recordings", COLUMNS)
def list_recordings(client: RealtimeKit, **filters: Any) -> Any:
    """List recordings, the newest first."""
    return client.recordings.where(**filters).order_by("-invoked_time")


@recordings.command("show")
@click.argument("recording_id", type=an_id)
@showing()
def show_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Show one recording, with the links to its files."""
    return client.recordings.find(recording_id)


@recordings.command("start")
@click.argument("meeting_id", type=an_id)
@click.option("--tracks", is_flag=True, help="A file for each participant, not one for all.")
@click.option("--max-seconds", metavar="SECONDS", type=click.IntRange(1), help="End it after so long.")
@click.option("--prefix", "file_name_prefix", metavar="TEXT", help="What the name of the file begins with.")
@from_file("Any fields, also those without an option of their own")
@showing()
def start_recording(
    client: RealtimeKit, meeting_id: str, fields: dict[str, Any] | None = None, *, tracks: bool, **given: Any
) -> Recording:
    """Record a meeting that is going on."""
    of_one_file = [option for option, name in OF_ONE_FILE.items() if name in given]
    if tracks and of_one_file:
        raise click.UsageError(f"--tracks does not go with {' or '.join(of_one_file)}")
    make = client.recordings.create_track if tracks else client.recordings.create
    body: dict[str, Any] = {**(fields or {}), **given, "meeting_id": meeting_id}
    with as_usage():
        return make(**body)


@recordings.command("pause")
@click.argument("recording_id", type=an_id)
@showing()
def pause_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Pause a recording."""
    return client.recordings.ref(recording_id).pause()


@recordings.command("resume")
@click.argument("recording_id", type=an_id)
@showing()
def resume_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Go on with a recording that was paused."""
    return client.recordings.ref(recording_id).resume()


@recordings.command("stop")
@click.argument("recording_id", type=an_id)
@showing()
def stop_recording(client: RealtimeKit, recording_id: str) -> Recording:
    """Stop a recording: its file is then uploaded."""
    return client.recordings.ref(recording_id).stop()


@recordings.command("wait")
@click.argument("recording_id", type=an_id)
@click.option(
    "--until", "statuses", type=STATUS, multiple=True, default=("UPLOADED",), show_default=True,
    help="This status; given repeatedly, any of them.",
)  # fmt: skip
@patience(600)
@showing()
def wait_for_recording(
    client: RealtimeKit, recording_id: str, statuses: tuple[str, ...], timeout: float, poll: float
) -> Recording:
    """Wait until a recording has a status."""
    from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

    with output.waiting(f"recording {recording_id}") as tell:
        return client.recordings.ref(recording_id).wait_until(
            *statuses, timeout=timeout, poll_interval=poll, progress=lambda recording: tell(recording.status)
        )


@recordings.command("download")
@click.argument("recording_id", type=an_id)
@click.option(
    "--to", metavar="PATH", type=a_file_or_folder, default=".", show_default=True, help="A file, or a folder."
)
@click.option("--yes", is_flag=True, help="Do not ask before a file is replaced.")
@one_of(json="JSON on stdout.")
@asking
def download_recording(client: RealtimeKit, recording_id: str, to: str, *, yes: bool, form: str | None = None) -> None:
    """Download a recording: its file, or the files of its tracks."""
    from realtimekit.cli import downloads  # noqa: PLC0415 - as above

    recording = client.recordings.find(recording_id)
    downloads.report(form, downloads.save(recording, to, yes=yes))
