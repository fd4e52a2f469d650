"""GET active-session, kick, kick-all, mute, mute-all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .shape import LIVE_SESSION, NOT_FOUND, error, must_be, when

if TYPE_CHECKING:
    from .world import World


def test_get(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    response = world.get(f"/meetings/{meeting_id}/active-session")
    assert response.status == 200
    wanted = {**LIVE_SESSION, "id": who.session_id, "associated_id": meeting_id, "live_participants": 1}
    must_be(response.json(), {"success": True, "data": wanted})


@pytest.mark.parametrize("by", ["participant_ids", "custom_participant_ids"])
def test_kick(world: World, by: str) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice", picture="https://example.com/a.png"), world.join(meeting_id, "Bob")
    chosen = alice.participant_id if by == "participant_ids" else "alice"
    response = world.post(f"/meetings/{meeting_id}/active-session/kick", {by: [chosen]})
    assert response.status == 200
    person = {
        "id": alice.participant_id,
        "name": "Alice",
        "picture": "https://example.com/a.png",
        "created_at": when,
        "updated_at": when,
    }
    must_be(response.json(), {"success": True, "data": {"action": "kick", "participants": [person]}})
    assert when(world.peer(alice)["left_at"])
    assert world.peer(bob)["left_at"] is None
    assert world.session(bob.session_id)["live_participants"] == 1


def test_kick_by_both_kinds_of_id_takes_each_once(world: World) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    given = {"participant_ids": [alice.participant_id], "custom_participant_ids": ["alice", "bob"]}
    kicked = world.post(f"/meetings/{meeting_id}/active-session/kick", given).data["participants"]
    assert sorted(person["id"] for person in kicked) == sorted([alice.participant_id, bob.participant_id])
    assert world.session(bob.session_id)["live_participants"] == 0


def test_a_kicked_participant_may_rejoin(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    world.post(f"/meetings/{meeting_id}/active-session/kick", {"participant_ids": [who.participant_id]})
    again = world.emulator.join(meeting_id, who.participant_id)
    assert again.session_id == who.session_id
    assert again.peer_id != who.peer_id


def test_kick_all(world: World) -> None:
    meeting_id = world.meeting()
    people = [world.join(meeting_id, name) for name in ("Alice", "Bob")]
    world.emulator.leave(meeting_id, people[1].peer_id)
    carol = world.join(meeting_id, "Carol")
    response = world.post(f"/meetings/{meeting_id}/active-session/kick-all")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"action": "kick-all", "kicked_participants_count": 2}})
    assert when(world.peer(carol)["left_at"])
    session = world.get(f"/meetings/{meeting_id}/active-session").data
    assert (session["status"], session["live_participants"]) == ("LIVE", 0)  # until the keep-alive is over
    world.advance(61)
    assert world.session(carol.session_id)["status"] == "ENDED"


# --- muting


@pytest.mark.parametrize("by", ["participant_ids", "custom_participant_ids"])
def test_mute(world: World, by: str) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    chosen = bob.participant_id if by == "participant_ids" else "bob"
    before = world.state()
    response = world.post(f"/meetings/{meeting_id}/active-session/mute", {by: [chosen]})
    assert response.status == 200
    person = {"id": bob.participant_id, "name": "Bob", "created_at": when, "updated_at": when}
    must_be(response.json(), {"success": True, "data": {"action": "mute", "participants": [person]}})
    assert world.state() == before
    assert world.peer(alice)["left_at"] is None


@pytest.mark.parametrize("body", [None, {}, {"allow_unmute": True}, {"allow_unmute": False}])
def test_mute_all(world: World, body: object) -> None:
    meeting_id = world.meeting()
    people = [world.join(meeting_id, name) for name in ("Alice", "Bob", "Carol")]
    world.emulator.leave(meeting_id, people[0].peer_id)
    response = world.post(f"/meetings/{meeting_id}/active-session/mute-all", body)
    assert response.status == 200
    assert response.json() == {"success": True, "data": {"action": "mute-all", "muted_participants_count": 2}}


@pytest.mark.parametrize("value", ["yes", 1, None])
def test_bad_allow_unmute(world: World, value: object) -> None:
    meeting_id = world.meeting()
    world.join(meeting_id)
    response = world.post(f"/meetings/{meeting_id}/active-session/mute-all", {"allow_unmute": value})
    assert response.status == 400


# --- refused


@pytest.mark.parametrize(("method", "end", "body"), [
    ("GET", "", None), ("POST", "/kick", {"participant_ids": ["x"]}), ("POST", "/kick-all", None),
    ("POST", "/mute", {"participant_ids": ["x"]}), ("POST", "/mute-all", {"allow_unmute": True}),
    ("POST", "/poll", {"question": "?", "options": ["a", "b"]}),
])  # fmt: skip
def test_no_active_session(world: World, method: str, end: str, body: object) -> None:
    never, over = world.meeting(), world.meeting()
    world.join(over)
    world.end(over)
    for meeting_id in (never, over):
        response = world.call(method, f"{world.app}/meetings/{meeting_id}/active-session{end}", body)
        assert response.status == 404
        assert response.json() == error(404, f"No active session found for meeting_id {meeting_id}")
    unknown = world.call(method, f"{world.app}/meetings/nothing/active-session{end}", body)
    assert unknown.status == 404
    assert unknown.json() == NOT_FOUND


@pytest.mark.parametrize("call", ["kick", "mute"])
@pytest.mark.parametrize("by", ["participant_ids", "custom_participant_ids"])
def test_unknown_participants(world: World, by: str, call: str) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    world.emulator.leave(meeting_id, bob.peer_id)
    here = alice.participant_id if by == "participant_ids" else "alice"
    gone = bob.participant_id if by == "participant_ids" else "bob"
    before = world.state()
    for wanted in ("0000", gone):
        response = world.post(f"/meetings/{meeting_id}/active-session/{call}", {by: [here, wanted]})
        assert response.status == 404
        assert response.json() == error(404, f"No user found with id {wanted}")
    assert world.state() == before


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, '"value" must contain at least one of [participant_ids, custom_participant_ids]'),
        ({"participant_ids": []}, '"value" must contain at least one of [participant_ids, custom_participant_ids]'),
        ({"participant_ids": "alice"}, '"participant_ids" must be an array'),
        ({"participant_ids": [1]}, '"participant_ids[0]" must be a string'),
        ({"custom_participant_ids": None}, '"custom_participant_ids" must not be null'),
    ],
)
@pytest.mark.parametrize("call", ["kick", "mute"])
def test_bad_bodies(world: World, call: str, body: object, problem: str) -> None:
    meeting_id = world.meeting()
    world.join(meeting_id)
    response = world.post(f"/meetings/{meeting_id}/active-session/{call}", body)
    assert response.status == 400
    assert response.json() == error(400, f"BAD_REQUEST: {problem}")
