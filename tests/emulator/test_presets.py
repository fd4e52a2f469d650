"""Presets: list, create, get, PATCH, PUT, DELETE; and the participants who have one."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.emulator.services.default_presets import default_presets

from .shape import NOT_FOUND, PAGING, error, must_be, uuid, when

if TYPE_CHECKING:
    from .world import World

IN_LIST = {"id": uuid, "name": str, "created_at": when, "updated_at": when}
NAMES = [
    "group_call_host",
    "group_call_participant",
    "webinar_presenter",
    "webinar_viewer",
    "livestream_host",
    "livestream_viewer",
]


@pytest.fixture
def given() -> dict[str, Any]:
    return {**copy.deepcopy(default_presets()[0]), "name": "teacher"}


def test_a_new_app_has_the_documented_ones(world: World) -> None:
    response = world.get("/presets")
    must_be(response.json()["paging"], PAGING)
    assert [preset["name"] for preset in response.data] == NAMES
    for preset in response.data:
        assert preset.keys() == IN_LIST.keys()
        whole = world.get(f"/presets/{preset['id']}").data
        assert whole.keys() == {*IN_LIST, "config", "permissions", "ui"}


def test_search_and_pages(world: World) -> None:
    assert [p["name"] for p in world.get("/presets", search="viewer").data] == ["webinar_viewer", "livestream_viewer"]
    assert [p["name"] for p in world.get("/presets", per_page=2, page_no=2).data] == NAMES[2:4]
    assert world.get("/presets", search="%").data == []


def test_create_get_replace_delete(world: World, given: dict[str, Any]) -> None:
    response = world.post("/presets", given)
    assert response.status == 201
    made = response.data
    assert {name: made[name] for name in given} == given
    path = f"/presets/{made['id']}"
    assert world.get(path).data == made
    world.advance(1)
    given["config"]["view_type"] = "WEBINAR"
    replaced = world.put(path, given).data
    assert replaced["config"]["view_type"] == "WEBINAR"
    assert replaced["created_at"] == made["created_at"] < replaced["updated_at"]
    assert world.delete(path).data == replaced
    for method in ("GET", "PATCH", "DELETE"):
        gone = world.call(method, world.app + path, None if method == "GET" else {})
        assert gone.status == 404
        assert gone.json() == NOT_FOUND


@pytest.mark.parametrize("logo", ["", "https://example.com/logo.png"])
def test_a_logo_may_be_empty(world: World, given: dict[str, Any], logo: str) -> None:
    given["ui"]["design_tokens"]["logo"] = logo
    assert world.post("/presets", given).data["ui"]["design_tokens"]["logo"] == logo


def test_patch_takes_any_part_and_keeps_the_rest(world: World, given: dict[str, Any]) -> None:
    path = f"/presets/{world.post('/presets', given).data['id']}"
    change = {"permissions": {"chat": {"public": {"can_send": False}}}, "config": {"max_screenshare_count": 3}}
    changed = world.patch(path, change).data
    given["permissions"]["chat"]["public"]["can_send"] = False
    given["config"]["max_screenshare_count"] = 3
    assert {name: changed[name] for name in given} == given


def test_unknown_fields_inside_survive(world: World, given: dict[str, Any]) -> None:
    given["config"]["new_in_2027"] = {"a": 1}
    assert world.post("/presets", given).data["config"]["new_in_2027"] == {"a": 1}


def _without(given: dict[str, Any], *path: str) -> dict[str, Any]:
    whole = copy.deepcopy(given)
    part = whole
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return whole


def _with(given: dict[str, Any], value: Any, *path: str) -> dict[str, Any]:
    whole = copy.deepcopy(given)
    part = whole
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return whole


PRESET = {**default_presets()[0], "name": "teacher"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, '"name" is required'),
        (_without(PRESET, "permissions"), '"permissions" is required'),
        (_without(PRESET, "config", "view_type"), '"config.view_type" is required'),
        (
            _without(PRESET, "permissions", "chat", "private", "can_receive"),
            '"permissions.chat.private.can_receive" is required',
        ),
        (
            _without(PRESET, "ui", "design_tokens", "colors", "brand", "500"),
            '"ui.design_tokens.colors.brand.500" is required',
        ),
        (
            _with(PRESET, "4k", "config", "media", "video", "quality"),
            '"config.media.video.quality" must be one of [hd, vga, qvga, fhd, uhd]',
        ),
        (
            _with(PRESET, 31, "config", "media", "video", "frame_rate"),
            '"config.media.video.frame_rate" must be less than or equal to 30',
        ),
        (
            _with(PRESET, 0, "ui", "design_tokens", "spacing_base"),
            '"ui.design_tokens.spacing_base" must be greater than or equal to 1',
        ),
        (_with(PRESET, "yes", "permissions", "can_record"), '"permissions.can_record" must be a boolean'),
        (
            _with(PRESET, {"p": {"access_control": "ALL"}}, "permissions", "plugins", "config"),
            '"permissions.plugins.config.p.access_control" must be one of [FULL_ACCESS, VIEW_ONLY]',
        ),
        (
            _with(PRESET, [1, "2"], "config", "livestream_viewer_qualities"),
            '"config.livestream_viewer_qualities[1]" must be a number',
        ),
    ],
)
def test_bad_bodies(world: World, body: Any, problem: str) -> None:
    before = world.state()
    response = world.post("/presets", body)
    assert response.status == 400
    assert response.json() == error(400, f"BAD_REQUEST: {problem}")
    assert world.state() == before


def test_names_are_unique(world: World, given: dict[str, Any]) -> None:
    first, second = world.post("/presets", given).data, world.post("/presets", {**given, "name": "other"}).data
    for response in (world.post("/presets", given), world.patch(f"/presets/{second['id']}", {"name": "teacher"})):
        assert response.status == 409
        assert response.json() == error(409, "A preset with name teacher already exists")
    assert world.patch(f"/presets/{first['id']}", {"name": "teacher"}).status == 200


def test_a_participant_keeps_a_preset_that_is_renamed_or_deleted(world: World, given: dict[str, Any]) -> None:
    preset_id = world.post("/presets", given).data["id"]
    meeting_id = world.meeting()
    path = f"/meetings/{meeting_id}/participants/{world.participant(meeting_id, preset_name='teacher')}"
    world.patch(f"/presets/{preset_id}", {"name": "lecturer"})
    assert world.get(path).data["preset_name"] == "lecturer"
    world.delete(f"/presets/{preset_id}")
    assert world.post(path + "/token").status == 200
    assert world.delete(path).data["preset_id"] == preset_id


def test_presets_of_another_app_are_not_seen(world: World) -> None:
    other = world.call("POST", world.kit + "/apps", {"name": "other"}).data["app"]["id"]
    mine = world.get("/presets").data[0]["id"]
    assert world.call("GET", f"{world.kit}/{other}/presets/{mine}").status == 404


def test_a_preset_can_enable_live_transcription(world: World, given: dict[str, Any]) -> None:
    given["permissions"]["transcription_enabled"] = True
    world.post("/presets", given)
    for preset_name, status in (("teacher", 200), ("group_call_host", 404)):
        meeting_id = world.meeting(transcribe_on_end=False, summarize_on_end=False)
        who = world.join(meeting_id, preset_name=preset_name)
        world.say(who, "Good morning")
        world.end(meeting_id)
        assert world.get(f"/sessions/{who.session_id}/transcript").status == status
