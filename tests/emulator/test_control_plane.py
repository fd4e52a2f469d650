"""Simulated participants and time: the same with `Emulator`, over plain HTTP, and with `RemoteEmulator`."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from realtimekit.emulator import Emulator, HTTPError, Peer
from realtimekit.emulator.remote import RemoteEmulator

from .shape import uuid, when
from .world import OverHttp

if TYPE_CHECKING:
    from collections.abc import Callable

    from .world import World

Simulation: TypeAlias = Emulator | RemoteEmulator | OverHttp


@pytest.fixture(params=["methods", "http", "remote"])
def simulation(request: pytest.FixtureRequest, world: World) -> Simulation:
    variants: dict[str, Callable[[], Simulation]] = {
        "methods": lambda: world.emulator,
        "http": lambda: OverHttp(world),
        "remote": lambda: RemoteEmulator(world.server.control_url),
    }
    return variants[request.param]()


def test_a_meeting_from_beginning_to_end(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    alice, bob = world.participant(meeting_id, "Alice"), world.participant(meeting_id, "Bob")
    first = simulation.join(meeting_id, alice)
    assert isinstance(first, Peer)
    second = simulation.join(meeting_id, bob)
    assert uuid(first.session_id)
    assert first.session_id == second.session_id
    assert first.peer_id != second.peer_id
    session = world.session(first.session_id)
    assert (session["status"], session["live_participants"], session["associated_id"]) == ("LIVE", 2, meeting_id)

    written = simulation.chat(first.session_id, first.peer_id, "hello")
    assert uuid(written)
    assert simulation.speak(first.session_id, second.peer_id, "good morning", 10, 20) is None
    assert simulation.leave(meeting_id, second.peer_id) is None
    assert world.session(first.session_id)["live_participants"] == 1

    assert simulation.end(meeting_id) == first.session_id
    session = world.session(first.session_id)
    assert (session["status"], session["live_participants"]) == ("ENDED", 0)
    chat = world.download(world.get(f"/sessions/{first.session_id}/chat").data["chat_download_url"])
    assert written.encode() in chat.body
    assert b"hello" in chat.body
    transcript = world.get(f"/sessions/{first.session_id}/transcript", format="JSON").data["transcript_download_url"]
    (sentence,) = world.download(transcript).json()
    assert (sentence["startTime"], sentence["endTime"], sentence["sentence"]) == (10, 20, "good morning")


def test_the_base_url_leads_to_the_control_plane_too(world: World) -> None:
    for url in (world.server.base_url, world.server.base_url + "/", world.server.control_url + "/"):
        simulation = RemoteEmulator(url)
        assert simulation.control_url == world.server.control_url
        assert when(simulation.advance(0))


def test_the_clock(world: World, simulation: Simulation) -> None:
    before = datetime.fromisoformat(world.emulator.now())
    now = simulation.advance(90.5)
    assert when(now)
    assert timedelta(seconds=90.4) < datetime.fromisoformat(now) - before < timedelta(seconds=100)
    meeting = world.get(f"/meetings/{world.meeting()}").data
    assert meeting["created_at"] >= now
    assert simulation.advance(0) >= now


def test_reset_keeps_only_the_credentials(world: World, simulation: Simulation) -> None:
    session_id = world.ended()[0].session_id
    link = world.get(f"/sessions/{session_id}/chat").data["chat_download_url"]
    simulation.advance(86400)
    simulation.reset()
    assert simulation.requests() == []
    assert world.get("/meetings").data == []
    assert world.get("/sessions").data["sessions"] == []
    assert world.get(f"/sessions/{session_id}").status == 404
    assert world.download(link).status == 404
    assert [app["id"] for app in world.call("GET", f"{world.kit}/apps").data] == [world.emulator.app_id]
    real = datetime.now().astimezone()
    assert abs(datetime.fromisoformat(simulation.advance(0)) - real) < timedelta(seconds=10)
    assert world.ended()  # and all works as before


def test_requests(world: World, simulation: Simulation) -> None:
    simulation.reset()
    started = world.emulator.now()
    world.get("/meetings", search="x y")
    world.get("/nothing")
    world.send("GET", f"{world.kit}/apps")
    log = simulation.requests()
    assert [entry.keys() for entry in log] == [{"at", "method", "path", "query", "status", "milliseconds"}] * 3
    assert [(entry["method"], entry["path"], entry["query"], entry["status"]) for entry in log] == [
        ("GET", f"{world.app}/meetings", "search=x+y", 200),
        ("GET", f"{world.app}/nothing", "", 404),
        ("GET", f"{world.kit}/apps", "", 401),
    ]
    assert started <= log[0]["at"] <= log[1]["at"] <= log[2]["at"] <= world.emulator.now()
    assert all(0 < entry["milliseconds"] < 10_000 for entry in log)


def test_requests_hold_no_key_to_anything(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    participant = world.post(
        f"/meetings/{meeting_id}/participants", {"custom_participant_id": "a", "preset_name": "group_call_host"}
    ).data
    simulation.join(meeting_id, participant["id"])
    session_id = simulation.end(meeting_id)
    link = world.get(f"/sessions/{session_id}/chat").data["chat_download_url"]
    assert world.download(link).status == 200
    log = str(simulation.requests())
    assert f"/files/{session_id}/chat.csv" in log
    for secret in (world.emulator.api_token, participant["token"], "signature", link.rpartition("=")[2]):
        assert secret not in log


# --- what cannot be


def refused(status: int, message: str, call: Callable[[], Any], world: World) -> None:
    """Assert that a call is refused and changes nothing."""
    before = world.state()
    with pytest.raises(HTTPError) as caught:
        call()
    assert (caught.value.status, str(caught.value)) == (status, message)
    assert world.state() == before


UNKNOWN = "Error: resource not found"


def test_join_is_refused(world: World, simulation: Simulation) -> None:
    meeting_id, other = world.meeting(), world.meeting()
    alice, elsewhere = world.participant(meeting_id), world.participant(other)
    refused(404, UNKNOWN, lambda: simulation.join("nothing", alice), world)
    for nobody in ("nobody", elsewhere):
        message = f"meeting {meeting_id} has no participant {nobody}"
        refused(404, message, partial(simulation.join, meeting_id, nobody), world)
    world.patch(f"/meetings/{meeting_id}", {"status": "INACTIVE"})
    refused(
        409, f"meeting {meeting_id} is INACTIVE: nobody can join it", lambda: simulation.join(meeting_id, alice), world
    )
    world.patch(f"/meetings/{meeting_id}", {"status": "ACTIVE"})
    assert simulation.join(meeting_id, alice)


def test_a_deleted_participant_cannot_join(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    alice = world.participant(meeting_id)
    world.delete(f"/meetings/{meeting_id}/participants/{alice}")
    message = f"meeting {meeting_id} has no participant {alice}"
    refused(404, message, lambda: simulation.join(meeting_id, alice), world)


def test_leave_is_refused(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    refused(404, UNKNOWN, lambda: simulation.leave("nothing", "x"), world)
    refused(
        404, f"No active session found for meeting_id {meeting_id}", lambda: simulation.leave(meeting_id, "x"), world
    )
    alice, other = world.join(meeting_id), world.join(world.meeting())
    for nobody in ("nobody", other.peer_id, alice.participant_id):
        message = f"session {alice.session_id} has no peer {nobody}"
        refused(404, message, partial(simulation.leave, meeting_id, nobody), world)
    simulation.leave(meeting_id, alice.peer_id)
    refused(409, f"peer {alice.peer_id} has already left", lambda: simulation.leave(meeting_id, alice.peer_id), world)


def test_chat_is_refused(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    alice, other = world.join(meeting_id), world.join(world.meeting())
    refused(404, UNKNOWN, lambda: simulation.chat("nothing", alice.peer_id, "x"), world)
    message = f"session {alice.session_id} has no peer {other.peer_id}"
    refused(404, message, lambda: simulation.chat(alice.session_id, other.peer_id, "x"), world)
    simulation.end(meeting_id)
    message = f"session {alice.session_id} has ended"
    refused(409, message, lambda: simulation.chat(alice.session_id, alice.peer_id, "x"), world)


def test_broadcast_is_refused(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    alice, other = world.join(meeting_id), world.join(world.meeting())
    assert simulation.broadcast(alice.session_id, alice.peer_id, "x", {"a": [1, None]}) is None
    refused(404, UNKNOWN, lambda: simulation.broadcast("nothing", alice.peer_id, "x", 1), world)
    message = f"session {alice.session_id} has no peer {other.peer_id}"
    refused(404, message, lambda: simulation.broadcast(alice.session_id, other.peer_id, "x", 1), world)
    simulation.leave(meeting_id, alice.peer_id)
    message = f"peer {alice.peer_id} has left"
    refused(409, message, lambda: simulation.broadcast(alice.session_id, alice.peer_id, "x", 1), world)
    simulation.end(meeting_id)
    message = f"session {alice.session_id} has ended"
    refused(409, message, lambda: simulation.broadcast(alice.session_id, alice.peer_id, "x", 1), world)


def test_speech_is_refused(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    alice, other = world.join(meeting_id), world.join(world.meeting())
    refused(404, UNKNOWN, lambda: simulation.speak("nothing", alice.peer_id, "x", 0, 1), world)
    message = f"session {alice.session_id} has no peer {other.peer_id}"
    refused(404, message, lambda: simulation.speak(alice.session_id, other.peer_id, "x", 0, 1), world)
    message = 'BAD_REQUEST: "end_ms" must be greater than or equal to "start_ms"'
    refused(400, message, lambda: simulation.speak(alice.session_id, alice.peer_id, "x", 2, 1), world)
    simulation.speak(alice.session_id, alice.peer_id, "x", 2, 2)
    simulation.end(meeting_id)
    message = f"session {alice.session_id} has ended"
    refused(409, message, lambda: simulation.speak(alice.session_id, alice.peer_id, "x", 0, 1), world)


def test_end_is_refused(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    refused(404, UNKNOWN, lambda: simulation.end("nothing"), world)
    refused(404, f"No active session found for meeting_id {meeting_id}", lambda: simulation.end(meeting_id), world)
    world.join(meeting_id)
    simulation.end(meeting_id)
    refused(404, f"No active session found for meeting_id {meeting_id}", lambda: simulation.end(meeting_id), world)


ODD_IDS: list[Any] = [None, object(), 2**70, 1.5, b"x", ["x"], "\ud800"]


@pytest.mark.parametrize("id", ODD_IDS, ids=lambda value: type(value).__name__)
def test_ids_of_odd_types_are_refused(world: World, id: Any) -> None:
    before = world.state()
    for emulator in (world.emulator, RemoteEmulator(world.server.control_url)):
        calls: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
            (emulator.join, (id, "x")),
            (emulator.join, ("x", id)),
            (emulator.enter, (id,)),
            (emulator.leave, (id, "x")),
            (emulator.leave, ("x", id)),
            (emulator.chat, (id, "x", "text")),
            (emulator.chat, ("x", id, "text")),
            (emulator.chat, ("x", "x", id)),
            (emulator.speak, (id, "x", "text", 0, 1)),
            (emulator.broadcast, (id, "x", "type", 1)),
            (emulator.broadcast, ("x", id, "type", 1)),
            (emulator.broadcast, ("x", "x", id, 1)),
            (emulator.end, (id,)),
            (emulator.end, ("x", id)),
            (emulator.redeliver, (id,)),
            (emulator.trigger, (id, "http://127.0.0.1:1")),
            (emulator.trigger, ("meeting.ended", id)),
        ]
        for method, arguments in calls:
            with pytest.raises(HTTPError) as caught:
                method(*arguments)
            assert caught.value.status == 400
    assert world.state() == before


def test_negative_times_are_refused(world: World, simulation: Simulation) -> None:
    alice = world.join(world.meeting())
    before = world.state()
    with pytest.raises(HTTPError):
        simulation.speak(alice.session_id, alice.peer_id, "x", -1, 1)
    assert world.state() == before


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e12, "60"])
def test_the_clock_refuses(world: World, simulation: Simulation, seconds: Any) -> None:
    before = world.emulator.world.clock.ahead
    try:
        with pytest.raises(HTTPError) as caught:
            simulation.advance(seconds)
        assert caught.value.status == 400
        assert world.emulator.world.clock.ahead == before
    finally:
        world.emulator.world.clock.ahead = before


def test_ids_cannot_leave_their_place(world: World, simulation: Simulation) -> None:
    meeting_id = world.meeting()
    for odd in ("../reset", "a/b", "a?b", "a#b", "%2e%2e", "é \U0001f600"):
        refused(404, UNKNOWN, partial(simulation.join, odd, "x"), world)
    assert world.get(f"/meetings/{meeting_id}").status == 200
