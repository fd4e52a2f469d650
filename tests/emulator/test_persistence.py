"""`realtimekit emulator` as a process: its output, its exit, and what its file keeps."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

COMMAND = str(Path(sys.executable).with_name("realtimekit"))
KEYS = ["base_url", "control_url", "agent_url", "account_id", "app_id", "api_token"]
CREDENTIALS = ("account_id", "app_id", "api_token")
PATIENCE = 20  # seconds; only a broken emulator takes so long


@contextmanager
def started(*options: str) -> Generator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Start an emulator in a process of its own, and yield it with the line that it printed."""
    process = subprocess.Popen(
        [COMMAND, "emulator", "--json", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )
    assert process.stdout
    try:
        line = process.stdout.readline()  # arrives only if it is flushed
        yield process, json.loads(line) if line else {}
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def stopped(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str, str]:
    """Return the exit code, the rest of stdout, and stderr."""
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [COMMAND, "emulator", "--json", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


class Api:
    """A client of the emulator that printed this line."""

    def __init__(self, said: dict[str, str]) -> None:
        self.said = said
        self.app = f"{urlsplit(said['base_url']).path}/accounts/{said['account_id']}/realtime/kit/{said['app_id']}"

    def call(self, method: str, target: str, body: object = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.said["base_url"]).netloc, timeout=PATIENCE)
        try:
            headers = {
                "Authorization": f"Bearer {self.said['api_token']}",
                "Content-Type": "application/json",
                "Connection": "close",
            }
            connection.request(method, target, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if "json" in response.headers["content-type"] else content
        finally:
            connection.close()

    def data(self, method: str, path: str, body: object = None) -> Any:
        status, response = self.call(method, self.app + path, body)
        assert status in {200, 201}, response
        return response["data"]

    def control(self, path: str, body: object = None) -> Any:
        status, response = self.call("POST", f"/_emulator{path}", body or {})
        assert status == 200, response
        return response

    def joined(self) -> tuple[str, str, Any]:
        """(meeting, participant, peer and session)."""
        meeting = self.data("POST", "/meetings", {"title": "Planning", "transcribe_on_end": True})["id"]
        given = {"name": "Alice", "custom_participant_id": "alice", "preset_name": "group_call_host"}
        participant = self.data("POST", f"/meetings/{meeting}/participants", given)["id"]
        return meeting, participant, self.control(f"/meetings/{meeting}/join", {"participant_id": participant})


def test_one_line_and_a_clean_end() -> None:
    with started() as (process, said):
        assert list(said) == KEYS
        origin = said["base_url"].removesuffix("/client/v4")
        assert said["control_url"] == f"{origin}/_emulator"
        address = urlsplit(origin)
        assert (address.scheme, address.hostname) == ("http", "127.0.0.1")
        assert address.port
        assert all(said[name] for name in CREDENTIALS)
        assert Api(said).data("GET", "/meetings") == []
        assert stopped(process, signal.SIGTERM) == (0, "", "")


def test_it_listens_only_on_the_printed_address() -> None:
    with started() as (_, said):
        port = urlsplit(said["base_url"]).port
        others = [("127.0.0.2", port), (socket.gethostbyname(socket.gethostname()), port)]
        for address in others:
            if address[0] == "127.0.0.1":
                continue
            with socket.socket() as probe:
                probe.settimeout(5)
                assert probe.connect_ex(address) != 0, address


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_stop_it_and_keep_the_file_intact(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "kit.db"
    with started("--db", str(file)) as (process, said):
        Api(said).data("POST", "/meetings", {"title": "kept"})
        # a client that keeps its connection open must not hold it up
        with socket.create_connection(("127.0.0.1", urlsplit(said["base_url"]).port or 0), timeout=PATIENCE):
            assert stopped(process, number) == (0, "", "")
    with sqlite3.connect(file) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
        assert database.execute("select title from meetings").fetchall() == [("kept",)]
    database.close()
    with started("--db", str(file)) as (_, again):
        assert [again[name] for name in CREDENTIALS] == [said[name] for name in CREDENTIALS]
        assert [meeting["title"] for meeting in Api(again).data("GET", "/meetings")] == ["kept"]


def test_a_half_sent_request_does_not_hold_it_up() -> None:
    with started() as (process, said):
        half = b"POST /_emulator/reset HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"
        with socket.create_connection(("127.0.0.1", urlsplit(said["base_url"]).port or 0), timeout=PATIENCE) as client:
            client.sendall(half)
            Api(said).data("GET", "/meetings")  # by then it has read the other
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(timeout=4) == 0
            except subprocess.TimeoutExpired:
                pytest.fail("it still runs, 4 seconds after SIGTERM")


def test_acknowledged_changes_survive_kill_9(tmp_path: Path) -> None:
    file = tmp_path / "kit.db"
    with started("--db", str(file)) as (process, said):
        api = Api(said)
        made = [api.data("POST", "/meetings", {"title": f"{number}"})["id"] for number in range(30)]
        meeting, participant, here = api.joined()
        api.control(f"/sessions/{here['session_id']}/chat", {"peer_id": here["peer_id"], "text": "written"})
        speech = {"peer_id": here["peer_id"], "text": "spoken", "start_ms": 0, "end_ms": 9}
        api.control(f"/sessions/{here['session_id']}/speech", speech)
        now = api.control("/clock", {"advance_seconds": 86_400})["now"]
        process.kill()
        process.wait(timeout=PATIENCE)
    with started("--db", str(file)) as (process, again):
        assert [again[name] for name in CREDENTIALS] == [said[name] for name in CREDENTIALS]
        api = Api(again)
        assert {item["id"] for item in api.data("GET", "/meetings?per_page=100")} == {*made, meeting}
        session = api.data("GET", f"/sessions/{here['session_id']}")
        assert (session["status"], session["live_participants"]) == ("LIVE", 1)
        assert api.data("GET", f"/meetings/{meeting}/participants/{participant}")["name"] == "Alice"
        assert api.control("/clock", {"advance_seconds": 0})["now"] >= now  # the clock is kept as well
        api.control(f"/meetings/{meeting}/end")
        link = api.data("GET", f"/sessions/{here['session_id']}/chat")["chat_download_url"]
        process.kill()
        process.wait(timeout=PATIENCE)
    with started("--db", str(file)) as (_, last):
        api = Api(last)
        # links are signed with a key that is kept
        status, chat = api.call("GET", urlsplit(link).path + "?" + urlsplit(link).query)
        assert status == 200
        assert b"written" in chat
        link = api.data("GET", f"/sessions/{here['session_id']}/transcript?format=JSON")["transcript_download_url"]
        status, (sentence,) = api.call("GET", urlsplit(link).path + "?" + urlsplit(link).query)
        assert (status, sentence["sentence"]) == (200, "spoken")


def test_without_a_file_nothing_persists(tmp_path: Path) -> None:
    with started() as (_, first), started() as (_, second):
        assert first["base_url"] != second["base_url"]
        assert first["api_token"] != second["api_token"]
    assert list(tmp_path.iterdir()) == []


def test_demo() -> None:
    with started("--demo") as (_, said):
        assert said["app_id"] == "app-1"
        api = Api(said)
        session = api.data("GET", "/sessions/sess-1")
        assert (session["id"], session["status"], session["organization_id"]) == ("sess-1", "ENDED", "app-1")
        assert api.data("GET", "/sessions/sess-1/participants/peer-1")["participant"]["display_name"]
        assert api.data("GET", "/sessions/peer-report/peer-1")["participant"]["session_id"] == "sess-1"
        assert api.data("GET", "/sessions/sess-1/livestream-sessions")["data"]
        assert [item["id"] for item in api.data("GET", "/sessions")["sessions"]] == ["sess-1"]


def test_the_demo_is_played_once(tmp_path: Path) -> None:
    options = ("--demo", "--db", str(tmp_path / "kit.db"))
    for _ in range(2):
        with started(*options) as (process, said):
            assert [item["id"] for item in Api(said).data("GET", "/sessions")["sessions"]] == ["sess-1"]
            assert stopped(process, signal.SIGTERM)[0] == 0


# --- what it cannot do


def complains(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Assert one clear line on stderr, nothing on stdout, and exit code 1."""
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    for word in words:
        assert word in line


def test_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        complains(run("--port", port), f"127.0.0.1:{port}", "in use")


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
def test_a_host_of_another_machine(host: str) -> None:
    complains(run("--port", "0", "--host", host), host)


def test_a_file_that_is_not_a_database(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("this is no database, and should be left as it is\n" * 50)
    done = run("--port", "0", "--db", str(file))
    assert file.read_text().startswith("this is no database")
    complains(done, str(file))


@pytest.mark.parametrize("path", ["missing/kit.db", "notes.txt/kit.db", "x" * 300])
def test_a_file_that_cannot_be_written(tmp_path: Path, path: str) -> None:
    (tmp_path / "notes.txt").write_text("x")
    complains(run("--port", "0", "--db", str(tmp_path / path)), str(tmp_path / path))


@pytest.mark.parametrize("options", [("--port", "65536"), ("--port", "x"), ("--db", "."), ("--colour",), ("more",)])
def test_wrong_usage(options: tuple[str, ...]) -> None:
    done = run(*options)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
