"""`realtimekit apps`: the apps of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import list_command, show_command
from realtimekit.cli.groups import Group
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from realtimekit import App, RealtimeKit

COLUMNS = (Column("id"), Column("name", fold=True), Column("created_at", "created (UTC)"))


@click.group(cls=Group)
def apps() -> None:
    """Manage the apps of the account."""


@apps.command("list")
@click.option("--search", metavar="TEXT", help="Only apps that match.")
@list_command("Apps", COLUMNS)
def list_apps(client: RealtimeKit, **filters: Any) -> Any:
    """List apps, newest first."""
    return client.apps.where(**filters).order_by("-created_at")


@apps.command("show")
@click.argument("app", type=resource_id, required=False)
@show_command()
def show_app(client: RealtimeKit, app: str | None = None) -> App:
    """Show one app; by default the one in REALTIMEKIT_APP_ID."""
    return client.apps.current() if app is None else client.apps.find(app)


@apps.command("create")
@click.option("--name", required=True, help="Name of the app.")
@show_command()
def create_app(client: RealtimeKit, name: str) -> App:
    """Create an app."""
    return client.apps.create(name=name)
