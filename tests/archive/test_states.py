"""What becomes of each artifact of a session, from its end until the platform has forgotten it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from realtimekit.emulator import Emulator
from realtimekit.saving.manifest import State

from .worlds import DAY, HOUR, World, below

MINUTE = 60.0


def test_everything_of_a_session_is_copied_and_then_nothing_is_asked_for(world_at: World) -> None:
    world = world_at
    held = world.hold("Alice", "Bob")
    world.wait(30)
    result = world.sync()
    assert (result.found, result.checked, result.completed, result.ok) == (1, 1, 1, True)
    states = world.states(held.session_id)
    (recording,) = [name for name in states if name.startswith("recordings/")]
    assert states == {
        **dict.fromkeys(
            ["session", "meeting", "participants", "chat", "transcript", "summary", "recordings", recording], "COPIED"
        ),
        **{f"peers/{peer.peer_id}": "COPIED" for peer in held.peers},
        "livestream_sessions": "EMPTY",
    }
    assert world.check_contents() == 10
    assert b"a message" in world.content(held.session_id, "chat")
    assert b"Good morning" in world.content(held.session_id, "transcript")
    assert world.archive.ledger.open_sessions() == []
    result, requests = world.requests_of()
    assert result.ok
    assert requests == ["/sessions"]


def test_a_sync_with_nothing_new_sends_two_requests(world: World) -> None:
    for _ in range(5):
        world.hold()
    world.wait(2 * HOUR)
    assert world.sync().ok
    for _ in range(3):
        world.wait(DAY)
        result, requests = world.requests_of()
        assert result.window is not None
        assert result.window.proven
        assert requests == ["/sessions"] * 2


def test_what_appears_late_is_caught(world: World) -> None:
    """The summary takes ten seconds after the end; the recording is uploading for five."""
    held = world.hold()
    result = world.sync()
    assert (result.waiting, result.completed, result.ok) == (1, 0, True)
    states = world.states(held.session_id)
    assert states["summary"] == "PENDING"
    assert [states[name] for name in states if name.startswith("recordings/")] == ["PENDING"]
    assert world.requests_of()[1] == ["/sessions"]  # not yet
    world.wait(6 * MINUTE)
    result, requests = world.requests_of()
    assert (result.checked, result.completed) == (1, 1)
    assert world.state(held.session_id, "summary") is State.COPIED
    assert world.check_contents() == 9
    again = ["/chat", "/transcript", "/participants", "/peer-report", "/meetings/"]
    assert [part for part in again if below(requests, part)] == ["/meetings/"]  # its settings tell what to expect
    assert world.manifest(held.session_id).revision == 2


def test_what_never_appears_is_lost_and_says_when_and_why(world: World) -> None:
    world.fail("/summary", status=404)
    held = world.hold()
    for _ in range(16):
        world.wait(DAY / 2)
        world.sync()
    artifact = world.manifest(held.session_id).artifacts["summary"]
    ended = world.manifest(held.session_id).ended_at
    assert ended is not None
    assert artifact.state is State.LOST
    assert artifact.deadline is not None
    assert (artifact.deadline - ended).days == 7
    assert f"{artifact.deadline:%Y-%m-%d %H:%M} UTC" in str(artifact.reason)
    assert "did not appear" in str(artifact.reason)
    assert world.archive.ledger.open_sessions() == []


def test_lost_is_told_by_the_sync_that_finds_it(world: World) -> None:
    world.fail("/summary", status=404)
    held = world.hold()
    world.wait(HOUR)
    assert world.sync().ok
    world.wait(8 * DAY)
    result = world.sync()
    assert not result.ok
    assert [line for line in result.lost if held.session_id in line and "summary" in line]
    assert world.sync().ok


def test_a_sync_that_comes_too_late_says_what_was_lost_but_not_what_nobody_asked_for(world: World) -> None:
    assert world.sync().ok  # there is an archive
    asked = world.hold()
    plain = world.hold(transcribe_on_end=False, summarize_on_end=False, record_on_start=False)
    world.wait(8 * DAY)
    result = world.sync()
    states = world.states(asked.session_id)
    assert [name for name, state in states.items() if state == "LOST" and "/" not in name] == [
        "chat",
        "summary",
        "transcript",
    ]
    assert [state for name, state in states.items() if name.startswith("recordings/")] == ["LOST"]
    assert len(result.lost) == 5
    assert world.states(plain.session_id)["transcript"] == "NOT_ENABLED"
    assert world.states(plain.session_id)["summary"] == "NOT_ENABLED"
    reason = str(world.manifest(asked.session_id).artifacts["chat"].reason)
    assert "last checked: never" in reason
    assert "kept for 7 days" in reason


def test_what_was_gone_before_there_was_an_archive_is_not_lost(world: World) -> None:
    """The first archive of an old app: it says what it could never have, and is in order."""
    old = world.hold()
    world.wait(8 * DAY)
    late = world.hold()
    world.wait(2 * HOUR)
    assert world.sync(since=datetime(2020, 1, 1, tzinfo=UTC)).ok
    states = world.states(old.session_id)
    too_old = [name.partition("/")[0] for name, state in states.items() if state == "TOO_OLD"]
    assert sorted(too_old) == ["chat", "recordings", "summary", "transcript"]
    assert states["participants"] == "COPIED"
    assert "before this archive was created" in str(world.manifest(old.session_id).artifacts["chat"].reason)
    assert "TOO_OLD" not in world.states(late.session_id).values()
    found = world.archive.verify(deep=True)
    assert found.ok, found.problems
    assert [note for note in found.notes if note.startswith("the platform had deleted 4 artifacts")]
    world.fail("/chat", status=404)
    lost = world.hold()
    world.wait(8 * DAY)  # now there is an archive, and nobody synced
    assert not world.sync().ok
    assert world.state(lost.session_id, "chat") is State.LOST
    assert not world.archive.verify().ok


def test_looked_at_too_early_is_as_bad_as_never(world: World) -> None:
    """The archive looked right after the end, when it could not be there yet, and then not for a week."""
    world.fail("/transcript", status=404)
    held = world.hold()
    world.sync()
    assert world.state(held.session_id, "transcript") is State.PENDING
    world.wait(8 * DAY)
    world.sync()
    artifact = world.manifest(held.session_id).artifacts["transcript"]
    assert artifact.state is State.LOST
    assert "last checked: 20" in str(artifact.reason)


def test_errors_are_no_look(world: World) -> None:
    """For a week the API failed, and then had it no more: nobody knows whether there was a chat."""
    world.fail("/chat", status=500)
    held = world.hold()
    world.wait(HOUR)
    failed = 0
    for _ in range(6):
        failed += len(world.sync().failures)
        world.wait(DAY)
    assert failed >= 4
    assert world.manifest(held.session_id).artifacts["chat"].checked_at is None
    world.emulator.clear_faults()
    world.wait(2 * DAY)
    world.sync()
    assert world.state(held.session_id, "chat") is State.LOST


def test_a_failure_of_one_artifact_leaves_the_others(world: World) -> None:
    world.fail("/chat", status=500)
    held = world.hold()
    world.fail("/participants", cut="before")
    world.wait(2 * HOUR)
    result = world.sync()
    assert not result.ok
    assert [line.split(": ")[1] for line in result.failures] == ["chat", "participants"]
    states = world.states(held.session_id)
    assert {states["chat"], states["participants"]} == {"PENDING"}
    assert (states["transcript"], states["summary"]) == ("COPIED", "COPIED")
    world.emulator.clear_faults()
    world.wait(HOUR)
    assert world.sync().ok
    assert set(world.states(held.session_id).values()) == {"COPIED", "EMPTY"}
    assert world.manifest(held.session_id).participants == 1


def test_nothing_was_enabled(world: World) -> None:
    held = world.hold(transcribe_on_end=False, summarize_on_end=False, record_on_start=False)
    world.sync()
    states = world.states(held.session_id)
    assert (states["transcript"], states["summary"], states["recordings"]) == ("PENDING", "PENDING", "PENDING")
    world.wait(90 * MINUTE)
    result = world.sync()
    assert (result.ok, result.completed) == (True, 1)
    states = world.states(held.session_id)
    assert (states["transcript"], states["summary"], states["recordings"]) == ("NOT_ENABLED", "NOT_ENABLED", "EMPTY")


def test_a_recording_that_is_listed_late_is_not_overlooked(world: World) -> None:
    """Until an hour after the end, that no recording is listed means nothing."""
    held = world.hold()
    empty: dict[str, Any] = {"success": True, "data": [], "paging": {"total_count": 0}}
    world.fail("/recordings", status=200, body=empty)
    for _ in range(2):
        world.sync()
        world.wait(20 * MINUTE)
        assert world.state(held.session_id, "recordings") is State.PENDING
    world.emulator.clear_faults()
    world.wait(30 * MINUTE)
    world.sync()
    assert world.state(held.session_id, "recordings") is State.COPIED


def test_a_peer_report_that_is_missing(world: World) -> None:
    held = world.hold("Alice", "Bob")
    alice, bob = (f"peers/{peer.peer_id}" for peer in held.peers)
    world.fail(f"/peer-report/{held.peers[1].peer_id}", status=404)
    world.wait(10 * MINUTE)
    world.sync()
    assert (world.state(held.session_id, alice), world.state(held.session_id, bob)) == (State.COPIED, State.PENDING)
    world.wait(2 * HOUR)
    result, requests = world.requests_of()
    assert result.completed == 1
    assert len(below(requests, "/peer-report/")) == 1
    artifact = world.manifest(held.session_id).artifacts[bob]
    assert (artifact.state, artifact.reason) == (State.EMPTY, "the platform made none")


# --- empty files ------------------------------------------------------------------------------------------------------


def test_an_empty_transcript_where_nobody_spoke_is_empty(world: World) -> None:
    meeting_id = world.meeting(transcribe_on_end=True)
    peer = world.join(meeting_id)
    world.wait(300)
    world.emulator.end(meeting_id)
    silent = {"success": True, "data": {"participant": {"peer_report": {"quality": {"audio_producer": []}}}}}
    world.fail("/peer-report/*", status=200, body=silent)
    world.wait(2 * HOUR)
    world.sync()
    assert world.state(peer.session_id, "transcript") is State.EMPTY
    assert world.state(peer.session_id, "summary") is State.NOT_ENABLED  # there is nothing to summarize


@pytest.mark.parametrize("suspicion", ["sound", "another link"])
def test_an_empty_transcript_is_suspect_if_people_spoke_or_the_link_is_not_its_own(
    world: World, suspicion: str
) -> None:
    meeting_id = world.meeting(transcribe_on_end=True)
    peer = world.join(meeting_id)
    world.wait(300)
    world.emulator.end(meeting_id)
    if suspicion == "another link":
        silent = {"success": True, "data": {"participant": {"peer_report": {"quality": {"audio_producer": []}}}}}
        world.fail("/peer-report/*", status=200, body=silent)
        link = "http://emulator.localhost/files/store/default/transcript.csv?expires=1&signature=hunter2"
        world.fail("/transcript", status=200, body={"success": True, "data": {"transcript_download_url": link}})
        world.fail("/files/store/*", status=200, body="")
    world.wait(2 * HOUR)
    assert world.sync().ok
    artifact = world.manifest(peer.session_id).artifacts["transcript"]
    assert (artifact.state, artifact.bytes) == (State.SUSPECT_EMPTY, 0)
    assert "hunter2" not in str(artifact)
    # It is looked at again until its deadline, and stays suspect then.
    world.wait(HOUR)
    assert below(world.requests_of()[1], "/transcript")
    world.wait(8 * DAY)
    result = world.sync()
    assert not result.failures
    artifact = world.manifest(peer.session_id).artifacts["transcript"]
    assert (artifact.state, artifact.unfinished) == (State.SUSPECT_EMPTY, False)
    world.wait(DAY)
    assert not below(world.requests_of()[1], "/transcript")


def test_a_suspect_transcript_that_is_filled_in_later_is_copied(world: World) -> None:
    world.fail("/files/*/transcript.json", status=200, body="", times=1)
    held = world.hold()
    world.wait(2 * HOUR)
    world.sync()
    assert world.state(held.session_id, "transcript") is State.SUSPECT_EMPTY
    world.wait(HOUR)
    world.sync()
    assert world.state(held.session_id, "transcript") is State.COPIED
    assert b"Good morning" in world.content(held.session_id, "transcript")


def test_a_strange_session_id_in_the_link_is_no_suspicion() -> None:
    with Emulator() as emulator:
        world = World(emulator)
        meeting_id = world.meeting(transcribe_on_end=True)
        meeting = world.client.meetings.find(meeting_id)
        alice = meeting.participants.create(name="A", custom_participant_id="a", preset_name="group_call_host")
        emulator.next_ids.append("a/b c")
        session_id = emulator.join(meeting_id, alice.id).session_id
        assert session_id == "a/b c"
        world.wait(300)
        emulator.end(meeting_id)
        silent = {"success": True, "data": {"participant": {"peer_report": {"quality": {"audio_producer": []}}}}}
        world.fail("/peer-report/*", status=200, body=silent)
        world.wait(2 * HOUR)
        world.sync()
        assert world.state(session_id, "transcript") is State.EMPTY


# --- sessions that the platform does not have -------------------------------------------------------------------------


def test_a_session_that_is_listed_but_not_there(world: World) -> None:
    held = world.hold()
    world.fail(f"/sessions/{held.session_id}", status=404)
    world.wait(HOUR)
    result = world.sync()
    assert [line for line in result.failures if held.session_id in line]
    assert len(world.archive.ledger.open_sessions()) == 1
    world.emulator.clear_faults()
    assert world.sync().completed == 1


def test_a_session_that_vanishes_loses_what_was_missing_at_its_deadline(world: World) -> None:
    held = world.hold()
    world.sync()  # its summary is not there yet
    world.fail(f"/sessions/{held.session_id}", status=404)
    world.wait(HOUR)
    result = world.sync()
    assert result.failures
    assert world.state(held.session_id, "summary") is State.PENDING  # perhaps it comes back
    world.wait(8 * DAY)
    result = world.sync()
    assert [line for line in result.lost if "summary" in line]
    assert world.state(held.session_id, "chat") is State.COPIED
    assert world.archive.ledger.open_sessions() == []


def test_participants_that_do_not_match_their_count(world: World) -> None:
    held = world.hold("Alice", "Bob")
    body = {"success": True, "data": {"participants": [{"id": held.peers[0].peer_id}], "paging": {"total_count": 2}}}
    world.fail(f"/{held.session_id}/participants", status=200, body=body)
    world.wait(2 * HOUR)
    result = world.sync()
    assert [line for line in result.failures if "1 participants were listed, but the platform counts 2" in line]
    assert world.state(held.session_id, "participants") is State.PENDING
    world.wait(8 * DAY)
    world.sync()
    artifact = world.manifest(held.session_id).artifacts["participants"]
    assert artifact.state is State.COPIED  # and no longer asked for, but the mismatch stays on record
    assert "the platform counts 2" in str(artifact.reason)
    assert world.archive.ledger.open_sessions() == []
