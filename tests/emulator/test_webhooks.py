"""Webhooks as records: list, create, get, PATCH, PUT, DELETE, and the names of the events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .shape import NOT_FOUND, error, must_be, uuid, when

if TYPE_CHECKING:
    from .world import World

GIVEN = {"name": "mine", "url": "https://example.com/hook", "events": ["meeting.started", "meeting.ended"]}
WEBHOOK = {**GIVEN, "id": uuid, "enabled": True, "created_at": when, "updated_at": when}
EVENTS = [
    "meeting.started",
    "meeting.ended",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "meeting.chatSynced",
    "recording.statusUpdate",
    "livestreaming.statusUpdate",
    "meeting.transcript",
    "meeting.summary",
]


def test_create_get_list(world: World) -> None:
    response = world.post("/webhooks", GIVEN)
    assert response.status == 201
    must_be(response.json(), {"success": True, "data": WEBHOOK})
    assert world.get(f"/webhooks/{response.data['id']}").data == response.data
    listed = world.get("/webhooks").json()
    assert listed == {"success": True, "data": [response.data]}  # no paging


def test_all_is_the_names_of_the_events_and_no_webhook(world: World) -> None:
    assert world.get("/webhooks/all").json() == {"success": True, "data": EVENTS}


def test_patch_put_delete(world: World) -> None:
    made = world.post("/webhooks", {**GIVEN, "enabled": False}).data
    path = f"/webhooks/{made['id']}"
    world.advance(1)
    changed = world.patch(path, {"events": ["meeting.summary"]}).data
    must_be(changed, {**WEBHOOK, "events": ["meeting.summary"], "enabled": False})
    assert changed["created_at"] == made["created_at"] < changed["updated_at"]
    must_be(world.put(path, GIVEN).data, WEBHOOK)  # enabled again: its default
    deleted = world.delete(path)
    must_be(deleted.json(), {"success": True, "data": WEBHOOK})
    assert world.get(path).json() == NOT_FOUND
    assert world.get("/webhooks").data == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": None}, '"name" must not be null'),
        ({"url": "example.com"}, '"url" fails to match'),
        ({"url": 1}, '"url" must be a string'),
        ({"events": "meeting.started"}, '"events" must be an array'),
        ({"events": ["participant.joined"]}, '"events[0]" must be one of [meeting.started, meeting.ended'),
        ({"enabled": "yes"}, '"enabled" must be a boolean'),
    ],
)
def test_bad_bodies(world: World, change: dict[str, Any], problem: str) -> None:
    made = world.post("/webhooks", GIVEN).data
    before = world.state()
    for response in (
        world.post("/webhooks", {**GIVEN, **change}),
        world.put(f"/webhooks/{made['id']}", {**GIVEN, **change}),
        world.patch(f"/webhooks/{made['id']}", change),
    ):
        assert response.status == 400
        assert response.json()["error"]["message"].startswith(f"BAD_REQUEST: {problem}")
    assert world.state() == before


@pytest.mark.parametrize("name", ["name", "url", "events"])
def test_required(world: World, name: str) -> None:
    body = {key: value for key, value in GIVEN.items() if key != name}
    assert world.post("/webhooks", body).json() == error(400, f'BAD_REQUEST: "{name}" is required')


def test_those_of_another_app_are_not_seen(world: World) -> None:
    made = world.post("/webhooks", GIVEN).data
    other = world.call("POST", world.kit + "/apps", {"name": "other"}).data["app"]["id"]
    assert world.call("GET", f"{world.kit}/{other}/webhooks/{made['id']}").status == 404
    assert world.call("GET", f"{world.kit}/{other}/webhooks").data == []


INVALID_ID = '"id" must be a valid GUID'


@pytest.mark.parametrize(
    "id", ["x", "hook-1", "901e9adf-ebd9-41f0-9098", "901e9adf-ebd9-41f0-9098-28171bc04ddg", "%00"]
)
def test_an_id_that_is_no_guid(world: World, id: str) -> None:
    """As in the four documented examples: only that of GET has a colon."""
    before = world.state()
    path = f"/webhooks/{id}"
    assert world.get(path).json() == error(400, f"BAD_REQUEST: {INVALID_ID}")
    for response in (world.patch(path, {}), world.put(path, GIVEN), world.delete(path)):
        assert response.status == 400
        assert response.json() == error(400, f"BAD_REQUEST {INVALID_ID}")
    assert world.state() == before


def test_a_guid_without_hyphens_is_one(world: World) -> None:
    assert world.get("/webhooks/901E9ADFebd941f0909828171bc04ddd").json() == NOT_FOUND


def test_a_webhook_is_found_by_an_id_that_a_test_chose(world: World) -> None:
    world.emulator.next_ids.append("hook-1")
    made = world.post("/webhooks", GIVEN).data
    assert world.get("/webhooks/hook-1").data == made


def test_a_url_has_one_webhook_in_an_app(world: World) -> None:
    taken = error(409, f"A webhook with URL {GIVEN['url']} already exists")
    first = world.post("/webhooks", GIVEN).data
    second = world.post("/webhooks", {**GIVEN, "url": "https://example.com/other"}).data
    before = world.state()
    path = f"/webhooks/{second['id']}"
    for response in (world.post("/webhooks", GIVEN), world.put(path, GIVEN), world.patch(path, {"url": GIVEN["url"]})):
        assert response.status == 409
        assert response.json() == taken
    assert world.state() == before
    assert world.put(f"/webhooks/{first['id']}", GIVEN).status == 200  # its own
    other = world.call("POST", world.kit + "/apps", {"name": "other"}).data["app"]["id"]
    assert world.call("POST", f"{world.kit}/{other}/webhooks", GIVEN).status == 201
    world.delete(f"/webhooks/{first['id']}")
    assert world.post("/webhooks", GIVEN).status == 201
