"""`realtimekit livestreams`: meetings, or other sources, broadcast to many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.enums import Known
from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, Secret, an_id, asking, between, listing, showing

if TYPE_CHECKING:
    from realtimekit import Livestream, RealtimeKit

COLUMNS = (
    Column("id"),
    Column("name", folds=True),
    Column("status"),
    Column("meeting_id", "meeting", wide=True),
    Column("created_at", "created (UTC)"),
    Column("playback_url", "playback", folds=True, wide=True),
)
BROADCAST_COLUMNS = (
    Column("id"),
    Column("started_time", "started (UTC)"),
    Column("stopped_time", "stopped (UTC)", wide=True),
    Column("ingest_seconds", "seconds broadcast"),
    Column("viewer_seconds", "seconds viewed", wide=True),
    Column("err_message", "error", folds=True, wide=True),
)
KEY = Secret("stream_key", "--show-key", "Print the stream key, too: whoever has it can broadcast here.")
NAME = click.option("--name", help="Letters, digits, - and _.")


@click.group(cls=Group)
def livestreams() -> None:
    """Meetings, or other sources, broadcast to many."""


@livestreams.command("list")
@click.option("--status", type=Known("livestream.LivestreamFilters.status"), help="Only those.")
@click.option("--exclude-meetings", is_flag=True, default=None, help="Only those that are not of a meeting.")
@between()
@listing("Livestreams", COLUMNS, KEY)
def list_livestreams(client: RealtimeKit, **filters: Any) -> Any:
    """List livestreams, the newest first."""
    return client.livestreams.where(**filters).order_by("-created_at")


@livestreams.command("show")
@click.argument("livestream_id", type=an_id)
@showing(KEY)
def show_livestream(client: RealtimeKit, livestream_id: str) -> Livestream:
    """Show one livestream."""
    return client.livestreams.find(livestream_id)


@livestreams.command("sessions")
@click.argument("livestream_id", type=an_id)
@listing("Broadcasts", BROADCAST_COLUMNS)
def list_broadcasts(client: RealtimeKit, livestream_id: str) -> Any:
    """List the broadcasts of a livestream."""
    return client.livestreams.ref(livestream_id).sessions


@livestreams.command("create")
@NAME
@showing(KEY)
def create_livestream(client: RealtimeKit, **fields: Any) -> Livestream:
    """Create a livestream without a meeting, to be fed over RTMP."""
    return client.livestreams.create(**fields)


@livestreams.command("start")
@click.argument("meeting_id", type=an_id)
@NAME
@showing(KEY)
def start_livestream(client: RealtimeKit, meeting_id: str, **fields: Any) -> Livestream:
    """Broadcast a meeting."""
    return client.meetings.ref(meeting_id).start_livestream(**fields)


@livestreams.command("stop")
@click.argument("meeting_id", type=an_id)
@asking
def stop_livestream(client: RealtimeKit, meeting_id: str) -> None:
    """End the broadcast of a meeting; the meeting goes on."""
    client.meetings.ref(meeting_id).stop_livestream()
    click.echo(f"Stopped the broadcast of the meeting {meeting_id}")
