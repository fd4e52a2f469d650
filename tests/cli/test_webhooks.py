"""`webhooks listen` and `trigger`, with a served emulator and a receiver with configurable responses."""

from __future__ import annotations

import errno
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from realtimekit.cli.webhooks_listen import DeliveryFolder
from realtimekit.emulator.sample_events import PLACEHOLDER_ID_PREFIX
from realtimekit.webhooks import MeetingEnded, MeetingParticipantJoined, MeetingSummary, parse_event

from .command import COMMAND, environment, error_line, invoke, invoke_ok
from .conftest import Served


class Receiving(HTTPServer):
    """Keeps deliveries, and responds with the next status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses: list[int] = []
        self.deliveries: list[tuple[dict[str, str], bytes]] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hooks"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server = self.server
        assert isinstance(server, Receiving)
        body = self.rfile.read(int(self.headers["content-length"]))
        server.deliveries.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(server.statuses.pop(0) if server.statuses else 204)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def receiving() -> Iterator[Receiving]:
    with Receiving() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def closed() -> str:
    """A URL of a closed port."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        return f"http://127.0.0.1:{unused.getsockname()[1]}/hooks"


# --- trigger ----------------------------------------------------------------------------------------------------------


def test_trigger(served: Served, receiving: Receiving) -> None:
    text = invoke_ok("webhooks", "trigger", "meeting.ended", "--to", receiving.url, env=served.env)
    assert text.startswith(f"meeting.ended of the session {PLACEHOLDER_ID_PREFIX}")
    assert f"(made up: there is no suitable one yet): {receiving.url} returned 204; delivered" in text
    ((headers, body),) = receiving.deliveries
    assert json.loads(body)["event"] == "meeting.ended"
    assert headers["rtk-signature"]


def test_what_is_triggered_can_be_read(served: Served, receiving: Receiving) -> None:
    """As the handlers in the docs do."""
    session_id = served.session("Planning", "Alice", "hello", "hi")
    for event in ("meeting.ended", "meeting.participantJoined", "meeting.summary"):
        text = invoke_ok("webhooks", "trigger", event, "--to", receiving.url, env=served.env)
        assert text.startswith(f"{event} of the session {session_id}: {receiving.url} returned 204; delivered")
    with served.client() as client:
        ended, joined, summary = (parse_event(json.loads(body), client=client) for _, body in receiving.deliveries)
        assert isinstance(ended, MeetingEnded)
        assert ended.session.minutes_consumed
        assert isinstance(joined, MeetingParticipantJoined)
        assert joined.participant_record.display_name == "Alice"
        assert isinstance(summary, MeetingSummary)
        assert summary.summary.text()


def test_trigger_needs_no_account(served: Served, receiving: Receiving) -> None:
    origin = served.server.base_url.removesuffix("/client/v4")
    for emulator in (origin, served.server.base_url):
        arguments = ("webhooks", "trigger", "meeting.chatSynced", "--to", receiving.url, "--emulator", emulator)
        document = json.loads(invoke_ok(*arguments, "--json", env=environment()))
        assert (document["state"], document["attempts"][0]["status"]) == ("delivered", 204)


@pytest.mark.parametrize(
    ("status", "outcome"), [(500, "will be retried"), (404, "failed for good"), (301, "failed for good")]
)
def test_trigger_that_is_refused(served: Served, receiving: Receiving, status: int, outcome: str) -> None:
    receiving.statuses = [status]
    result = invoke("webhooks", "trigger", "meeting.ended", "--to", receiving.url, env=served.env)
    assert result.exit_code == 1
    assert f"returned {status}; {outcome}" in result.stdout


def test_trigger_to_a_closed_port(served: Served, closed: str) -> None:
    result = invoke("webhooks", "trigger", "meeting.ended", "--to", closed, env=served.env)
    assert result.exit_code == 1
    assert "did not respond" in result.stdout


def test_trigger_an_unknown_event(served: Served, closed: str) -> None:
    line = error_line("webhooks", "trigger", "meeting.paused", "--to", closed, env=served.env)
    assert "meeting.started" in line
    origin = closed.removesuffix("/hooks")
    line = error_line("webhooks", "trigger", "meeting.ended", "--to", closed, "--emulator", origin, env=served.env)
    assert "no emulator responds" in line


@pytest.mark.parametrize("command", [("trigger", "meeting.ended", "--to", "http://127.0.0.1:1/"), ("listen",)])
@pytest.mark.parametrize(
    "emulator", [(), ("--emulator", "https://api.cloudflare.com/client/v4"), ("--emulator", "nonsense")]
)
def test_an_emulator_is_needed(command: tuple[str, ...], emulator: tuple[str, ...]) -> None:
    result = invoke(
        "webhooks", *command, *emulator, env=environment(CLOUDFLARE_API_TOKEN="t", CLOUDFLARE_ACCOUNT_ID="a")
    )
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--emulator" in result.stderr.splitlines()[-1]
    if not emulator:
        assert "REALTIMEKIT_BASE_URL is not set" in result.stderr
        assert "realtimekit emulator --demo" in result.stderr


