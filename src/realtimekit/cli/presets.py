"""`realtimekit presets`: what participants may do, and how their meeting looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, an_id, as_usage, asking, confirmed, from_file, listing, showing

if TYPE_CHECKING:
    from realtimekit import Preset, RealtimeKit

COLUMNS = (Column("id"), Column("name", folds=True), Column("created_at", "created (UTC)"))


@click.group(cls=Group)
def presets() -> None:
    """What participants may do, and how their meeting looks."""


@presets.command("list")
@click.option("--search", metavar="TEXT", help="Only those with these words in the name.")
@listing("Presets", COLUMNS)
def list_presets(client: RealtimeKit, **filters: Any) -> Any:
    """List presets."""
    return client.presets.where(**filters)


@presets.command("show")
@click.argument("preset_id", type=an_id)
@showing()
def show_preset(client: RealtimeKit, preset_id: str) -> Preset:
    """Show one preset, whole."""
    return client.presets.find(preset_id)


@presets.command("create")
@from_file("name, config, permissions and ui; what `show --json` prints will do", required=True)
@click.option("--name", help="Instead of the name in the file.")
@showing()
def create_preset(client: RealtimeKit, fields: dict[str, Any], **given: Any) -> Preset:
    """Create a preset."""
    with as_usage():
        return client.presets.create(**{**fields, **given})


@presets.command("update")
@click.argument("preset_id", type=an_id)
@from_file("Any parts, at any depth")
@click.option("--name", help="What it is called.")
@showing()
def update_preset(client: RealtimeKit, preset_id: str, fields: dict[str, Any] | None = None, **given: Any) -> Preset:
    """Change what is given of a preset, and nothing else."""
    changes = {**(fields or {}), **given}
    if not changes:
        raise click.UsageError("nothing to change: give --from or --name")
    with as_usage():
        return client.presets.ref(preset_id).update(**changes)


@presets.command("delete")
@click.argument("preset_id", type=an_id)
@confirmed("Delete the preset {preset_id}?")
@asking
def delete_preset(client: RealtimeKit, preset_id: str) -> None:
    """Delete a preset."""
    client.presets.ref(preset_id).destroy()
    click.echo(f"Deleted the preset {preset_id}")
