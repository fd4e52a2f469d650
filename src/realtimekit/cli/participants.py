"""`realtimekit participants`: who may join a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column, SecretField
from realtimekit.cli.decorators import list_command, show_command, with_client
from realtimekit.cli.groups import Group
from realtimekit.cli.options import confirmation_option, format_options
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from realtimekit import Participant, RealtimeKit
    from realtimekit.cli.options import Decorator

COLUMNS = (
    Column("id"),
    Column("name", fold=True),
    Column("custom_participant_id", "custom id", fold=True),
    Column("preset_name", "preset", fold=True),
    Column("created_at", "created (UTC)", wide_only=True),
)
TOKEN = SecretField("token", "--show-token", "Also print the token: whoever has it can join as this participant.")
meeting_option: Decorator = click.option(
    "--meeting", "meeting_id", metavar="ID", type=resource_id, required=True, help="Id of the meeting."
)


@click.group(cls=Group)
def participants() -> None:
    """Manage participants: who may join a meeting, and with which token."""


@participants.command("list")
@meeting_option
@list_command("Participants", COLUMNS)
def list_participants(client: RealtimeKit, meeting_id: str) -> Any:
    """List the participants of a meeting."""
    return client.meetings.ref(meeting_id).participants


@participants.command("show")
@click.argument("participant_id", type=resource_id)
@meeting_option
@show_command()
def show_participant(client: RealtimeKit, participant_id: str, meeting_id: str) -> Participant:
    """Show one participant."""
    return client.participants.find(participant_id, meeting_id=meeting_id)


@participants.command("add")
@meeting_option
@click.option(
    "--custom-id", "custom_participant_id", metavar="ID", required=True, help="Id of the participant in your system."
)
@click.option(
    "--preset", "preset_name", metavar="NAME", required=True, help="Preset, which says what the participant may do."
)
@click.option("--name", help="Name that others see; by default the custom id.")
@click.option("--picture", metavar="URL", help="Picture that others see.")
@show_command(TOKEN)
def add_participant(client: RealtimeKit, **fields: Any) -> Participant:
    """Add a participant to a meeting."""
    return client.participants.create(**fields)


@participants.command("update")
@click.argument("participant_id", type=resource_id)
@meeting_option
@click.option("--preset", "preset_name", metavar="NAME", help="Preset, which says what the participant may do.")
@click.option("--name", help="Name that others see.")
@click.option("--picture", metavar="URL", help="Picture that others see.")
@show_command(TOKEN)
def update_participant(client: RealtimeKit, participant_id: str, meeting_id: str, **changes: Any) -> Participant:
    """Change the given fields of a participant."""
    if not changes:
        raise click.UsageError("nothing to change: give at least one of --preset, --name and --picture")
    return client.participants.ref(participant_id, meeting_id=meeting_id).update(**changes)


@participants.command("remove")
@click.argument("participant_id", type=resource_id)
@meeting_option
@confirmation_option("Remove the participant {participant_id}? Their tokens stop working.")
@with_client
def remove_participant(client: RealtimeKit, participant_id: str, meeting_id: str) -> None:
    """Remove a participant from a meeting. Their tokens stop working."""
    client.participants.ref(participant_id, meeting_id=meeting_id).destroy()
    click.echo(f"Removed the participant {participant_id}")


@participants.command("token")
@click.argument("participant_id", type=resource_id)
@meeting_option
@format_options
@with_client
def show_token(client: RealtimeKit, participant_id: str, meeting_id: str, output_format: str | None = None) -> None:
    """Create a new token, and print it. Older tokens stay valid.

    Whoever has it can join as this participant: give it only to their browser.
    """
    from realtimekit.cli import output  # rich, loaded when a command runs

    token = client.participants.ref(participant_id, meeting_id=meeting_id).regenerate_token().token
    if output_format is None:
        click.echo(token.reveal())
        return
    row = {"id": participant_id, "token": token.reveal(), "expires_at": output.serialize_value(token.expires_at)}
    output.print_rows(output_format, "", [Column(name) for name in row], [list(row.values())], row)
