"""`realtimekit meetings`: the rooms that people join."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.enums import Known
from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, an_id, as_usage, between, confirmed, flags, from_file, listing, showing
from realtimekit.cli.param_types import seconds

if TYPE_CHECKING:
    from realtimekit import Meeting, RealtimeKit

COLUMNS = (
    Column("id"),
    Column("title", folds=True),
    Column("status"),
    Column("created_at", "created (UTC)"),
    Column("record_on_start", "records", wide=True),
    Column("transcribe_on_end", "transcribes", wide=True),
    Column("summarize_on_end", "summarizes", wide=True),
)
SETTINGS = flags(
    ("record-on-start", "Record each session."),
    ("live-stream-on-start", "Broadcast each session."),
    ("persist-chat", "Keep the chat for longer than a week."),
    ("transcribe-on-end", "Write a transcript of each session."),
    ("summarize-on-end", "Write a summary of each session."),
)
KEEP_ALIVE = click.option(
    "--keep-alive",
    "session_keep_alive_time_in_secs",
    metavar="SECONDS",
    type=seconds,
    help="How long a session outlives its last participant.",
)


@click.group(cls=Group)
def meetings() -> None:
    """The rooms that people join."""


@meetings.command("list")
@click.option("--status", type=Known("meeting.MeetingFilters.status"), help="Only those.")
@click.option("--search", metavar="TEXT", help="Only those with this id, or these words in the title.")
@between()
@listing("Meetings", COLUMNS)
def list_meetings(client: RealtimeKit, **filters: Any) -> Any:
    """List meetings."""
    return client.meetings.where(**filters)


@meetings.command("show")
@click.argument("meeting_id", type=an_id)
@showing()
def show_meeting(client: RealtimeKit, meeting_id: str) -> Meeting:
    """Show one meeting."""
    return client.meetings.find(meeting_id)


@meetings.command("create")
@click.option("--title", help="What it is called.")
@SETTINGS
@KEEP_ALIVE
@from_file("Any fields, also those without an option of their own")
@showing()
def create_meeting(client: RealtimeKit, fields: dict[str, Any] | None = None, **given: Any) -> Meeting:
    """Create a meeting."""
    body = {**(fields or {}), **given}
    body.pop("status", None)  # `show` has it; a new one is ACTIVE
    with as_usage():
        return client.meetings.create(**body)


@meetings.command("update")
@click.argument("meeting_id", type=an_id)
@click.option("--title", help="What it is called.")
@click.option("--status", type=Known("meeting.MeetingChanges.status"), help="Whether people can join.")
@SETTINGS
@KEEP_ALIVE
@from_file("Any fields, also those without an option of their own")
@showing()
def update_meeting(client: RealtimeKit, meeting_id: str, fields: dict[str, Any] | None = None, **given: Any) -> Meeting:
    """Change what is given of a meeting, and nothing else."""
    changes = {**(fields or {}), **given}
    if not changes:
        raise click.UsageError("nothing to change: give one option at least")
    with as_usage():
        return client.meetings.ref(meeting_id).update(**changes)


@meetings.command("end")
@click.argument("meeting_id", type=an_id)
@confirmed("Remove everybody from the meeting {meeting_id}, and let nobody in?")
@showing()
def end_meeting(client: RealtimeKit, meeting_id: str) -> Meeting:
    """Remove everybody from a meeting, and let nobody in.

    `update MEETING_ID --status ACTIVE` opens it again.
    """
    return client.meetings.ref(meeting_id).end()
