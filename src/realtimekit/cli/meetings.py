"""`realtimekit meetings`: the rooms that participants join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.attendance import by_option, print_attendance
from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import list_command, show_command, usage_errors, with_client
from realtimekit.cli.enums import OpenEnum
from realtimekit.cli.groups import Group
from realtimekit.cli.options import (
    archive_option,
    boolean_options,
    confirmation_option,
    format_options,
    from_file_option,
    json_option,
    time_range_options,
)
from realtimekit.cli.param_types import positive_seconds, resource_id

if TYPE_CHECKING:
    from realtimekit import Meeting, RealtimeKit
    from realtimekit.attendance import AttendanceBy
    from realtimekit.cli.options import Decorator

COLUMNS = (
    Column("id"),
    Column("title", fold=True),
    Column("status"),
    Column("created_at", "created (UTC)"),
    Column("record_on_start", "records", wide_only=True),
    Column("transcribe_on_end", "transcribes", wide_only=True),
    Column("summarize_on_end", "summarizes", wide_only=True),
)
switch_options: Decorator = boolean_options(
    ("record-on-start", "Record each session."),
    ("live-stream-on-start", "Livestream each session."),
    ("persist-chat", "Keep the chat for more than a week."),
    ("transcribe-on-end", "Make a transcript of each session."),
    ("summarize-on-end", "Make a summary of each session."),
)
keep_alive_option: Decorator = click.option(
    "--keep-alive",
    "session_keep_alive_time_in_secs",
    metavar="SECONDS",
    type=positive_seconds,
    help="How long a session stays open after the last participant has left.",
)


@click.group(cls=Group)
def meetings() -> None:
    """Manage meetings: the rooms that participants join."""


@meetings.command("list")
@archive_option
@click.option("--status", type=OpenEnum("meeting.MeetingFilters.status"), help="Only meetings with this status.")
@click.option("--search", metavar="TEXT", help="Only meetings with this id, or with this text in the title.")
@time_range_options()
@list_command("Meetings", COLUMNS)
def list_meetings(client: RealtimeKit, **filters: Any) -> Any:
    """List meetings."""
    return client.meetings.where(**filters)


@meetings.command("show")
@archive_option
@click.argument("meeting_id", type=resource_id)
@show_command()
def show_meeting(client: RealtimeKit, meeting_id: str) -> Meeting:
    """Show one meeting."""
    return client.meetings.find(meeting_id)


@meetings.command("create")
@click.option("--title", help="Title of the meeting.")
@switch_options
@keep_alive_option
@from_file_option("Any fields, including those without an option")
@show_command()
def create_meeting(client: RealtimeKit, fields: dict[str, Any] | None = None, **options: Any) -> Meeting:
    """Create a meeting."""
    body = {**(fields or {}), **options}
    body.pop("status", None)  # `show` prints it, but a new meeting is always ACTIVE
    with usage_errors():
        return client.meetings.create(**body)


@meetings.command("update")
@click.argument("meeting_id", type=resource_id)
@click.option("--title", help="Title of the meeting.")
@click.option("--status", type=OpenEnum("meeting.MeetingChanges.status"), help="Whether participants can join.")
@switch_options
@keep_alive_option
@from_file_option("Any fields, including those without an option")
@show_command()
def update_meeting(
    client: RealtimeKit, meeting_id: str, fields: dict[str, Any] | None = None, **options: Any
) -> Meeting:
    """Change the given fields of a meeting."""
    changes = {**(fields or {}), **options}
    if not changes:
        raise click.UsageError("nothing to change: give at least one option")
    with usage_errors():
        return client.meetings.ref(meeting_id).update(**changes)


@meetings.command("end")
@click.argument("meeting_id", type=resource_id)
@confirmation_option("Remove all participants from the meeting {meeting_id}, and let nobody in?")
@show_command()
def end_meeting(client: RealtimeKit, meeting_id: str) -> Meeting:
    """Remove all participants from a meeting, and let nobody in.

    `update MEETING_ID --status ACTIVE` opens it again.
    """
    return client.meetings.ref(meeting_id).end()


@meetings.command("attendance")
@archive_option
@click.argument("meeting_id", type=resource_id)
@by_option
@time_range_options("since", "until")
@format_options
@with_client
def show_attendance(
    client: RealtimeKit, meeting_id: str, by: AttendanceBy, output_format: str | None = None, **times: Any
) -> None:
    """Show who attended the sessions of a meeting, and for how long."""
    found = client.meetings.ref(meeting_id).attendance(**times)
    if not found.sessions and not client.sessions.where(meeting_id=meeting_id).count():
        client.meetings.find(meeting_id)  # raises if there is none
    print_attendance(found, by, output_format)


@meetings.command("listen")
@click.argument("meeting_id", type=resource_id)
@click.option("--preset", "preset_name", metavar="NAME", required=True, help="Preset of the agent.")
@click.option("--name", default="Agent", show_default=True, help="Name of the agent, as other participants see it.")
@click.option(
    "--subscribe",
    "subscriptions",
    multiple=True,
    type=click.Choice(["transcript", "participant", "broadcast"]),
    help="Only these events (repeatable).  [default: transcripts and participants]",
)
@click.option("--partials", is_flag=True, help="Also print transcripts that are not final.")
@click.option(
    "--max-idle", metavar="SECONDS", type=positive_seconds, help="Leave after this many seconds alone in the meeting."
)
@json_option
@with_client
def listen(
    client: RealtimeKit, meeting_id: str, *, as_json: bool = False, partials: bool = False, **options: Any
) -> None:
    """Listen to a meeting: print captions, and who joins and leaves, until the meeting ends or Ctrl-C.

    An agent joins the meeting. It counts as a participant: the session stays open (and is billed) while it is
    connected. It always leaves when this command ends. Transcripts need `transcription_enabled` in the presets of the
    speakers. With --json, each line is one event.
    """
    from realtimekit.cli import meetings_listen  # loaded when the command runs

    with usage_errors():
        listener = client.meetings.ref(meeting_id).listen(**options)
    meetings_listen.listen(listener, as_json=as_json, partials=partials)
