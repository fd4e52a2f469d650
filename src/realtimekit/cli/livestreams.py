"""`realtimekit livestreams`: meetings and other sources, streamed to viewers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column, SecretField
from realtimekit.cli.decorators import list_command, show_command, with_client
from realtimekit.cli.enums import OpenEnum
from realtimekit.cli.groups import Group
from realtimekit.cli.options import time_range_options
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from realtimekit import Livestream, RealtimeKit
    from realtimekit.cli.options import Decorator

COLUMNS = (
    Column("id"),
    Column("name", fold=True),
    Column("status"),
    Column("meeting_id", "meeting", wide_only=True),
    Column("created_at", "created (UTC)"),
    Column("playback_url", "playback", fold=True, wide_only=True),
)
SESSION_COLUMNS = (
    Column("id"),
    Column("started_time", "started (UTC)"),
    Column("stopped_time", "stopped (UTC)", wide_only=True),
    Column("ingest_seconds", "seconds streamed"),
    Column("viewer_seconds", "seconds viewed", wide_only=True),
    Column("err_message", "error", fold=True, wide_only=True),
)
STREAM_KEY = SecretField("stream_key", "--show-key", "Also print the stream key: whoever has it can stream.")
name_option: Decorator = click.option("--name", help="Name of the livestream: letters, digits, - and _.")


@click.group(cls=Group)
def livestreams() -> None:
    """Manage livestreams: meetings and other sources, streamed to viewers."""


@livestreams.command("list")
@click.option(
    "--status", type=OpenEnum("livestream.LivestreamFilters.status"), help="Only livestreams with this status."
)
@click.option("--exclude-meetings", is_flag=True, default=None, help="Only livestreams without a meeting.")
@time_range_options()
@list_command("Livestreams", COLUMNS, STREAM_KEY)
def list_livestreams(client: RealtimeKit, **filters: Any) -> Any:
    """List livestreams, newest first."""
    return client.livestreams.where(**filters).order_by("-created_at")


@livestreams.command("show")
@click.argument("livestream_id", type=resource_id)
@show_command(STREAM_KEY)
def show_livestream(client: RealtimeKit, livestream_id: str) -> Livestream:
    """Show one livestream."""
    return client.livestreams.find(livestream_id)


@livestreams.command("sessions")
@click.argument("livestream_id", type=resource_id)
@list_command("Livestream sessions", SESSION_COLUMNS)
def list_livestream_sessions(client: RealtimeKit, livestream_id: str) -> Any:
    """List the sessions of a livestream: each time that it was live."""
    return client.livestreams.ref(livestream_id).sessions


@livestreams.command("create")
@name_option
@show_command(STREAM_KEY)
def create_livestream(client: RealtimeKit, **fields: Any) -> Livestream:
    """Create a livestream without a meeting. Its video is sent over RTMP."""
    return client.livestreams.create(**fields)


@livestreams.command("start")
@click.argument("meeting_id", type=resource_id)
@name_option
@show_command(STREAM_KEY)
def start_livestream(client: RealtimeKit, meeting_id: str, **fields: Any) -> Livestream:
    """Start the livestream of a meeting."""
    return client.meetings.ref(meeting_id).start_livestream(**fields)


@livestreams.command("stop")
@click.argument("meeting_id", type=resource_id)
@with_client
def stop_livestream(client: RealtimeKit, meeting_id: str) -> None:
    """Stop the livestream of a meeting. The meeting continues."""
    client.meetings.ref(meeting_id).stop_livestream()
    click.echo(f"Stopped the livestream of the meeting {meeting_id}")
