"""POST active-session/poll."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .shape import error, uuid

if TYPE_CHECKING:
    from .world import World

POLL = {"question": "Thursday?", "options": ["yes", "no"]}


@pytest.mark.parametrize(
    "given", [{}, {"anonymous": True}, {"hide_votes": True}, {"hide_votes": True, "anonymous": False}]
)
def test_poll(world: World, given: dict[str, bool]) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    response = world.post(f"/meetings/{meeting_id}/active-session/poll", {**POLL, **given})
    assert response.status == 201
    poll = {
        "id": response.data["poll"]["id"],
        "question": "Thursday?",
        "options": [{"text": text, "count": 0, "votes": []} for text in ("yes", "no")],
        "anonymous": given.get("anonymous", False),
        "hide_votes": given.get("hide_votes", False),
        "created_by": world.emulator.app_id,
        "voted": [],
    }
    assert response.json() == {"success": True, "data": {"action": "poll", "poll": poll}}
    assert uuid(poll["id"])
    (kept,) = world.state()["polls"]
    assert (kept["id"], kept["session_id"]) == (response.data["poll"]["id"], who.session_id)
    assert json.loads(kept["fields"]) == response.data["poll"]


def test_each_poll_has_its_own_id(world: World) -> None:
    meeting_id = world.meeting()
    world.join(meeting_id)
    ids = {world.post(f"/meetings/{meeting_id}/active-session/poll", POLL).data["poll"]["id"] for _ in range(3)}
    assert len(ids) == len(world.state()["polls"]) == 3


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"options": ["a"]}, '"question" is required'),
        ({"question": "a"}, '"options" is required'),
        ({**POLL, "question": None}, '"question" must not be null'),
        ({**POLL, "options": "yes"}, '"options" must be an array'),
        ({**POLL, "options": ["yes", 1]}, '"options[1]" must be a string'),
        ({**POLL, "anonymous": "no"}, '"anonymous" must be a boolean'),
        ({**POLL, "hide_votes": None}, '"hide_votes" must not be null'),
    ],
)
def test_bad_bodies(world: World, body: dict[str, Any], problem: str) -> None:
    meeting_id = world.meeting()
    world.join(meeting_id)
    before = world.state()
    response = world.post(f"/meetings/{meeting_id}/active-session/poll", body)
    assert response.json() == error(400, f"BAD_REQUEST: {problem}")
    assert world.state() == before
