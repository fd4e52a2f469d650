"""`realtimekit participants`: who may join a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, Secret, an_id, asking, confirmed, formats, listing, showing
from realtimekit.errors import DecodeError

if TYPE_CHECKING:
    from realtimekit import Participant, RealtimeKit

COLUMNS = (
    Column("id"),
    Column("name", folds=True),
    Column("custom_participant_id", "custom id", folds=True),
    Column("preset_name", "preset", folds=True),
    Column("created_at", "created (UTC)", wide=True),
)
TOKEN = Secret("token", "--show-token", "Print the token, too: whoever has it can join as this participant.")
IN_MEETING = click.option("--meeting", "meeting_id", metavar="ID", type=an_id, required=True, help="Of this meeting.")


@click.group(cls=Group)
def participants() -> None:
    """Who may join a meeting, and with which token."""


@participants.command("list")
@IN_MEETING
@listing("Participants", COLUMNS)
def list_participants(client: RealtimeKit, meeting_id: str) -> Any:
    """List the participants of a meeting."""
    return client.meetings.ref(meeting_id).participants


@participants.command("show")
@click.argument("participant_id", type=an_id)
@IN_MEETING
@showing()
def show_participant(client: RealtimeKit, participant_id: str, meeting_id: str) -> Participant:
    """Show one participant."""
    return client.participants.find(participant_id, meeting_id=meeting_id)


@participants.command("add")
@IN_MEETING
@click.option("--custom-id", "custom_participant_id", metavar="ID", required=True, help="Who it is in your system.")
@click.option("--preset", "preset_name", metavar="NAME", required=True, help="What they may do.")
@click.option("--name", help="What the others see; the custom id, if it is not given.")
@click.option("--picture", metavar="URL", help="What the others see.")
@showing(TOKEN)
def add_participant(client: RealtimeKit, **fields: Any) -> Participant:
    """Add somebody to a meeting."""
    return client.participants.create(**fields)


@participants.command("update")
@click.argument("participant_id", type=an_id)
@IN_MEETING
@click.option("--preset", "preset_name", metavar="NAME", help="What they may do.")
@click.option("--name", help="What the others see.")
@click.option("--picture", metavar="URL", help="What the others see.")
@showing(TOKEN)
def update_participant(client: RealtimeKit, participant_id: str, meeting_id: str, **changes: Any) -> Participant:
    """Change what is given of a participant, and nothing else."""
    if not changes:
        raise click.UsageError("nothing to change: give one of --preset, --name and --picture at least")
    return client.participants.ref(participant_id, meeting_id=meeting_id).update(**changes)


@participants.command("remove")
@click.argument("participant_id", type=an_id)
@IN_MEETING
@confirmed("Remove the participant {participant_id}, so that their tokens stop working?")
@asking
def remove_participant(client: RealtimeKit, participant_id: str, meeting_id: str) -> None:
    """Remove somebody from a meeting; their tokens stop working."""
    client.participants.ref(participant_id, meeting_id=meeting_id).destroy()
    click.echo(f"Removed the participant {participant_id}")


@participants.command("token")
@click.argument("participant_id", type=an_id)
@IN_MEETING
@formats
@asking
def show_token(client: RealtimeKit, participant_id: str, meeting_id: str, form: str | None = None) -> None:
    """Make a new token, and print it. Older ones stay valid.

    Whoever has it can join as this participant: it is for their browser alone.
    """
    from realtimekit.cli import output  # noqa: PLC0415 - rich, loaded when a command runs

    participant = client.participants.ref(participant_id, meeting_id=meeting_id).regenerate_token()
    if (token := participant.token) is None:
        raise DecodeError("the server made a token, but the answer does not hold it")
    if form is None:
        click.echo(token.reveal())
        return
    known = {"id": participant_id, "token": token.reveal(), "expires_at": output.for_programs(token.expires_at)}
    output.show_rows(form, "", [Column(name) for name in known], [list(known.values())], known)
