"""The lifecycle of a session: keep-alive, counts, minutes, durations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .world import World

NEARLY = 0.1  # minutes that the test itself may take


def between(earlier: str, later: str) -> timedelta:
    return datetime.fromisoformat(later) - datetime.fromisoformat(earlier)


@pytest.mark.parametrize("seconds", [60, 600])
def test_an_empty_session_ends_when_its_keep_alive_is_over(world: World, seconds: int) -> None:
    meeting_id = world.meeting(session_keep_alive_time_in_secs=seconds)
    who = world.join(meeting_id)
    world.advance(30)
    world.emulator.leave(meeting_id, who.peer_id)
    world.advance(seconds - 10)
    session = world.session(who.session_id)
    assert (session["status"], session["live_participants"], session["ended_at"]) == ("LIVE", 0, None)
    assert world.get(f"/sessions/{who.session_id}/chat").status == 404
    world.advance(86_400)  # nobody asked for a day
    session = world.session(who.session_id)
    assert session["status"] == "ENDED"
    # at its own moment, not when somebody asked
    assert between(world.peer(who)["left_at"], session["ended_at"]) == timedelta(seconds=seconds)
    assert session["minutes_consumed"] == pytest.approx(0.5, abs=NEARLY)  # the keep-alive costs nothing
    assert world.get(f"/sessions/{who.session_id}/chat").status == 200
    assert world.get(f"/meetings/{meeting_id}/active-session").status == 404


def test_its_files_are_kept_from_that_moment(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    world.emulator.leave(meeting_id, who.peer_id)
    world.advance(60 + 7 * 86_400 + 1)
    assert world.session(who.session_id)["status"] == "ENDED"
    assert world.get(f"/sessions/{who.session_id}/chat").status == 404


def test_coming_back_keeps_it_open(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    for _ in range(3):
        world.emulator.leave(meeting_id, world.emulator.join(meeting_id, who.participant_id).peer_id)
    world.emulator.leave(meeting_id, who.peer_id)
    world.advance(50)
    again = world.emulator.join(meeting_id, who.participant_id)
    assert again.session_id == who.session_id
    world.advance(3600)
    assert world.session(who.session_id)["status"] == "LIVE"
    world.emulator.leave(meeting_id, again.peer_id)
    world.advance(50)  # it counts anew
    assert world.session(who.session_id)["status"] == "LIVE"
    world.advance(11)
    assert world.session(who.session_id)["status"] == "ENDED"


def test_rejoining_too_late_opens_another_session(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    world.emulator.leave(meeting_id, who.peer_id)
    world.advance(61)
    again = world.emulator.join(meeting_id, who.participant_id)
    assert again.session_id != who.session_id
    assert world.session(who.session_id)["status"] == "ENDED"
    assert world.session(again.session_id)["status"] == "LIVE"


@pytest.mark.parametrize("call", ["kick", "kick-all"])
def test_kicking_the_last_begins_the_keep_alive(world: World, call: str) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    world.post(f"/meetings/{meeting_id}/active-session/{call}", {"participant_ids": [who.participant_id]})
    world.advance(50)
    assert world.session(who.session_id)["status"] == "LIVE"
    world.advance(11)
    assert world.session(who.session_id)["status"] == "ENDED"


def test_end_takes_everybody_out_at_once(world: World) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    world.advance(60)
    world.end(meeting_id)
    session = world.session(alice.session_id)
    assert session["ended_at"] == world.peer(alice)["left_at"] == world.peer(bob)["left_at"]


def test_an_inactive_meeting_keeps_its_session(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    world.patch(f"/meetings/{meeting_id}", {"status": "INACTIVE"})
    assert world.session(who.session_id)["status"] == "LIVE"
    assert world.end(meeting_id) == who.session_id


def test_counts_and_minutes(world: World) -> None:
    """Alice is there for 6 minutes, Bob for 3 and again for 1, Carol for 2."""
    meeting_id = world.meeting()
    alice = world.join(meeting_id, "Alice")
    counts = [world.session(alice.session_id)["live_participants"]]

    def happens(after_minutes: float) -> None:
        session = world.session(alice.session_id)
        counts.append(session["live_participants"])
        world.advance(after_minutes * 60)

    happens(1)
    bob = world.join(meeting_id, "Bob")
    happens(1)
    carol = world.join(meeting_id, "Carol")
    happens(2)
    world.emulator.leave(meeting_id, carol.peer_id)
    world.emulator.leave(meeting_id, bob.peer_id)
    happens(1)
    again = world.emulator.join(meeting_id, bob.participant_id)
    live = world.session(alice.session_id)
    happens(1)
    world.end(meeting_id)
    assert counts == [1, 1, 2, 3, 1, 2]
    session = world.session(alice.session_id)
    assert (session["max_concurrent_participants"], session["live_participants"]) == (3, 0)
    assert live["minutes_consumed"] == pytest.approx(5 + 3 + 2, abs=NEARLY)
    assert session["minutes_consumed"] == pytest.approx(6 + 4 + 2, abs=NEARLY)
    assert world.peer(alice)["duration"] == pytest.approx(6, abs=NEARLY)
    assert world.peer(bob)["duration"] == pytest.approx(3, abs=NEARLY)
    assert world.peer(carol)["duration"] == pytest.approx(2, abs=NEARLY)
    peers = world.get(f"/sessions/{alice.session_id}/participants").data["participants"]
    assert again.peer_id in {peer["id"] for peer in peers}
    assert sum(peer["duration"] for peer in peers) == pytest.approx(session["minutes_consumed"], abs=0.001)


def test_two_sessions_end_each_at_its_moment(world: World) -> None:
    first, second = world.meeting(), world.meeting(session_keep_alive_time_in_secs=120)
    one, two = world.join(first), world.join(second)
    world.emulator.leave(second, two.peer_id)
    world.emulator.leave(first, one.peer_id)
    world.advance(1000)
    ended = [world.session(who.session_id)["ended_at"] for who in (one, two)]
    left = [world.peer(who)["left_at"] for who in (one, two)]
    assert [between(*pair).total_seconds() for pair in zip(left, ended, strict=True)] == [60, 120]


def test_an_unknown_path_does_not_lose_due_jobs(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    world.emulator.leave(meeting_id, who.peer_id)
    world.emulator.world.clock = world.emulator.world.clock.advanced(61)  # nothing has looked at it since
    assert world.get("/meetings/nothing").status == 404
    assert world.post("/meetings/nothing/participants", {}).status == 400
    assert world.session(who.session_id)["status"] == "ENDED"
