"""`realtimekit presets`: what participants may do, and how their meeting looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import list_command, show_command, usage_errors, with_client
from realtimekit.cli.groups import Group
from realtimekit.cli.options import confirmation_option, from_file_option
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from realtimekit import Preset, RealtimeKit

COLUMNS = (Column("id"), Column("name", fold=True), Column("created_at", "created (UTC)"))


@click.group(cls=Group)
def presets() -> None:
    """Manage presets: what participants may do, and how their meeting looks."""


@presets.command("list")
@click.option("--search", metavar="TEXT", help="Only presets with this text in the name.")
@list_command("Presets", COLUMNS)
def list_presets(client: RealtimeKit, **filters: Any) -> Any:
    """List presets."""
    return client.presets.where(**filters)


@presets.command("show")
@click.argument("preset_id", type=resource_id)
@show_command()
def show_preset(client: RealtimeKit, preset_id: str) -> Preset:
    """Show one preset with all its settings."""
    return client.presets.find(preset_id)


@presets.command("create")
@from_file_option("name, config, permissions and ui, such as the output of `show --json`", required=True)
@click.option("--name", help="Name of the preset, instead of the one in the file.")
@show_command()
def create_preset(client: RealtimeKit, fields: dict[str, Any], **options: Any) -> Preset:
    """Create a preset."""
    with usage_errors():
        return client.presets.create(**{**fields, **options})


@presets.command("update")
@click.argument("preset_id", type=resource_id)
@from_file_option("Any fields, at any depth")
@click.option("--name", help="Name of the preset.")
@show_command()
def update_preset(client: RealtimeKit, preset_id: str, fields: dict[str, Any] | None = None, **options: Any) -> Preset:
    """Change the given fields of a preset."""
    changes = {**(fields or {}), **options}
    if not changes:
        raise click.UsageError("nothing to change: give --from or --name")
    with usage_errors():
        return client.presets.ref(preset_id).update(**changes)


@presets.command("delete")
@click.argument("preset_id", type=resource_id)
@confirmation_option("Delete the preset {preset_id}?")
@with_client
def delete_preset(client: RealtimeKit, preset_id: str) -> None:
    """Delete a preset."""
    client.presets.ref(preset_id).destroy()
    click.echo(f"Deleted the preset {preset_id}")
