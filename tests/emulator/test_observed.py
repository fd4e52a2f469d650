"""`Emulator(observed=True)`: what was seen at real accounts, where that differs from the API's description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from realtimekit.emulator import Emulator
from realtimekit.emulator.services.default_presets import default_presets

from .shape import NOT_FOUND, error
from .test_webhooks import GIVEN
from .world import World

PRESET: dict[str, Any] = {**default_presets()[0], "name": "teacher"}
WITH_DIFF = {**PRESET, "ui": {**PRESET["ui"], "config_diff": {}}}
NO_DIFF = error(400, 'BAD_REQUEST: "ui.config_diff" is required')


@pytest.fixture(scope="module")
def served() -> Iterator[World]:
    with Emulator(observed=True) as emulator, emulator.serve() as server:
        yield World(emulator, server)


def test_an_app_without_webhooks(world: World) -> None:
    for _ in range(2):
        empty = world.get("/webhooks")
        assert (empty.status, empty.json()) == (404, NOT_FOUND)
        made = world.post("/webhooks", GIVEN).data
        assert world.get("/webhooks").data == [made]
        world.delete(f"/webhooks/{made['id']}")
    assert world.get("/webhooks/all").status == 200


def test_a_preset_needs_config_diff(world: World) -> None:
    before = world.state()
    refused = world.post("/presets", PRESET)
    assert (refused.status, refused.json()) == (400, NO_DIFF)
    assert world.state() == before
    made = world.post("/presets", WITH_DIFF).data
    assert made["ui"] == WITH_DIFF["ui"]
    assert world.put(f"/presets/{made['id']}", PRESET).json() == NO_DIFF
    assert world.put(f"/presets/{made['id']}", WITH_DIFF).status == 200


def test_a_changed_preset_comes_without_its_id(world: World) -> None:
    made = world.post("/presets", WITH_DIFF).data
    changed = world.patch(f"/presets/{made['id']}", {"name": "lecturer"}).data
    assert changed == {**{name: made[name] for name in made if name != "id"}, "name": "lecturer"} | {
        "updated_at": changed["updated_at"]
    }


def test_it_stays_after_a_reset(world: World) -> None:
    world.emulator.reset()
    assert world.get("/webhooks").status == 404
