"""How connections of agents end and are resumed: nothing is lost within the grace, and every end has its code."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.emulator import Emulator
from realtimekit.emulator.http import Request
from realtimekit.emulator.services import agent_events
from realtimekit.emulator.services import agents as agents_service
from realtimekit.emulator.services.agent_socket import MAX_QUEUED, AgentSocket, SocketClosedError

from .agents import ALL, SUBPROTOCOL, Agent, Agents, Closed, InProcess, RefusedError, WebSocket
from .world import World

if TYPE_CHECKING:
    from pathlib import Path

    from .world import Who

over_websockets = pytest.mark.parametrize("agents", [WebSocket], indirect=True)
ENDED = Closed(1000, "session_ended")
OVERFLOW = Closed(1013, "queue_overflow")


def broadcast(world: World, who: Who, *payloads: Any) -> None:
    for payload in payloads:
        world.emulator.broadcast(who.session_id, who.peer_id, "n", payload)


def received(agent: Agent, count: int) -> list[Any]:
    return [agent.event("broadcast.received")["payload"] for _ in range(count)]


# --- the grace


@pytest.mark.parametrize("end", ["drop", 1001, 3000, 4000])
def test_what_happens_meanwhile_is_sent_on_resume(world: World, agents: Agents, end: str | int) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    broadcast(world, alice, 1)
    assert received(agent, 1) == [1]
    agent.drop() if end == "drop" else agent.end_with(int(end))
    broadcast(world, alice, 2, 3)
    world.advance(4.5)
    assert world.session(alice.session_id)["live_participants"] == 2
    broadcast(world, alice, 4)
    agent.resume()
    assert received(agent, 3) == [2, 3, 4]
    world.advance(3600)  # the grace is over, and without effect
    broadcast(world, alice, 5)
    assert received(agent, 1) == [5]
    agent.nothing()
    assert world.session(alice.session_id)["live_participants"] == 2


def test_after_the_grace_the_agent_has_left(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    other, agent = agents.join(meeting_id, "participant", "Other"), agents.join(meeting_id)
    other.event("participant.join")
    agent.drop()
    broadcast(world, alice, "lost")
    other.nothing()
    world.advance(5)
    assert other.event("participant.leave")["participant"]["participant_id"] == agent.participant_id
    assert world.session(alice.session_id)["live_participants"] == 2
    agent.resume()
    assert agent.event("session.started")["session"]["id"] == alice.session_id  # the gap
    agent.nothing()
    assert other.event("participant.join")["participant"]["participant_id"] == agent.participant_id
    assert agent.identify() == {"id": agent.id, "subscriptions": ALL.split(",")}


def test_leaving_has_no_grace(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    agent.leave()
    assert world.session(alice.session_id)["live_participants"] == 1
    agent.resume()
    agent.event("session.started")


def test_the_grace_ends_in_real_time_while_others_listen(
    world: World, agents: Agents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents_service, "GRACE_SECONDS", 0.02)
    meeting_id = world.meeting()
    other, agent = agents.join(meeting_id, "participant", "Other"), agents.join(meeting_id)
    other.event("participant.join")
    agent.drop()
    assert other.event("participant.leave")["participant"]["participant_id"] == agent.participant_id


def test_a_session_that_ends_within_the_grace(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    agent.drop()
    broadcast(world, alice, 1)
    world.emulator.end(meeting_id)
    world.advance(3600)
    agent.resume()
    assert received(agent, 1) == [1]
    assert agent.event("session.ended")["session"]["id"] == alice.session_id
    assert agent.closed() == ENDED
    agent.resume()
    assert agent.closed() == ENDED


# --- resuming


def test_a_resumed_connection_replaces_the_previous(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    old = agent.connection
    agent.resume()
    assert old.receive() == Closed(4409, "replaced")
    broadcast(world, alice, 1)
    assert received(agent, 1) == [1]
    world.advance(10)  # the end of the old one starts no grace
    assert world.session(alice.session_id)["live_participants"] == 2
    agent.nothing()


def test_a_second_connection_without_an_id_is_another(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id, "")
    first, first_id = agent.connection, agent.id
    agent.join("")
    assert agent.id != first_id
    second, agent.connection = agent.connection, first
    agent.nothing()
    agent.connection = second
    agent.nothing()
    assert world.get(f"/meetings/{meeting_id}/active-session").data["live_participants"] == 2


def test_subscriptions_are_replaced_but_what_is_queued_stays(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id, "broadcast")
    agent.drop()
    broadcast(world, alice, 1)
    agent.resume("participant")
    assert received(agent, 1) == [1]
    assert agent.identify()["subscriptions"] == ["participant"]
    broadcast(world, alice, 2)
    world.join(meeting_id, "Bob")
    agent.event("participant.join")
    agent.nothing()


def test_a_fresh_token_of_the_participant_resumes(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent = agents.join(meeting_id)
    agent.drop()
    world.advance(1)
    path = f"/meetings/{meeting_id}/participants/{agent.participant_id}/token"
    agent.token = world.post(path).data["token"]
    agent.resume()
    agent.nothing()


def test_nobody_else_resumes(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent, other = agents.join(meeting_id, ""), agents.join(meeting_id, "", "Other")
    agent.token, own = other.token, agent.token
    with pytest.raises(RefusedError) as caught:
        agent.resume()
    assert caught.value.status == 404
    agent.token = own
    agent.nothing()  # and the connection is as before


def test_results_of_requests_are_not_replayed(world: World, agents: Agents) -> None:
    agent = agents.join(world.meeting())
    agent.connection.send('{"category": "request", "request_id": "old", "name": "connection.ping", "data": {}}')
    agent.drop()
    agent.resume()
    agent.nothing()


# --- the queue


def test_ten_thousand_events_are_kept_and_no_more(world: World) -> None:
    agents = Agents(world, InProcess)
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    kept, full = agents.join(meeting_id), agents.join(meeting_id, "broadcast", "Full")
    other = agents.join(meeting_id, "participant", "Other")
    kept.event("participant.join")
    kept.event("participant.join")
    assert MAX_QUEUED == 10_000
    events = world.emulator.services.agents._events
    with world.emulator.world.transaction() as now:
        for number in range(MAX_QUEUED):
            events.broadcast(alice.session_id, "n", number, now)
    assert received(kept, MAX_QUEUED) == list(range(MAX_QUEUED))
    kept.nothing()
    broadcast(world, alice, "one too many")
    assert received(kept, 1) == ["one too many"]
    assert full.closed() == OVERFLOW
    assert other.event("participant.leave")["participant"]["participant_id"] == full.participant_id
    for _ in range(2):
        full.resume()
        assert full.closed() == OVERFLOW
    agents.close()


def test_an_overflow_within_the_grace(world: World, agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_events, "MAX_QUEUED", 2)
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    agent.drop()
    broadcast(world, alice, 1, 2)
    assert world.session(alice.session_id)["live_participants"] == 2
    broadcast(world, alice, 3)
    assert world.session(alice.session_id)["live_participants"] == 1
    agent.resume()
    assert agent.closed() == OVERFLOW


@over_websockets
def test_who_does_not_read_overflows(world: World, agents: Agents, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_events, "MAX_QUEUED", 3)
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    large = "x" * 500_000
    sent = 0
    while world.session(alice.session_id)["live_participants"] == 2:
        broadcast(world, alice, large)
        sent += 1
        assert sent < 100
    while isinstance(close := agent.connection.receive(), str):
        sent -= 1
    assert close == OVERFLOW
    assert 0 < sent <= 5  # those that were queued, the one too many, and one that was being sent


@over_websockets
def test_who_does_not_read_is_replaced_without_a_loss(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = agents.join(meeting_id)
    old = agent.connection
    large = "x" * 500_000
    broadcast(world, alice, *(f"{number} {large}" for number in range(40)))
    agent.resume()
    frames = [json.loads(str(text)) for text in iter(old.receive, Closed(4409, "replaced"))]
    numbers = [int(frame["data"]["payload"].partition(" ")[0]) for frame in frames]
    first = int(agent.event("broadcast.received")["payload"].partition(" ")[0])
    assert numbers == list(range(len(numbers)))
    assert 0 < len(numbers) < 40
    assert first in {len(numbers), len(numbers) - 1}  # at least once
    for number in range(first + 1, 40):
        assert agent.event("broadcast.received")["payload"].startswith(f"{number} ")


def test_what_is_rolled_back_is_not_sent(world: World, agents: Agents) -> None:
    alice = world.join(meeting_id := world.meeting())
    agent = agents.join(meeting_id)

    def fail() -> None:
        with world.emulator.world.transaction() as now:
            world.emulator.services.lifecycle.broadcast(alice.session_id, alice.peer_id, "n", "never", now)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    broadcast(world, alice, 1)
    assert received(agent, 1) == [1]
    agent.nothing()


# --- the emulator stops


def test_a_restart_keeps_connections_and_ends_the_grace(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Emulator(path) as emulator, emulator.serve() as server:
        world = World(emulator, server)
        agents = Agents(world, WebSocket)
        meeting_id = world.meeting()
        alice = world.join(meeting_id)
        stays, gone, ended = (agents.join(meeting_id, "", name) for name in ("Stays", "Gone", "Ended"))
        world.post(f"/meetings/{meeting_id}/active-session/kick", {"participant_ids": [ended.participant_id]})
        assert ended.closed() == Closed(4403, "upstream_rejected")
    assert [agent.closed().code for agent in (stays, gone)] == [1012, 1012]
    agents.close()
    with Emulator(path) as emulator, emulator.serve() as server:
        world = World(emulator, server)
        agents = Agents(world, WebSocket)
        for agent in (stays, gone, ended):
            agent.world, agent._open = world, agents._opened
        stays.resume()
        stays.nothing()
        world.advance(5)
        assert world.session(alice.session_id)["live_participants"] == 2
        ended.resume()
        assert ended.closed() == Closed(4403, "upstream_rejected")
        gone.resume()
        gone.event("session.started")
        agents.close()


def test_a_killed_emulator_starts_the_grace_when_it_starts_again(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Emulator(path) as emulator, emulator.serve() as server:
        world = World(emulator, server)
        alice = world.join(meeting_id := world.meeting())
        Agents(world, InProcess).join(meeting_id)
        emulator.close()  # nothing is written any more
    with Emulator(path) as emulator, emulator.serve() as server:
        world = World(emulator, server)
        assert world.session(alice.session_id)["live_participants"] == 2
        world.advance(5)
        assert world.session(alice.session_id)["live_participants"] == 1


def test_a_server_that_stops_starts_the_grace() -> None:
    with Emulator() as emulator:
        with emulator.serve() as server:
            world = World(emulator, server)
            agents = Agents(world, WebSocket)
            alice = world.join(meeting_id := world.meeting())
            agent = agents.join(meeting_id)
        assert agent.closed() == Closed(1012, "")
        agents.close()
        with emulator.serve() as server:
            world = World(emulator, server)
            assert world.session(alice.session_id)["live_participants"] == 2
            world.advance(5)
            assert world.session(alice.session_id)["live_participants"] == 1


def test_a_reset_closes_every_connection(world: World, agents: Agents) -> None:
    meeting_id = world.meeting()
    agent, other = agents.join(meeting_id, ""), agents.join(meeting_id, "", "Other")
    other.drop()
    world.emulator.reset()
    assert agent.closed().code == 1012
    agent.wait_until_gone()
    assert world.emulator.services.agents._events.queues == {}
    for gone in (agent, other):
        with pytest.raises(RefusedError) as caught:
            gone.resume()
        assert caught.value.status == 404
    assert world.get("/meetings").data == []


def test_closing_the_emulator_closes_every_connection() -> None:
    emulator = Emulator()
    with emulator.serve() as server:
        world = World(emulator, server)
        agent = Agents(world, InProcess).join(world.meeting())
    waiting = threading.Thread(target=lambda: closes.append(agent.connection.receive()))
    closes: list[Any] = []
    waiting.start()
    emulator.close()
    waiting.join(10)
    assert closes == [Closed(1012, "")]
    agent.connection.close(1000)


# --- in this process


def opened(world: World) -> tuple[Who, AgentSocket]:
    meeting_id = world.meeting()
    alice = world.join(meeting_id)
    agent = Agents(world, InProcess).join(meeting_id)
    assert isinstance(agent.connection, InProcess)
    return alice, agent.connection._socket


def test_a_timeout_and_an_end_from_another_thread(world: World) -> None:
    _, socket = opened(world)
    with pytest.raises(TimeoutError):
        socket.receive(0)
    with pytest.raises(TimeoutError):
        socket.receive(0.01)
    threading.Timer(0.01, socket.close, (1000, "bye")).start()
    with pytest.raises(SocketClosedError, match="closed with 1000 bye"):
        socket.receive()
    with pytest.raises(SocketClosedError):
        socket.send("{}")
    with pytest.raises(SocketClosedError):
        socket.receive(0)
    socket.close(1001)  # once is enough


def test_event_loops(world: World) -> None:
    alice, socket = opened(world)

    async def listen() -> list[Any]:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.receive_async(), 0.01)
        threading.Timer(0.01, broadcast, (world, alice, 1, 2)).start()
        found = [json.loads(await socket.receive_async())["data"]["payload"] for _ in range(2)]
        threading.Timer(0.01, socket.close).start()
        with pytest.raises(SocketClosedError):
            await socket.receive_async()
        return found

    waiting = asyncio.new_event_loop()  # one that ends while it waits
    task = waiting.create_task(socket.receive_async())
    waiting.run_until_complete(asyncio.sleep(0))
    broadcast(world, alice, 0)
    assert json.loads(socket.receive(0))["data"]["payload"] == 0
    task.cancel()
    waiting.run_until_complete(asyncio.gather(task, return_exceptions=True))
    waiting.close()
    assert asyncio.run(listen()) == [1, 2]


def test_many_threads(world: World) -> None:
    meeting_id = world.meeting()
    people = [world.join(meeting_id, f"P{number}") for number in range(4)]
    agents = [
        Agents(world, kind).join(meeting_id, "broadcast", f"A{number}")
        for number in range(4)
        for kind in (InProcess, WebSocket)
    ]
    with ThreadPoolExecutor(12) as pool:
        talking = [pool.submit(broadcast, world, who, *((who.peer_id, n) for n in range(50))) for who in people]
        heard = [pool.submit(received, agent, 200) for agent in agents]
        for future in talking:
            future.result()
        for found in heard:
            for who in people:  # in order, for each source
                assert [number for peer, number in found.result() if peer == who.peer_id] == list(range(50))
    for agent in agents:
        agent.connection.close(1000)


def test_nothing_is_kept_of_agents_that_are_gone(world: World, agents: Agents) -> None:
    queues = world.emulator.services.agents._events.queues
    alice = world.join(meeting_id := world.meeting())
    left, late, ended = (agents.join(meeting_id, "broadcast", name) for name in ("Left", "Late", "Ended"))
    broadcast(world, alice, 1)
    for agent in (left, late, ended):
        assert received(agent, 1) == [1]
    left.leave()
    late.drop()
    world.advance(5)
    assert queues.keys() == {ended.id}
    world.emulator.end(meeting_id)
    ended.event("session.ended")
    assert ended.closed() == ENDED
    assert queues == {}
    ended.resume()
    assert ended.closed() == ENDED


@over_websockets
def test_frames_in_fragments_and_frames_that_are_too_large(world: World, agents: Agents) -> None:
    agent = agents.join(world.meeting())
    assert isinstance(agent.connection, WebSocket)
    ping = '{"category": "request", "request_id": "\u00e9", "name": "connection.ping", "data": {}}'
    agent.connection._socket.send(iter(ping))
    assert agent.frame()["request_id"] == "\u00e9"
    agent.connection.send("x" * 2_000_000)
    assert agent.closed().code == 1009
    agent.resume().nothing()


# --- what is not an upgrade, and what is of something else


def test_a_request_that_asks_for_no_upgrade(world: World) -> None:
    response = world.send("GET", "/agent-ws/v1?subscriptions=", headers={"Authorization": "Bearer x"})
    assert (response.status, response.json()["error"]["code"]) == (400, "BAD_REQUEST")


def test_an_upgrade_elsewhere_is_answered_as_a_request(world: World) -> None:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    for path, status in ((f"{world.app}/meetings", 401), ("/_emulator/openapi.json", 200), ("/nothing", 401)):
        connection = http.client.HTTPConnection(world.address, timeout=10)
        connection.request("GET", path, headers=upgrade)
        response = connection.getresponse()
        assert response.status == status
        assert json.loads(response.read())
        connection.close()


def test_hosts_are_checked(world: World) -> None:
    agent = Agents(world, InProcess).add(world.meeting())
    headers = {"host": "evil.example", "authorization": f"Bearer {agent.token}", "sec-websocket-protocol": SUBPROTOCOL}
    response, connection = world.emulator.upgrade(Request("GET", "/agent-ws/v1", "", headers, b""))
    assert (response.status, connection) == (403, None)


@over_websockets
def test_no_log_has_the_token(world: World, agents: Agents, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("uvicorn.error", "websockets.server"):
        caplog.set_level(logging.DEBUG, name)
    agent = agents.join(world.meeting())
    assert agent.token not in repr(world.emulator.services.agents._requests)
    from_server = [record.getMessage() for record in caplog.records if record.name != "websockets.client"]
    assert agent.token not in "\n".join(from_server)
