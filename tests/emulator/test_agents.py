"""The agents' endpoint: what happens in a session, told as it happens. Over a WebSocket and in this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .agents import ALL, SUBPROTOCOL, Agents, Closed, RefusedError, transcribed
from .shape import must_be, uuid, when

if TYPE_CHECKING:
    from .world import Who, World


def speaker(who: Who, name: str = "Alice") -> dict[str, Any]:
    return {
        "peer_id": who.peer_id,
        "participant_id": who.participant_id,
        "custom_participant_id": name.lower(),
        "display_name": name,
    }


def person(who: Who, meeting_id: str, name: str = "Alice", **fields: Any) -> dict[str, Any]:
    return {
        **speaker(who, name),
        "meeting_id": meeting_id,
        "picture_url": None,
        "preset_id": uuid,
        "preset_name": "group_call_host",
        "waitlisted": False,
        **fields,
    }


def left(who: Who, meeting_id: str, name: str = "Alice") -> dict[str, Any]:
    return {field: value for field, value in person(who, meeting_id, name).items() if field != "preset_name"}


# --- joining


def test_an_agent_joins_and_opens_the_session(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.add(meeting_id, "Bot").connect()
    session = agent.event("session.started")["session"]
    must_be(session, {"id": uuid, "meeting_id": meeting_id, "started_at": when, "ended_at": None})
    found = world.session(session["id"])
    assert (found["status"], found["live_participants"], found["started_at"]) == ("LIVE", 1, session["started_at"])
    (peer,) = world.get(f"/sessions/{session['id']}/participants").data["participants"]
    assert (peer["display_name"], peer["custom_participant_id"], peer["left_at"]) == ("Bot", "bot", None)


def test_an_agent_joins_the_session_that_is_live(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.add(meeting_id).connect()
    assert agent.event("session.started")["session"]["id"] == alice.session_id
    agent.nothing()  # no join of who was there, and none of its own
    assert world.session(alice.session_id)["live_participants"] == 2


def test_requests(world: World, agents: Agents) -> None:
    agent = agents.join(world.meeting(), "participant,broadcast")
    assert uuid(agent.id)
    assert agent.identify() == {"id": agent.id, "subscriptions": ["participant", "broadcast"]}
    assert agent.request("connection.ping") == {
        "category": "result",
        "request_id": "r-3",
        "name": "connection.ping",
        "data": {},
        "error": None,
    }
    assert agent.request("connection.ping", request_id="x" * 128, more={"a": 1}, data={"b": 2})["error"] is None


INVALID, UNSUPPORTED = "INVALID_REQUEST", "UNSUPPORTED_REQUEST"
PING = {"category": "request", "request_id": "r", "name": "connection.ping", "data": {}}
BAD_FRAMES: dict[str, tuple[Any, str]] = {
    "not JSON": ("{", INVALID),
    "not JSON, bytes": (b"\xff\x00", INVALID),
    "nested too deep": ("[" * 100_000, INVALID),
    "no object": ("[]", INVALID),
    "no category": ({**PING, "category": None}, INVALID),
    "an event": ({**PING, "category": "message"}, INVALID),
    "no id": ({name: value for name, value in PING.items() if name != "request_id"}, INVALID),
    "an empty id": ({**PING, "request_id": ""}, INVALID),
    "an id that is too long": ({**PING, "request_id": "x" * 129}, INVALID),
    "an id that is no string": ({**PING, "request_id": 1}, INVALID),
    "no name": ({**PING, "name": None}, INVALID),
    "data that is no object": ({**PING, "data": []}, INVALID),
    "an unknown name": ({**PING, "name": "connection.fly"}, UNSUPPORTED),
}


def test_a_bad_request_leaves_the_connection_open(world: World, agents: Agents) -> None:
    agent = agents.join(world.meeting())
    for title, (frame, code) in BAD_FRAMES.items():
        agent.connection.send(frame if isinstance(frame, str | bytes) else json.dumps(frame))
        result = agent.frame()
        assert (result["category"], result["data"], result["error"]["code"]) == ("result", None, code), title
        assert result["error"]["message"], title
        if isinstance(frame, dict) and isinstance(frame.get("request_id"), str):
            assert result["request_id"] == frame["request_id"], title
    agent.nothing()


def test_a_failure_of_the_emulator(
    world: World, agents: Agents, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    agent = agents.join(world.meeting())
    monkeypatch.setattr(world.emulator.services.agents, "_result", lambda *_: 1 / 0)
    error = agent.request("connection.ping")["error"]
    assert error == {"code": "INTERNAL_ERROR", "message": "the emulator failed; its log says where"}
    assert "ZeroDivisionError" in caplog.text
    monkeypatch.undo()
    agent.nothing()


# --- participants


def test_participants_come_and_go(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id, "Alice", picture="https://example.com/a.png")
    came = person(alice, meeting_id, picture_url="https://example.com/a.png")
    must_be(agent.event("participant.join"), {"participant": came})
    world.emulator.leave(meeting_id, alice.peer_id)
    del came["preset_name"]
    must_be(agent.event("participant.leave"), {"participant": came})
    bob = world.join(meeting_id, None)
    must_be(
        agent.event("participant.join"),
        {"participant": person(bob, meeting_id, "None", display_name=None)},
    )
    agent.nothing()


def test_nothing_of_other_meetings(world: World, agents: Agents) -> None:
    transcribed(world)
    agent = agents.join(world.meeting())
    other = world.meeting()
    alice = world.join(other)
    world.say(alice, "hello")
    world.emulator.broadcast(alice.session_id, alice.peer_id, "x", 1)
    world.end(other)
    agent.nothing()


@pytest.mark.parametrize(
    "permissions",
    [{"hidden_participant": True}, {"recorder_type": "RECORDER"}, {"recorder_type": "LIVESTREAMER"}],
    ids=str,
)
def test_who_is_not_announced(world: World, agents: Agents, permissions: dict[str, Any]) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    transcribed(world, "webinar_presenter", **permissions)
    hidden = world.join(meeting_id, preset_name="webinar_presenter")
    world.emulator.leave(meeting_id, hidden.peer_id)
    again = world.join(meeting_id, preset_name="webinar_presenter")
    world.post(f"/meetings/{meeting_id}/active-session/kick", {"participant_ids": [again.participant_id]})
    agent.nothing()


def test_a_hidden_agent_hears_everything(world: World, agents: Agents) -> None:
    transcribed(world, "webinar_presenter", hidden_participant=True)
    meeting_id = world.meeting()
    seen, hidden = (
        agents.join(meeting_id, name="Seen"),
        agents.join(meeting_id, name="Bot", preset_name="webinar_presenter"),
    )
    world.join(meeting_id)
    assert hidden.event("participant.join")["participant"]["display_name"] == "Alice"
    assert seen.event("participant.join")["participant"]["display_name"] == "Alice"
    seen.nothing()


def test_other_agents_are_participants(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    first = agents.join(meeting_id, name="First")
    second = agents.join(meeting_id, name="Second")
    assert first.event("participant.join")["participant"]["participant_id"] == second.participant_id
    second.leave()
    assert first.event("participant.leave")["participant"]["participant_id"] == second.participant_id
    first.nothing()


@pytest.mark.parametrize(
    ("waiting_room", "host_is_there", "waitlisted"),
    [
        ("SKIP", False, False),
        ("SKIP_ON_ACCEPT", True, True),
        ("ON_PRIVILEGED_USER_ENTRY", False, True),
        ("ON_PRIVILEGED_USER_ENTRY", True, False),
    ],
)
def test_the_waiting_room(
    world: World, agents: Agents, waiting_room: str, host_is_there: bool, waitlisted: bool
) -> None:
    meeting_id = world.meeting()
    transcribed(world, "webinar_presenter", waiting_room_type=waiting_room, accept_waiting_requests=False)
    agent = agents.join(meeting_id, preset_name="webinar_presenter")
    if host_is_there:
        world.join(meeting_id, "Host", preset_name="livestream_host")
        agent.event("participant.join")
    world.join(meeting_id, preset_name="webinar_presenter")
    assert agent.event("participant.join")["participant"]["waitlisted"] is waitlisted


def test_a_deleted_participant_and_preset(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id, preset_name="webinar_presenter")
    agent.event("participant.join")
    (preset,) = [each for each in world.get("/presets").data if each["name"] == "webinar_presenter"]
    world.delete(f"/presets/{preset['id']}")
    world.delete(f"/meetings/{meeting_id}/participants/{alice.participant_id}")
    world.emulator.leave(meeting_id, alice.peer_id)
    must_be(agent.event("participant.leave"), {"participant": {**left(alice, meeting_id), "preset_id": None}})


# --- kicks


def test_a_kick(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id)
    agent.event("participant.join")
    world.post(f"/meetings/{meeting_id}/active-session/kick", {"participant_ids": [alice.participant_id]})
    nobody = dict.fromkeys(left(alice, meeting_id))
    must_be(
        agent.event("participant.leave"),
        {"participant": {**nobody, "peer_id": alice.peer_id, "meeting_id": meeting_id}},
    )
    agent.nothing()


def test_a_kick_of_all(world: World, agents: Agents) -> None:
    transcribed(world)
    meeting_id = world.meeting(session_keep_alive_time_in_secs=60)
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id)
    agent.event("participant.join")
    kicked = world.post(f"/meetings/{meeting_id}/active-session/kick-all").data
    assert kicked["kicked_participants_count"] == 2
    assert agent.event("participant.kick_all") == {}
    agent.nothing()
    world.advance(60)
    ended = agent.event("session.ended")
    session = world.session(alice.session_id)
    assert ended["reason"] == "all_participants_left"
    assert ended["session"]["ended_at"] == session["ended_at"]
    assert agent.closed() == Closed(1000, "session_ended")


def test_after_a_kick_of_all_only_the_end_is_told(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    world.post(f"/meetings/{meeting_id}/active-session/kick-all")
    agent.event("participant.kick_all")
    alice = world.join(meeting_id)  # within the keep-alive: the session goes on
    world.emulator.broadcast(alice.session_id, alice.peer_id, "x", 1)
    agent.nothing()
    agent.drop()
    world.advance(60)
    assert world.session(alice.session_id)["live_participants"] == 1
    agent.resume()
    world.emulator.end(meeting_id)
    assert agent.event("session.ended")["reason"] == "host_ended_meeting"


def test_a_kicked_agent_is_rejected(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent, other = agents.join(meeting_id), agents.join(meeting_id, name="Other")
    agent.event("participant.join")
    world.post(f"/meetings/{meeting_id}/active-session/kick", {"participant_ids": [agent.participant_id]})
    assert agent.closed() == Closed(4403, "upstream_rejected")
    assert other.event("participant.leave")["participant"]["participant_id"] is None
    agent.resume()
    assert agent.closed() == Closed(4403, "upstream_rejected")


# --- talking


def test_transcripts(world: World, agents: Agents) -> None:
    transcribed(world)
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id)
    agent.event("participant.join")
    world.say(alice, "good morning to everybody who is here", 10_250, 12_750)
    received = [agent.event("transcript.received") for _ in range(3)]
    for transcript in received:
        must_be(
            transcript,
            {
                "text": str.strip,
                "is_final": lambda value: isinstance(value, bool),
                "started_at": when,
                "ended_at": when,
                "confidence": lambda value: 0 <= value <= 1,
                "speaker": speaker(alice),
            },
        )
    assert [(each["text"], each["is_final"]) for each in received] == [
        ("good morning", False),
        ("good morning to everybody", False),
        ("good morning to everybody who is here", True),
    ]
    assert len({each["started_at"] for each in received}) == 1
    assert received[0]["ended_at"] <= received[1]["ended_at"] <= received[2]["ended_at"]
    assert received[2]["ended_at"].endswith(":00.000Z"[3:])  # to the second
    agent.nothing()


@pytest.mark.parametrize("text", ["yes", " ", "два слова", "\u202e<script>\x07"])
def test_the_final_transcript_is_what_was_said(world: World, agents: Agents, text: str) -> None:
    transcribed(world)
    meeting_id = world.meeting()
    agent = agents.join(meeting_id, "transcript")
    alice = world.join(meeting_id)
    world.emulator.speak(alice.session_id, alice.peer_id, text, 0, 1000)
    received = [agent.event("transcript.received")]
    while not received[-1]["is_final"]:
        received.append(agent.event("transcript.received"))
    assert received[-1]["text"] == text
    agent.nothing()


def test_no_transcript_without_the_permission(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id)
    agent.event("participant.join")
    world.say(alice, "hello")
    agent.nothing()
    transcribed(world)
    world.say(alice, "hello")
    assert agent.event("transcript.received")["text"] == "hello"


PAYLOADS: list[Any] = [{"a": [1, None, {"b": "\u2028"}]}, "text", 1.5, None, True, [], "\ud800"]


@pytest.mark.parametrize("payload", PAYLOADS, ids=ascii)
def test_broadcasts(world: World, agents: Agents, payload: Any) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id, "broadcast")
    alice = world.join(meeting_id)
    world.emulator.broadcast(alice.session_id, alice.peer_id, "hand-raised", payload)
    received = agent.event("broadcast.received")
    must_be(received, {"type": "hand-raised", "payload": lambda _: True, "created_at": when})
    assert received["payload"] == payload


def test_a_chat_message_is_no_event(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id)
    agent.event("participant.join")
    world.write(alice, "hello")
    agent.nothing()


@pytest.mark.parametrize(
    "subscriptions", [None, "", "transcript", "participant", "broadcast", "broadcast,participant", ALL]
)
def test_subscriptions(world: World, agents: Agents, subscriptions: str | None) -> None:
    transcribed(world)
    meeting_id = world.meeting()
    agent = agents.join(meeting_id, subscriptions)
    names = (subscriptions or "").split(",") if subscriptions else []
    assert agent.identify()["subscriptions"] == names
    alice = world.join(meeting_id)
    world.say(alice, "hello")
    world.emulator.broadcast(alice.session_id, alice.peer_id, "x", 1)
    world.emulator.leave(meeting_id, alice.peer_id)
    world.emulator.end(meeting_id)
    wanted = {
        "participant.join": "participant",
        "transcript.received": "transcript",
        "broadcast.received": "broadcast",
        "participant.leave": "participant",
    }
    for name, subscription in wanted.items():
        if subscription in names:
            agent.event(name)
    agent.event("session.ended")
    assert agent.closed() == Closed(1000, "session_ended")


# --- the end


@pytest.mark.parametrize("reason", ["host_ended_meeting", "all_participants_left", "force_cleanup"])
def test_the_end_of_the_session(world: World, agents: Agents, reason: str) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    alice = world.join(meeting_id)
    agent.event("participant.join")
    world.emulator.end(meeting_id, reason)
    session = world.session(alice.session_id)
    ended = {name: session[name] for name in ("id", "started_at", "ended_at")}
    assert agent.event("session.ended") == {"session": {**ended, "meeting_id": meeting_id}, "reason": reason}
    assert agent.closed() == Closed(1000, "session_ended")
    assert session["status"] == "ENDED"
    assert agents.join(meeting_id, name="Next").identify()["id"] != agent.id  # the next session


def test_an_agent_keeps_the_session_open(world: World, agents: Agents) -> None:
    meeting_id = world.meeting(session_keep_alive_time_in_secs=60)
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    world.emulator.leave(meeting_id, alice.peer_id)
    world.advance(3600)
    session = world.session(alice.session_id)
    assert (session["status"], session["live_participants"]) == ("LIVE", 1)
    agent.leave()
    session = world.session(alice.session_id)
    assert (session["status"], session["live_participants"]) == ("LIVE", 0)
    assert 60 <= session["minutes_consumed"] < 61
    world.advance(60)
    assert world.session(alice.session_id)["status"] == "ENDED"


def test_a_recording_goes_on_for_the_agent(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    recording_id = world.record(meeting_id)
    world.advance(600)
    assert world.recording(recording_id)["status"] == "RECORDING"
    agent.leave()
    world.advance(66)
    assert world.recording(recording_id)["status"] == "UPLOADED"


# --- refusals

SUCH = "subscriptions=transcript"
REFUSALS: dict[str, tuple[str, str | None, str | None, tuple[int, str]]] = {
    "no subprotocol": (SUCH, "own", None, (400, "BAD_REQUEST")),
    "another subprotocol": (SUCH, "own", "realtimekit.v2", (400, "BAD_REQUEST")),
    "an unknown parameter": ("token=secret", "own", SUBPROTOCOL, (400, "INVALID_QUERY")),
    "an unknown subscription": ("subscriptions=transcript,chat", "own", SUBPROTOCOL, (400, "INVALID_QUERY")),
    "an empty subscription": ("subscriptions=transcript,", "own", SUBPROTOCOL, (400, "INVALID_QUERY")),
    "an empty connection_id": (f"{SUCH}&connection_id=", "own", SUBPROTOCOL, (400, "INVALID_QUERY")),
    "no token": (SUCH, None, SUBPROTOCOL, (401, "UNAUTHENTICATED")),
    "nonsense as token": (SUCH, "nonsense", SUBPROTOCOL, (401, "UNAUTHENTICATED")),
    "the token of the API": (SUCH, "api", SUBPROTOCOL, (401, "UNAUTHENTICATED")),
    "an expired token": (SUCH, "expired", SUBPROTOCOL, (401, "UNAUTHENTICATED")),
    "an unknown connection_id": (f"{SUCH}&connection_id=x", "own", SUBPROTOCOL, (404, "CONNECTION_NOT_FOUND")),
    "a connection of another": (f"{SUCH}&connection_id=OTHER", "own", SUBPROTOCOL, (404, "CONNECTION_NOT_FOUND")),
}


@pytest.mark.parametrize("title", REFUSALS)
def test_refusals(world: World, agents: Agents, title: str) -> None:
    query, token, subprotocol, (status, code) = REFUSALS[title]
    meeting_id = world.meeting()
    agent = agents.add(meeting_id)
    if "OTHER" in query:
        query = query.replace("OTHER", agents.join(meeting_id, name="Other").id)
    if token == "expired":
        world.advance(8_640_000)
    tokens = {"own": agent.token, "api": world.emulator.api_token, "expired": agent.token}
    before = world.state()
    with pytest.raises(RefusedError) as caught:
        agents.open(world, query, None if token is None else tokens.get(token, token), subprotocol)
    assert caught.value.status == status
    body = json.loads(caught.value.body)
    must_be(body, {"success": False, "error": {"code": code, "message": str.strip, "retryable": False}})
    assert world.state() == before
    for secret in (agent.token, world.emulator.api_token, "secret", "nonsense"):
        assert secret not in body["error"]["message"]
        assert secret not in str(world.emulator.requests())


@pytest.mark.parametrize("why", ["deleted", "inactive"])
def test_who_cannot_join_is_rejected_after_the_upgrade(world: World, agents: Agents, why: str) -> None:
    meeting_id = world.meeting()
    agent = agents.add(meeting_id)
    if why == "deleted":
        world.delete(f"/meetings/{meeting_id}/participants/{agent.participant_id}")
    else:
        world.patch(f"/meetings/{meeting_id}", {"status": "INACTIVE"})
    agent.connect()
    assert agent.closed() == Closed(4403, "upstream_rejected")
    assert world.get("/sessions").data["sessions"] == []


def test_the_log_of_requests(world: World, agents: Agents) -> None:
    agent = agents.join(world.meeting(), "transcript")
    entry = world.emulator.requests()[-1]
    assert (entry["method"], entry["path"], entry["query"]) == ("GET", "/agent-ws/v1", "subscriptions=transcript")
    assert entry["status"] == 101
    assert agent.token not in str(world.emulator.requests())