def test_listen_names_all_missing_settings(served: Served) -> None:
    result = invoke("webhooks", "listen", "--emulator", served.server.base_url, env=environment())
    assert (result.exit_code, result.stdout) == (2, "")
    for name in ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID"):
        assert name in result.stderr.splitlines()[-1]


# --- listen -----------------------------------------------------------------------------------------------------------


class Listening:
    """`webhooks listen --json` in a process of its own."""

    def __init__(self, served: Served, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [COMMAND, "webhooks", "listen", "--json", *arguments],
            env=served.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        )  # fmt: skip
        assert self.process.stderr
        self.ready = self.process.stderr.readline()

    def next(self) -> dict[str, object]:
        assert self.process.stdout
        told: dict[str, object] = json.loads(self.process.stdout.readline())
        return told

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


def webhooks_of(served: Served) -> list[str]:
    with served.client() as client:
        return [webhook.url or "" for webhook in client.webhooks.where()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_listen(served: Served, number: int) -> None:
    listening = Listening(served)
    try:
        assert "Listening for 9 kinds of events" in listening.ready
        assert len(webhooks_of(served)) == 1
        session_id = served.session("Planning", "Alice", "hello", "hi")
        assert served.emulator.wait_for_deliveries()
        told = [listening.next() for _ in served.emulator.webhook_deliveries()]  # in no promised order
    finally:
        ended = listening.stop(number)
    assert ended[0] == 0, ended
    assert ended[2] == ""
    assert {"meeting.started", "meeting.ended", "meeting.summary"} <= {one["event"] for one in told}
    assert {(one["session_id"], one["verified"], one["status"]) for one in told} == {(session_id, True, 200)}
    assert webhooks_of(served) == []


def test_listen_forwards_unchanged(served: Served, receiving: Receiving) -> None:
    listening = Listening(served, "--forward-to", receiving.url, "--event", "meeting.ended")
    try:
        receiving.statuses = [503, 201]
        session_id = served.session("Planning", "Zoë", "hello", "hi")
        first = listening.next()
        assert served.emulator.wait_for_deliveries()  # the first try is recorded, or its next would be 10 s from later
        served.emulator.advance(60)  # the emulator tries again
        second = listening.next()
    finally:
        assert listening.stop()[0] == 0
    assert [(one["event"], one["session_id"], one["status"]) for one in (first, second)] == [
        ("meeting.ended", session_id, 503),
        ("meeting.ended", session_id, 201),
    ]
    assert first["delivery_id"] == second["delivery_id"]
    (delivery,) = served.emulator.webhook_deliveries()
    assert (delivery["state"], [attempt["status"] for attempt in delivery["attempts"]]) == ("delivered", [503, 201])
    with served.client() as client:
        from realtimekit.webhooks import Receiver

        for headers, body in receiving.deliveries:
            assert Receiver(client=client).verify(body, headers).type == "meeting.ended"


def test_listen_forwards_to_a_closed_port(served: Served, closed: str) -> None:
    listening = Listening(served, "--forward-to", closed, "--event", "meeting.ended")
    try:
        served.session("Planning", "Alice", "hello", "hi")
        told = listening.next()
        with served.client() as client:
            (webhook,) = client.webhooks.where()
        assert served.emulator.wait_for_deliveries()
    finally:
        assert listening.stop()[0] == 0
    assert (told["status"], told["verified"]) == (502, True)
    assert told["error"]
    assert webhook.url
    assert [attempt["status"] for attempt in served.emulator.webhook_deliveries()[0]["attempts"]] == [502]


def test_listen_shows_invalid_deliveries(served: Served) -> None:
    import urllib.request
    from urllib.error import HTTPError

    listening = Listening(served)
    try:
        (url,) = webhooks_of(served)
        for target, data, status in (
            (url, b'{"event": "meeting.ended"}', 401),
            (url.rpartition("/")[0] + "/guessed", b"{}", 404),
        ):
            with pytest.raises(HTTPError) as refused:
                urllib.request.urlopen(urllib.request.Request(target, data, {"rtk-signature": "AAAA"}), timeout=10)
            with refused.value as answer:
                assert answer.code == status
        told = listening.next()
    finally:
        code, out, _ = listening.stop()
    assert (code, out) == (0, "")
    assert (told["event"], told["verified"], told["status"]) == ("meeting.ended", False, 401)
    assert told["problem"]


def test_what_is_saved_can_be_verified(served: Served, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deliveries"
    before, told = 0, []
    for _ in range(2):  # the second adds to the first
        listening = Listening(served, "--save", str(folder))
        try:
            assert f"saving to {folder}" in listening.ready
            served.session("Planning", "Zoë", "hello", "hi")
            assert served.emulator.wait_for_deliveries()
            told = [listening.next() for _ in served.emulator.webhook_deliveries()[before:]]
        finally:
            assert listening.stop()[0] == 0
        before += len(told)
    bodies = sorted(folder.glob("*.json"))
    assert len(bodies) == before == len(list(folder.glob("*.headers")))
    assert [path.name[:5] for path in bodies] == [f"{number:04}-" for number in range(1, before + 1)]
    for one in told:
        body = Path(str(one["saved"]))
        assert body.name.endswith(f"-{one['event']}.json")
        given = ("--body", str(body), "--headers", str(body.with_suffix(".headers")), "--json")
        document = json.loads(invoke_ok("webhooks", "verify", *given, env=served.env))
        assert (document["verified"], document["event"]) == (True, one["event"])
        assert (document["session_id"], document["delivery_id"]) == (one["session_id"], one["delivery_id"])


def test_what_is_saved_stays_in_its_folder(tmp_path: Path) -> None:
    kept = DeliveryFolder(str(tmp_path / "kept"))
    for number, event in enumerate(["../../elsewhere", "/etc", "", ".", "a" * 300, "meeting.ended\n", "?"], 1):
        path = Path(kept.add(event, b"{}", {"rtk-uuid": "a\r\nrtk-signature: x"}))
        assert path == tmp_path / "kept" / f"{number:04}-unknown.json"
        assert path.with_suffix(".headers").read_text(encoding="ascii") == "rtk-uuid: a rtk-signature: x\n"
    assert Path(kept.add("meeting.ended", b"{}", {})).name == "0008-meeting.ended.json"


def test_a_delivery_is_saved_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = DeliveryFolder(str(tmp_path))
    (tmp_path / "0001-meeting.ended.json").write_text("of another listener")
    assert Path(kept.add("meeting.ended", b"{}", {})).name == "0002-meeting.ended.json"
    before = {path.name for path in tmp_path.iterdir()}
    assert before == {"0001-meeting.ended.json", "0002-meeting.ended.json", "0002-meeting.ended.headers"}
    left = 0

    def fsync(_: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    for failing in (1, 3):  # the headers, the body: after the sync of a file comes that of its folder
        left = failing
        with pytest.raises(OSError, match="No space left"):
            kept.add("meeting.ended", b"{}", {})
        assert {path.name for path in tmp_path.iterdir()} == before


def test_listen_cannot_save(served: Served, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = invoke("webhooks", "listen", "--save", str(tmp_path / "file"), env=served.env)
    assert (result.exit_code, "give a folder" in result.stderr) == (2, True)
    assert webhooks_of(served) == []


def test_listen_for_people(served: Served) -> None:
    with subprocess.Popen(
        [COMMAND, "webhooks", "listen"], env=served.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        assert process.stdout
        process.stderr.readline()
        session_id = served.session("Planning", "Alice", "hello", "hi")
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 0
    assert session_id in line
    assert line.rstrip().endswith("verified")


def test_listen_for_an_unknown_event(served: Served) -> None:
    assert "meeting.started" in error_line("webhooks", "listen", "--event", "meeting.paused", env=served.env)
    assert webhooks_of(served) == []


def test_triggered_deliveries_verify_with_the_emulators_key(
    served: Served, receiving: Receiving, tmp_path: Path
) -> None:
    invoke_ok("webhooks", "trigger", "meeting.ended", "--to", receiving.url, env=served.env)
    ((headers, body),) = receiving.deliveries
    (tmp_path / "body").write_bytes(body)
    given = ("--body", str(tmp_path / "body"), "--header", f"rtk-signature: {headers['rtk-signature']}")
    assert invoke_ok("webhooks", "verify", *given, env=served.env).startswith("Verified: ")
    url = served.server.base_url.removesuffix("/client/v4") + "/.well-known/webhooks.json"
    assert invoke_ok("webhooks", "verify", *given, "--key-url", url, env=environment()).startswith("Verified: ")


@pytest.mark.parametrize(
    "command",
    [
        ("create", "--name", "n", "--url", "https://x.example", "--event", "meeting.ended", "--event", "meeting.end"),
        ("update", "{webhook}", "--event", "meeting.end"),
        ("listen", "--event", "Meeting.Ended"),
        ("trigger", "meeting.end", "--to", "http://127.0.0.1:1/"),
    ],
    ids=lambda command: command[0],
)
def test_a_misspelled_event_gets_a_suggestion(served: Served, command: tuple[str, ...]) -> None:
    with served.client() as client:
        webhook = client.webhooks.create(name="n", url="https://other.example", events=["meeting.started"])
    line = error_line("webhooks", *(word.format(webhook=webhook.id) for word in command), env=served.env)
    assert line.endswith("; did you mean meeting.ended?")


def test_an_event_similar_to_no_other_gets_no_suggestion(served: Served) -> None:
    command = ("webhooks", "create", "--name", "n", "--url", "https://x.example", "--event")
    assert "did you mean" not in error_line(*command, "zzz", env=served.env)
    assert "did you mean" not in error_line(
        *command, "meeting.ended", env={**served.env, "REALTIMEKIT_APP_ID": "other"}
    )
