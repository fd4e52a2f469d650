"""Faults of the agents' endpoint: refused and failing upgrades, and connections that are closed."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidHandshake

from realtimekit import APIConnectionError, APITimeoutError
from realtimekit.emulator import HTTPError
from realtimekit.interfaces import Request
from realtimekit.transports.emulator import EmulatorTransport

from .agents import SUBPROTOCOL, Agents, Closed, RefusedError, WebSocket

if TYPE_CHECKING:
    from .world import World

over_websockets = pytest.mark.parametrize("agents", [WebSocket], indirect=True)
PATH = "/agent-ws/v1"

CLOSES = {
    "queue_overflow": (Closed(1013, "queue_overflow"), False),
    "upstream_lost": (Closed(1013, "upstream_lost"), True),
    "upstream_unavailable": (Closed(1013, "upstream_unavailable"), True),
    "upstream_rejected": (Closed(4403, "upstream_rejected"), False),
    "replaced": (Closed(4409, "replaced"), True),
    "reset": (Closed(1006, ""), True),
}


@pytest.mark.parametrize("reason", CLOSES)
def test_a_close_instead_of_the_next_frame(world: World, agents: Agents, reason: Any) -> None:
    close, can_be_resumed = CLOSES[reason]
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id, "broadcast")
    world.emulator.add_fault(close=reason, times=1)
    world.emulator.broadcast(alice.session_id, alice.peer_id, "n", 1)
    assert agent.closed() == close
    assert world.emulator.faults() == [{"close": reason, "times": 1, "matched": 1, "applied": 1}]
    world.advance(4)
    assert world.session(alice.session_id)["live_participants"] == (2 if can_be_resumed else 1)
    agent.resume()
    if can_be_resumed:
        assert agent.event("broadcast.received")["payload"] == 1
        agent.nothing()
    else:
        assert agent.closed() == close


def test_the_close_of_a_certain_frame(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    world.emulator.add_fault(path=PATH, method="GET", close="upstream_lost", calls=[1, 4])
    agent = agents.add(meeting_id).connect("broadcast")
    assert agent.closed() == Closed(1013, "upstream_lost")  # at once
    agent = agents.add(meeting_id, "Second").connect("broadcast")
    agent.event("session.started")
    world.emulator.broadcast(alice.session_id, alice.peer_id, "n", 1)
    agent.event("broadcast.received")
    agent.connection.send('{"category": "request", "request_id": "r", "name": "connection.ping", "data": {}}')
    assert agent.closed() == Closed(1013, "upstream_lost")  # a result is a frame, too


def test_rules_that_do_not_concern_the_frames(world: World, agents: Agents) -> None:
    world.emulator.add_faults([
        {"close": "upstream_lost", "path": "*/meetings"},
        {"close": "upstream_lost", "method": "POST"},
        {"status": 500, "path": "*/presets"},
    ])  # fmt: skip
    meeting_id = world.meeting()
    agents.join(meeting_id).nothing()
    world.emulator.clear_faults()
    world.emulator.add_fault(close="upstream_lost")
    assert world.get("/meetings").data  # a request is no frame
    assert world.emulator.faults()[0]["matched"] == 0


@pytest.mark.parametrize(("repeat", "again"), [(1, [3]), (2, [2, 3]), (100, ["session.started", 1, 2, 3])])
def test_events_that_are_sent_again(world: World, agents: Agents, repeat: int, again: list[Any]) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id, "broadcast")
    for number in (1, 2, 3):
        world.emulator.broadcast(alice.session_id, alice.peer_id, "n", number)
        agent.event("broadcast.received")
    world.emulator.add_fault(close="upstream_lost", repeat=repeat, times=1)
    world.emulator.broadcast(alice.session_id, alice.peer_id, "n", 4)
    assert agent.closed() == Closed(1013, "upstream_lost")
    agent.resume()
    frames = [agent.frame() for _ in range(len(again) + 1)]
    assert [frame["data"].get("payload", frame["name"]) for frame in frames] == [*again, 4]
    agent.nothing()


# --- the upgrade


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "BAD_REQUEST", False),
        (401, "UNAUTHENTICATED", False),
        (404, "CONNECTION_NOT_FOUND", False),
        (429, "TOO_MANY_REQUESTS", True),
        (503, "SERVICE_UNAVAILABLE", True),
        (599, "UNKNOWN", True),
    ],
)
def test_a_refused_upgrade(world: World, agents: Agents, status: int, code: str, retryable: bool) -> None:
    meeting_id = world.meeting()
    agent = agents.add(meeting_id)
    world.emulator.add_fault(path=PATH, status=status, times=1)
    with pytest.raises(RefusedError) as caught:
        agent.connect()
    error = json.loads(caught.value.body)["error"]
    assert (caught.value.status, error["code"], error["retryable"]) == (status, code, retryable)
    assert world.get("/sessions").data["sessions"] == []
    agent.join().nothing()


def test_a_body_of_ones_own(world: World, agents: Agents) -> None:
    agent = agents.add(world.meeting())
    world.emulator.add_fault(path=PATH, status=502, body="<html>", headers={"Retry-After": "3"})
    with pytest.raises(RefusedError) as caught:
        agent.connect()
    assert (caught.value.status, caught.value.body) == (502, b"<html>")


def test_a_rate_limit(world: World, agents: Agents) -> None:
    agent = agents.add(world.meeting())
    world.emulator.add_fault(path=PATH, limit={"requests": 1, "window_seconds": 60, "block_seconds": 60})
    agent.join()
    with pytest.raises(RefusedError) as caught:
        agent.resume()
    assert caught.value.status == 429
    world.advance(60)
    agent.resume().nothing()


def test_an_upgrade_that_was_carried_out_but_refused(world: World, agents: Agents) -> None:
    agent = agents.add(meeting_id := world.meeting())
    world.emulator.add_fault(path=PATH, status=500, carried_out=True)
    with pytest.raises(RefusedError):
        agent.connect()
    path = f"/meetings/{meeting_id}/active-session"
    assert world.get(path).data["live_participants"] == 1  # the agent is in its grace
    world.advance(5)
    assert world.get(path).data["live_participants"] == 0


@pytest.mark.parametrize(
    "fault", [{"cut": "before"}, {"status": 503, "cut": "before"}, {"status": 503, "cut": "within"}], ids=str
)
@over_websockets
def test_a_cut_upgrade(world: World, agents: Agents, fault: Any) -> None:
    agent = agents.add(world.meeting())
    world.emulator.add_fault(path=PATH, times=1, **fault)
    with pytest.raises((OSError, EOFError, InvalidHandshake)):
        agent.connect()
    agent.join().leave()


@pytest.mark.parametrize("cut", ["within", "after"])
@over_websockets
def test_a_cut_after_the_upgrade(world: World, agents: Agents, cut: Any) -> None:
    agent = agents.add(meeting_id := world.meeting())
    world.emulator.add_fault(path=PATH, cut=cut, times=1)
    assert agent.connect().closed() == Closed(1006, "")
    world.advance(5)
    assert world.get(f"/meetings/{meeting_id}/active-session").data["live_participants"] == 0


@pytest.mark.parametrize("status", [None, 503])
@over_websockets
def test_a_slow_upgrade(world: World, agents: Agents, status: int | None) -> None:
    agent = agents.add(world.meeting())
    rule: Any = {"latency_seconds": 0.05} if status is None else {"latency_seconds": 0.05, "status": status}
    world.emulator.add_fault(path=PATH, **rule)
    started = time.monotonic()
    if status is None:
        agent.join().leave()
    else:
        with pytest.raises(RefusedError):
            agent.connect()
    assert time.monotonic() - started >= 0.05


def test_the_transport_in_this_process(world: World) -> None:
    agent = Agents(world, WebSocket).add(meeting_id := world.meeting())
    transport = EmulatorTransport(world.emulator)
    headers = {"Authorization": f"Bearer {agent.token}", "Sec-WebSocket-Protocol": SUBPROTOCOL}
    upgrade = Request("GET", "ws://emulator.localhost/agent-ws/v1?subscriptions=transcript", headers, None, 30.0)

    response, socket = transport.upgrade(upgrade)
    assert response.status == 101
    assert socket is not None
    assert json.loads(socket.receive(5))["name"] == "session.started"
    socket.close()
    response, socket = transport.upgrade(upgrade._replace(headers={}))
    assert (response.status, json.loads(response.content)["error"]["code"], socket) == (400, "BAD_REQUEST", None)

    faults: list[tuple[Any, type[Exception]]] = [
        ({"cut": "before"}, APIConnectionError),
        ({"cut": "within"}, APIConnectionError),
        ({"latency_seconds": 30}, APITimeoutError),
    ]
    for fault, error in faults:
        world.emulator.clear_faults()
        world.emulator.add_fault(path=PATH, **fault)
        with pytest.raises(error) as caught:
            transport.upgrade(upgrade)
        assert agent.token not in repr(caught.value)
    world.emulator.clear_faults()
    world.emulator.add_fault(path=PATH, cut="after")
    response, socket = transport.upgrade(upgrade)
    assert socket is not None
    assert (response.status, tuple(socket.closed or ())) == (101, (1006, ""))
    world.advance(5)
    assert world.get(f"/meetings/{meeting_id}/active-session").data["live_participants"] == 0


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"close": "session_ended"}, "must be one of"),
        ({"close": "upstream_lost", "status": 503}, "goes with no other effect than repeat"),
        ({"close": "upstream_lost", "carried_out": True}, "goes with no other effect than repeat"),
        ({"repeat": 1}, "needs a close to go with"),
        ({"close": "reset", "repeat": 101}, "must be less than or equal to 100"),
    ],
)
def test_a_rule_that_cannot_be(world: World, rule: Any, problem: str) -> None:
    with pytest.raises(HTTPError, match=problem):
        world.emulator.add_fault(**rule)
