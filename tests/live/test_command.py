"""`realtimekit meetings listen`."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.emulator.server import Server
from realtimekit.transports.emulator import connected
from tests.cli.command import COMMAND, environment_for, error_line, invoke

from .scripted_server import Refuse, ScriptedServer, Visit, kicked, participant, transcript

PRESET = "group_call_host"


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Emulator, Server]]:
    with Emulator() as emulator, emulator.serve() as server:
        yield emulator, server


@pytest.fixture
def meeting(served: tuple[Emulator, Server]) -> str:
    return RealtimeKit(**connected(served[0])).meetings.create(title="Weekly").id


def story(visit: Visit) -> None:
    visit.started()
    visit.event("participant.join", participant("Alice"))
    visit.event("participant.join", participant("Bob", waitlisted=True))
    visit.said("good", final=False)
    visit.said("good morning\x1b[31m\nall")
    visit.event("participant.leave", kicked("Alice"))
    visit.event("hand.raised", {"a": 1})
    visit.send_raw("{")
    visit.ended()


def arguments(meeting: str, *more: str) -> list[str]:
    return ["meetings", "listen", meeting, "--preset", PRESET, *more]


def test_captions_and_presence(served: tuple[Emulator, Server], meeting: str) -> None:
    with ScriptedServer(story) as agents:
        env = {**environment_for(*served), "REALTIMEKIT_AGENT_URL": agents.url}
        result = invoke(*arguments(meeting), env=env)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[:-2] == [
        "The agent is in session s-1",
        "-> Alice",
        "-> Bob (waits to be let in)",
        "Alice: good morning\ufffd[31m all",
        "<- peer-Alice",
        "hand.raised",
    ]
    assert lines[-2].endswith("may be missing: unreadable_frame)")
    assert lines[-1] == "The session ended: all_participants_left"


def test_json(served: tuple[Emulator, Server], meeting: str) -> None:
    with ScriptedServer(story) as agents:
        env = {**environment_for(*served), "REALTIMEKIT_AGENT_URL": agents.url}
        result = invoke(*arguments(meeting, "--json", "--partials", "--subscribe", "transcript"), env=env)
        assert agents.queries == [{"subscriptions": "transcript"}]
    documents: list[dict[str, Any]] = [json.loads(line) for line in result.stdout.splitlines()]
    assert [document["name"] for document in documents][:5] == [
        "session.started", "participant.join", "participant.join", "transcript.received", "transcript.received",
    ]  # fmt: skip
    assert documents[3] == {
        "name": "transcript.received",
        "session_id": "s-1",
        "data": transcript("good", final=False),
    }


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_leaves_the_meeting(served: tuple[Emulator, Server], meeting: str, name: str) -> None:
    inside = threading.Event()

    def act(visit: Visit) -> None:
        visit.started()
        inside.set()
        visit.wait_closed()

    with ScriptedServer(act) as agents:
        env = {**environment_for(*served), "REALTIMEKIT_AGENT_URL": agents.url}
        process = subprocess.Popen(
            [COMMAND, *arguments(meeting)], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "The agent is in session s-1\n"
            assert inside.wait(10)
            process.send_signal(getattr(signal, name))
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    assert errors == "Listening. Press Ctrl-C to stop.\n"
    assert agents.close_codes == [1000]


def test_a_signal_ends_it_although_nobody_reads_the_output(served: tuple[Emulator, Server], meeting: str) -> None:
    def act(visit: Visit) -> None:
        visit.started()
        for _ in range(4):  # more than a pipe holds
            visit.event("broadcast.received", {"type": "x", "payload": "x" * 100_000})
        visit.event("participant.join", participant("Alice"))
        visit.wait_closed()

    with ScriptedServer(act) as agents:
        env = {**environment_for(*served), "REALTIMEKIT_AGENT_URL": agents.url}
        process = subprocess.Popen([COMMAND, *arguments(meeting)], env=env, stdout=subprocess.PIPE, text=True)
        with process:
            try:
                assert process.stdout is not None
                assert process.stdout.readline() == "The agent is in session s-1\n"
                assert process.stdout.read(1) == "["
                process.send_signal(signal.SIGTERM)
                assert process.wait(20) == 1
            finally:
                process.kill()
    assert agents.close_codes == [1000]


def test_errors_are_one_line(served: tuple[Emulator, Server], meeting: str) -> None:
    env = environment_for(*served)
    assert PRESET in error_line("meetings", "listen", meeting, "--preset", "no-such-preset", env=env)
    with ScriptedServer(Refuse(401, "UNAUTHENTICATED", "Invalid token")) as agents:
        line = error_line(*arguments(meeting), env={**env, "REALTIMEKIT_AGENT_URL": agents.url})
    assert "Invalid token" in line
