"""`realtimekit apps`: the apps of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.groups import Group
from realtimekit.cli.options import Column, an_id, listing, showing

if TYPE_CHECKING:
    from realtimekit import App, RealtimeKit

COLUMNS = (Column("id"), Column("name", folds=True), Column("created_at", "created (UTC)"))


@click.group(cls=Group)
def apps() -> None:
    """The apps of the account."""


@apps.command("list")
@click.option("--search", metavar="TEXT", help="Only those that match.")
@listing("Apps", COLUMNS)
def list_apps(client: RealtimeKit, **filters: Any) -> Any:
    """List apps, the newest first."""
    return client.apps.where(**filters).order_by("-created_at")


@apps.command("show")
@click.argument("app", type=an_id, required=False)
@showing()
def show_app(client: RealtimeKit, app: str | None = None) -> App:
    """Show one app; without an id, the one of the settings."""
    return client.apps.current() if app is None else client.apps.find(app)


@apps.command("create")
@click.option("--name", required=True, help="What it is called.")
@showing()
def create_app(client: RealtimeKit, name: str) -> App:
    """Create an app."""
    return client.apps.create(name=name)
