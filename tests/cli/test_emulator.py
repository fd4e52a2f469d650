"""`realtimekit emulator` as a process, with and without the demo, and the commands that control a running one."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from realtimekit import NotFoundError, RealtimeKit, ValidationError
from realtimekit.cli import demo_scenario
from realtimekit.emulator.http import Request

from .command import COMMAND, environment, error_line, invoke, invoke_ok
from .conftest import Served

# --- starting an emulator ---------------------------------------------------------------------------------------------


@contextmanager
def started(*arguments: str) -> Generator[dict[str, str]]:
    """Start an emulator in a process of its own, and yield what it prints when it is ready."""
    with subprocess.Popen(
        [COMMAND, "emulator", "--port", "0", "--json", *arguments],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        try:
            ready: dict[str, str] = json.loads(process.stdout.readline())
            yield ready
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


def client_of(ready: dict[str, str]) -> RealtimeKit:
    given: dict[str, Any] = {name: value for name, value in ready.items() if name not in {"control_url", "agent_url"}}
    return RealtimeKit(**given, transport="httpcore2")


def test_observed() -> None:
    with started("--observed", "--demo") as ready, client_of(ready) as client:
        assert client.webhooks.all() == []
        with pytest.raises(NotFoundError):
            client.webhooks.find("901e9adf-ebd9-41f0-9098-28171bc04ddd")
        preset = client.presets.find(client.presets.all()[0].id).to_dict()
        with pytest.raises(ValidationError, match="config_diff"):
            client.presets.create(**{name: preset[name] for name in ("config", "permissions", "ui")}, name="x")


def test_the_demo_ends_at_the_present(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    with started("--demo") as ready, client_of(ready) as client:
        session = client.sessions.find("sess-1")
        assert session.ended_at is not None
        since = timedelta(seconds=demo_scenario.PROCESSING_TIME)
        assert before - since - timedelta(seconds=1) < session.ended_at < datetime.now(UTC) - since
        app = client.apps.current()
        assert app.created_at is not None
        assert session.started_at is not None
        assert app.created_at <= session.started_at
        # Its clock goes on from here as every other does.
        now = client.meetings.create(title="Now").created_at
        assert now is not None
        assert before < now < datetime.now(UTC)

        recording = client.recordings.find("rec-1")
        assert (recording.status, recording.session_id) == ("UPLOADED", "sess-1")
        assert recording.file_size == recording.download(tmp_path / "recording.mp4").stat().st_size > 0
        assert client.recordings.count() == 1


def test_the_demo_runs_once_per_database_file(tmp_path: Path) -> None:
    for _ in range(2):
        with started("--demo", "--db", str(tmp_path / "emulator.db")) as ready, client_of(ready) as client:
            assert [session.id for session in client.sessions.where()] == ["sess-1"]


def test_start_options_are_refused_before_a_command(served: Served) -> None:
    result = invoke("emulator", "--port", "1", "advance", "1", env=served.env)
    assert result.exit_code == 2
    assert "--port is only for starting an emulator" in result.stderr


# --- controlling a running emulator -----------------------------------------------------------------------------------


def control(served: Served, *arguments: str) -> Any:
    return json.loads(invoke_ok("emulator", *arguments, "--json", env=served.env))


def meeting_of(served: Served, *names: str) -> tuple[str, list[str]]:
    with served.client() as client:
        meeting = client.meetings.create(title="Planning", transcribe_on_end=True)
        people = [
            meeting.participants.create(name=name, custom_participant_id=name, preset_name="group_call_participant").id
            for name in names
        ]
        return meeting.id, people


def test_a_meeting_from_beginning_to_end(served: Served) -> None:
    meeting_id, (alice, bob) = meeting_of(served, "Alice", "Bob")
    first = control(served, "join", meeting_id, alice)
    second = control(served, "join", meeting_id, bob)
    session_id = first["session_id"]
    assert second["session_id"] == session_id
    assert control(served, "chat", session_id, first["peer_id"], "hello")["message_id"]
    assert control(served, "speak", session_id, second["peer_id"], "morning", "--start-ms", "500") == {
        "start_ms": 500,
        "end_ms": 500 + demo_scenario.SPEECH_MS_PER_CHARACTER * len("morning"),
    }
    control(served, "speak", session_id, second["peer_id"], "later", "--start-ms", "2000", "--end-ms", "2001")
    assert control(served, "leave", meeting_id, second["peer_id"]) == {}
    before = served.emulator.now()
    assert control(served, "advance", "90.5")["now"] > before
    assert control(served, "end", meeting_id) == {"session_id": session_id}
    with served.client() as client:
        session = client.sessions.find(session_id)
        assert session.status == "ENDED"
        assert [(person.display_name, person.left_at is not None) for person in session.participants] == [
            ("Alice", True),
            ("Bob", True),
        ]
        assert [message.payload for message in session.chat.messages()] == ["hello"]
        said = [(segment.text, segment.end) for segment in session.transcript.segments()]
        assert said == [("morning", timedelta(milliseconds=920)), ("later", timedelta(milliseconds=2001))]


def test_broadcasts_and_the_end_as_an_agent_is_told(served: Served) -> None:
    meeting_id, (alice,) = meeting_of(served, "Alice")
    with served.client() as client:
        participants = client.meetings.find(meeting_id).participants
        bot = participants.create(name="Bot", custom_participant_id="bot", preset_name="group_call_participant")
    assert bot.token is not None
    headers = {
        "host": "localhost",
        "authorization": f"Bearer {bot.token.reveal()}",
        "sec-websocket-protocol": "realtimekit.v1",
    }
    upgrade = Request("GET", "/agent-ws/v1", "subscriptions=broadcast", headers, b"")
    _, socket = served.emulator.upgrade(upgrade)
    assert socket is not None
    joined = control(served, "join", meeting_id, alice)
    assert control(served, "broadcast", joined["session_id"], joined["peer_id"], "hand", '{"up": [true, null]}') == {}
    control(served, "broadcast", joined["session_id"], joined["peer_id"], "hand")
    control(served, "end", meeting_id, "--reason", "force_cleanup")
    frames = [json.loads(socket.receive(5))["data"] for _ in range(4)]
    assert [frame["payload"] for frame in frames[1:3]] == [{"up": [True, None]}, {}]
    assert frames[1]["type"] == "hand"
    assert frames[3]["reason"] == "force_cleanup"


@pytest.mark.parametrize("payload", ["{", "text", "NaN", "[" * 100_000])
def test_a_payload_that_is_not_json(served: Served, payload: str) -> None:
    assert "is not JSON" in invoke("emulator", "broadcast", "s", "p", "type", payload, env=served.env).stderr


def test_for_people(served: Served) -> None:
    meeting_id, (alice,) = meeting_of(served, "Alice")
    line = invoke_ok("emulator", "join", meeting_id, alice, env=served.env)
    (peer,) = served.emulator.world.store.rows("select * from peers")
    assert line == f"Joined the session {peer['session_id']} as the peer {peer['id']}\n"
    assert invoke_ok("emulator", "end", meeting_id, env=served.env) == f"The session {peer['session_id']} has ended\n"
    assert invoke_ok("emulator", "advance", "1", env=served.env).startswith("The time is 20")


def test_no_account_is_needed(served: Served) -> None:
    for place in (served.server.base_url, served.server.base_url.removesuffix("/client/v4")):
        invoke_ok("emulator", "advance", "0", "--emulator", place, env=environment())


def test_requests(served: Served) -> None:
    invoke_ok("sessions", "list", env=served.env)
    (request,) = control(served, "requests")
    assert (request["method"], request["status"]) == ("GET", 200)
    assert request["path"].endswith("/sessions")
    assert "Requests: 1" in invoke_ok("emulator", "requests", env=served.env)
    assert len(invoke_ok("emulator", "requests", "--csv", env=served.env).splitlines()) == 2


def test_reset_asks_first(served: Served) -> None:
    served.session("Planning", "Alice", "hello", "hi")
    result = invoke("emulator", "reset", env=served.env)
    assert (result.exit_code, "--yes" in result.stderr) == (2, True)
    with served.client() as client:
        assert client.sessions.count() == 1
        invoke_ok("emulator", "reset", "--yes", env=served.env)
        assert client.sessions.count() == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("join", "nothing", "nobody"), "resource not found"),
        (("leave", "nothing", "nobody"), "resource not found"),
        (("chat", "nothing", "nobody", "hello"), "resource not found"),
        (("speak", "nothing", "nobody", "hello", "--start-ms", "2", "--end-ms", "1"), "resource not found"),
        (("broadcast", "nothing", "nobody", "type"), "resource not found"),
        (("end", "nothing"), "resource not found"),
        (("advance", "1e12"), "must be a number from 0"),
    ],
)
def test_errors_of_the_emulator_are_one_line(served: Served, arguments: tuple[str, ...], why: str) -> None:
    assert why in error_line("emulator", *arguments, env=served.env)


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf", "soon"])
def test_the_clock_cannot_go_back(served: Served, seconds: str) -> None:
    result = invoke("emulator", "advance", "--", seconds, env=served.env)
    assert (result.exit_code, "number of seconds, 0 or more" in result.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [(), ("--emulator", "https://api.cloudflare.com"), ("--emulator", "nonsense")])
def test_an_emulator_is_needed(arguments: tuple[str, ...]) -> None:
    result = invoke("emulator", "advance", "1", *arguments, env=environment())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "emulator" in result.stderr.splitlines()[-1]


def test_no_emulator_responds() -> None:
    line = error_line("emulator", "advance", "1", "--emulator", "http://127.0.0.1:1", env=environment())
    assert "no emulator responds" in line
