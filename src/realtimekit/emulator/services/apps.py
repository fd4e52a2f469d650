"""Apps, and the presets that a new one has."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.services.default_presets import default_presets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World


def add_app(world: World, name: str, *, id: str | None = None) -> Row:
    now = world.now()
    app = {"id": id or world.new_id(), "name": name, "created_at": now}
    world.store.insert("apps", app)
    for preset in default_presets():
        world.store.insert("presets", preset_row(str(uuid.uuid4()), app["id"], preset, now))
    return app


def add_first_app(world: World) -> None:
    """Create the app that an empty emulator has: the one in its credentials."""
    add_app(world, "Emulator", id=world.credentials.app_id)


def preset_row(id: str, app_id: str, preset: Mapping[str, Any], now: str) -> Row:
    fields = json.dumps({name: preset[name] for name in ("config", "permissions", "ui")})
    return {"id": id, "app_id": app_id, "name": preset["name"], "fields": fields, "created_at": now, "updated_at": now}
