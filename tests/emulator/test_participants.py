"""Participants of a meeting: list, create, get, PATCH, PUT, DELETE, token."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .shape import NOT_FOUND, PAGING, PARTICIPANT, error, jwt, must_be, uuid, when

if TYPE_CHECKING:
    from .world import World

GIVEN = {"custom_participant_id": "user-1", "preset_name": "group_call_host"}


def test_create_returns_201_with_a_token(world: World) -> None:
    path = f"/meetings/{world.meeting()}/participants"
    response = world.post(path, {**GIVEN, "name": "Zoë", "picture": "https://example.com/z.png"})
    assert response.status == 201
    wanted = {**PARTICIPANT, **GIVEN, "name": "Zoë", "picture": "https://example.com/z.png", "token": jwt}
    must_be(response.json(), {"success": True, "data": wanted})


def test_name_and_picture_may_be_null_or_left_out(world: World) -> None:
    path = f"/meetings/{world.meeting()}/participants"
    for extra in ({}, {"name": None, "picture": None}):
        must_be(world.post(path, {**GIVEN, **extra}).data, {**PARTICIPANT, "name": None, "token": jwt})


def test_get_and_list_have_no_token(world: World) -> None:
    meeting_id = world.meeting()
    participant_id = world.participant(meeting_id)
    response = world.get(f"/meetings/{meeting_id}/participants/{participant_id}")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": PARTICIPANT})
    listed = world.get(f"/meetings/{meeting_id}/participants")
    assert listed.status == 200
    must_be(listed.json(), {"success": True, "data": [PARTICIPANT], "paging": PAGING})
    assert listed.data == [response.data]


def test_list_is_of_this_meeting(world: World) -> None:
    meeting_id = world.meeting()
    for name in ("C", "A", "B"):
        world.participant(meeting_id, name)
        world.advance(1)
    other = world.meeting()
    world.participant(other, "D")
    assert [p["name"] for p in world.get(f"/meetings/{meeting_id}/participants").data] == ["C", "A", "B"]
    assert world.get(f"/meetings/{world.meeting()}/participants").data == []


def test_patch_changes_the_given_fields_and_returns_a_token(world: World) -> None:
    meeting_id = world.meeting()
    path = f"/meetings/{meeting_id}/participants/{world.participant(meeting_id)}"
    before = world.get(path).data
    world.advance(1)
    response = world.patch(path, {"name": "New", "preset_name": "webinar_viewer"})
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {**PARTICIPANT, "token": jwt}})
    after = world.get(path).data
    assert response.data == {**after, "token": response.data["token"]}
    updated = {"name": "New", "preset_name": "webinar_viewer", "updated_at": after["updated_at"]}
    assert after == {**before, **updated}
    assert after["updated_at"] > before["updated_at"]


def test_patch_accepts_null_everywhere(world: World) -> None:
    meeting_id = world.meeting()
    participant_id = world.participant(meeting_id, picture="https://example.com/a.png")
    response = world.patch(
        f"/meetings/{meeting_id}/participants/{participant_id}", {"name": None, "picture": None, "preset_name": None}
    )
    assert (response.data["name"], response.data["picture"]) == (None, None)
    assert response.data["preset_name"] == "group_call_host"  # nobody is without one


def test_patch_leaves_the_custom_id(world: World) -> None:
    meeting_id = world.meeting()
    path = f"/meetings/{meeting_id}/participants/{world.participant(meeting_id, 'Alice')}"
    assert world.patch(path, {"custom_participant_id": "other"}).data["custom_participant_id"] == "alice"


def test_put_replaces_the_whole(world: World) -> None:
    meeting_id = world.meeting()
    path = f"/meetings/{meeting_id}/participants/{world.participant(meeting_id, picture='https://example.com/a.png')}"
    before = world.get(path).data
    world.advance(1)
    given = {"custom_participant_id": "user-2", "preset_name": "livestream_host"}
    response = world.put(path, given)
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {**PARTICIPANT, **given, "name": None, "token": jwt}})
    after = world.get(path).data
    assert (after["id"], after["created_at"]) == (before["id"], before["created_at"])
    assert after["updated_at"] > before["updated_at"]


def test_delete_returns_the_deleted_participant(world: World) -> None:
    meeting_id = world.meeting()
    path = f"/meetings/{meeting_id}/participants/{world.participant(meeting_id)}"
    response = world.delete(path)
    assert response.status == 200
    gone = {"custom_participant_id": "alice", "preset_id": uuid, "created_at": when, "updated_at": when}
    must_be(response.json(), {"success": True, "data": gone})
    assert world.get(path).status == 404
    assert world.delete(path).status == 404
    assert world.get(f"/meetings/{meeting_id}/participants").data == []


def test_token(world: World) -> None:
    meeting_id = world.meeting()
    response = world.post(f"/meetings/{meeting_id}/participants/{world.participant(meeting_id)}/token")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"token": jwt}})


# --- refused


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"custom_participant_id": ...}, '"custom_participant_id" is required'),
        ({"preset_name": ...}, '"preset_name" is required'),
        ({"custom_participant_id": None}, '"custom_participant_id" must not be null'),
        ({"custom_participant_id": 7}, '"custom_participant_id" must be a string'),
        ({"preset_name": []}, '"preset_name" must be a string'),
        ({"name": {}}, '"name" must be a string'),
        ({"picture": "no uri"}, '"picture" fails to match the pattern'),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_bad_bodies_change_nothing(world: World, method: str, change: dict[str, object], problem: str) -> None:
    meeting_id = world.meeting()
    path = f"{world.app}/meetings/{meeting_id}/participants"
    if method == "PUT":
        path += f"/{world.participant(meeting_id)}"
    before = world.state()
    body = {name: value for name, value in {**GIVEN, **change}.items() if value is not ...}
    response = world.call(method, path, body)
    assert response.status == 400
    message = response.json()["error"]["message"]
    assert response.json() == error(400, message)
    assert message.startswith(f"BAD_REQUEST: {problem}")
    assert world.state() == before


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_unknown_preset_changes_nothing(world: World, method: str) -> None:
    meeting_id = world.meeting()
    path = f"{world.app}/meetings/{meeting_id}/participants"
    if method != "POST":
        path += f"/{world.participant(meeting_id)}"
    before = world.state()
    response = world.call(method, path, {**GIVEN, "name": "changed", "preset_name": "no such"})
    assert response.status == 404  # the API's own status is not known
    assert response.json() == error(404, "No preset found with name no such")
    assert world.state() == before


@pytest.mark.parametrize(
    ("method", "end", "body"),
    [
        ("GET", "", None),
        ("PATCH", "", {"name": "x"}),
        ("PUT", "", GIVEN),
        ("DELETE", "", None),
        ("POST", "/token", None),
    ],
)
def test_unknown_participant(world: World, method: str, end: str, body: object) -> None:
    meeting_id, other = world.meeting(), world.meeting()
    elsewhere = world.participant(other)
    before = world.state()
    for path in (
        f"{meeting_id}/participants/nobody",
        f"{meeting_id}/participants/{elsewhere}",
        f"no/participants/{elsewhere}",
    ):
        response = world.call(method, f"{world.app}/meetings/{path}{end}", body)
        assert response.status == 404
        assert response.json() == NOT_FOUND
    assert world.state() == before


@pytest.mark.parametrize(("method", "body"), [("GET", None), ("POST", GIVEN)])
def test_unknown_meeting(world: World, method: str, body: object) -> None:
    response = world.call(method, f"{world.app}/meetings/nothing/participants", body)
    assert response.status == 404
    assert response.json() == NOT_FOUND
