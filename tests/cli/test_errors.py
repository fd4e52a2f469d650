"""Errors: one line on stderr, nothing on stdout, no traceback, and never the token."""

from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .command import assert_error_line, environment, error_line, invoke, run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Served

COMMANDS = [("sessions", "list"), ("sessions", "show", "nothing"), ("sessions", "list", "--json")]
each_command = pytest.mark.parametrize("command", COMMANDS)


def without(env: dict[str, str], name: str) -> dict[str, str]:
    return {other: value for other, value in env.items() if other != name}


@each_command
@pytest.mark.parametrize(
    ("variable", "option"),
    [
        ("CLOUDFLARE_API_TOKEN", ""),
        ("CLOUDFLARE_ACCOUNT_ID", "--account-id"),
        ("REALTIMEKIT_APP_ID", "--app-id"),
    ],
)
def test_a_missing_setting(served: Served, command: tuple[str, ...], variable: str, option: str) -> None:
    line = error_line(*command, env=without(served.env, variable))
    assert f"et {variable}" in line  # "set", or "Set"
    assert option in line
    assert "=" not in line
    assert served.emulator.api_token not in line


@each_command
def test_a_wrong_token(served: Served, command: tuple[str, ...]) -> None:
    line = error_line(*command, env={**served.env, "CLOUDFLARE_API_TOKEN": "secret-but-wrong"})
    assert "401" in line
    assert "Authentication error" in line
    assert "secret-but-wrong" not in line


@pytest.mark.parametrize("token", ["two words", "Bearer x", "tok\ten", "é"])
def test_an_invalid_token(served: Served, token: str) -> None:
    line = error_line("sessions", "list", env={**served.env, "CLOUDFLARE_API_TOKEN": token})
    assert line.startswith("Error: CLOUDFLARE_API_TOKEN ")
    assert token not in line


@pytest.mark.parametrize("session_id", ["nothing", "../apps", "a/b", "a?x=1", "é", "%00", "--", " x "])
def test_an_unknown_session(served: Served, session_id: str) -> None:
    line = error_line("sessions", "show", "--", session_id, env=served.env)
    assert served.emulator.api_token not in line
    assert served.emulator.requests() == [] or served.emulator.requests()[-1]["path"].count("/") == 9


@pytest.mark.parametrize("session_id", ["", ".", "..", "   "])
def test_an_invalid_id(served: Served, session_id: str) -> None:
    result = invoke("sessions", "show", session_id, env=served.env)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.endswith(f"Invalid value for 'SESSION_ID': {session_id!r} is not a valid id\n")
    assert served.emulator.requests() == []  # nothing was sent


def test_the_attendance_of_an_unknown_meeting(served: Served) -> None:
    assert "not found" in error_line("meetings", "attendance", "nothing", env=served.env)


def test_an_unknown_app_and_account(served: Served) -> None:
    assert "404" in error_line("sessions", "list", "--app-id", "other", env=served.env)
    assert "404" in error_line("sessions", "list", "--account-id", "other", env=served.env)


def test_a_filter_that_the_api_refuses(served: Served) -> None:
    assert '"status" must be one of' in error_line("sessions", "list", "--status", "raw:SLEEPING", env=served.env)


def test_connection_refused(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    url = f"http://127.0.0.1:{port}/client/v4"
    line = error_line("sessions", "list", env={**served.env, "REALTIMEKIT_BASE_URL": url})
    assert f"127.0.0.1:{port}" in line
    assert served.emulator.api_token not in line


@pytest.mark.parametrize(
    "url", ["http://api.example.com", "ftp://localhost", "nonsense", "https://u:pw@example.com", " "]
)
def test_an_invalid_base_url(served: Served, url: str) -> None:
    env = (
        without(served.env, "CLOUDFLARE_ACCOUNT_ID") if url == " " else served.env
    )  # blank means the default: send nothing
    line = error_line("sessions", "list", env={**env, "REALTIMEKIT_BASE_URL": url})
    assert ("CLOUDFLARE_ACCOUNT_ID" if url == " " else "Error: REALTIMEKIT_BASE_URL") in line
    assert "pw" not in line


@pytest.mark.parametrize(
    "arguments",
    [
        ("sessions", "list", "--colour"),
        ("sessions", "list", "--limit", "0"),
        ("sessions", "list", "--limit", "many"),
        ("sessions", "list", "more"),
        ("sessions", "show"),
        ("sessions", "delete"),
        ("conferences",),
        ("--verbose",),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    ended = invoke(*arguments, env={})
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert [line for line in ended.stderr.splitlines() if line.startswith("Error: ")] == ended.stderr.splitlines()[-1:]


@pytest.mark.parametrize(
    ("case", "command", "code"),
    [
        ("no token", ("sessions", "list"), 1),
        ("wrong token", ("sessions", "list"), 1),
        ("unknown session", ("sessions", "show", "nothing"), 1),
        ("nobody listens", ("sessions", "list"), 1),
        ("wrong option", ("sessions", "list", "--colour"), 2),
    ],
)
def test_by_the_installed_script(served: Served, case: str, command: tuple[str, ...], code: int) -> None:
    env = {
        "no token": without(served.env, "CLOUDFLARE_API_TOKEN"),
        "wrong token": {**served.env, "CLOUDFLARE_API_TOKEN": "wrong"},
        "nobody listens": {**served.env, "REALTIMEKIT_BASE_URL": "http://127.0.0.1:1/client/v4"},
    }.get(case, served.env)
    ended = run(*command, env=env)
    assert served.emulator.api_token not in ended.stderr
    assert "Traceback" not in ended.stderr
    if code == 1:
        assert_error_line(ended.returncode, ended.stdout, ended.stderr)
    else:  # click's own form: usage, a hint, and the error
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.splitlines()[-1].startswith("Error: No such option")


# --- servers that are not the API


class Odd(BaseHTTPRequestHandler):
    """Responds with `answer`."""

    answer: tuple[int, str, bytes] = (200, "text/html", b"")

    def do_GET(self) -> None:
        status, kind, body = self.answer
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def odd() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/client/v4"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", b"<html>\nhello\n</html>"),
        (200, "application/json", b'{"success": false, "error": {"code": 1, "message": "two\\nlines"}}'),
        (403, "text/html", b"<h1>no\n</h1>"),
        (404, "application/json", b"{"),
        (
            400,
            "application/json",
            b'{"success":false,"error":{"code":400,"message":"\\u001b[31mred\\u0007\\u202e\\u009b"}}',
        ),
    ],
    ids=["html", "success false", "html error", "broken json", "escapes"],
)
def test_unexpected_responses(odd: str, answer: tuple[int, str, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Odd, "answer", answer)
    env = environment(
        REALTIMEKIT_BASE_URL=odd, CLOUDFLARE_API_TOKEN="t0ken", CLOUDFLARE_ACCOUNT_ID="a", REALTIMEKIT_APP_ID="b"
    )
    line = error_line("sessions", "list", env=env)
    assert line.isprintable()
    assert "t0ken" not in line


# --- a base URL that is not that of the API ---------------------------------------------------------------------------

EVERYWHERE: list[tuple[str, ...]] = [
    ("apps", "list"),
    ("meetings", "create", "--title", "T"),
    ("participants", "add", "--meeting", "m", "--custom-id", "c", "--preset", "p"),
    ("sessions", "show", "s"),
    ("sessions", "transcript", "s", "--vtt"),
    ("sessions", "quality", "s"),
    ("sessions", "report", "s"),
    ("sessions", "download", "s"),
    ("recordings", "start", "m"),
    ("livestreams", "stop", "m"),
    ("presets", "list"),
    ("webhooks", "events"),
    ("analytics", "daily"),
]


@pytest.mark.parametrize("command", EVERYWHERE, ids=lambda command: "-".join(command[:2]))
def test_a_base_url_without_its_path_gets_the_doctors_hint(
    served: Served, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    right = served.server.base_url
    origin = right.removesuffix("/client/v4")
    for path, found in (("", "it has no path"), ("/", "it has no path"), ("/v4", "it ends in /v4")):
        line = error_line(*command, env={**served.env, "REALTIMEKIT_BASE_URL": origin + path})
        hint = f"; check REALTIMEKIT_BASE_URL: {found}, and the API is at /client/v4: set it to {right}"
        assert line.endswith(hint), line


def test_the_doctor_names_the_same_base_url(served: Served) -> None:
    right = served.server.base_url
    diagnosis = invoke("doctor", env={**served.env, "REALTIMEKIT_BASE_URL": right.removesuffix("/client/v4")})
    assert f"set REALTIMEKIT_BASE_URL (base_url=) to {right}\n" in diagnosis.stdout


def test_a_web_page_at_the_base_url_gets_the_hint(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    env = environment(CLOUDFLARE_API_TOKEN="t", CLOUDFLARE_ACCOUNT_ID="a", REALTIMEKIT_APP_ID="b")
    origin = odd.removesuffix("/client/v4")
    for status in (200, 404, 405):
        monkeypatch.setattr(Odd, "answer", (status, "text/html", b"<html>hello</html>"))
        line = error_line("sessions", "list", env={**env, "REALTIMEKIT_BASE_URL": origin})
        assert line.endswith(f"it has no path, and the API is at /client/v4: set it to {odd}")
        line = error_line("sessions", "list", env={**env, "REALTIMEKIT_BASE_URL": odd})
        assert "REALTIMEKIT_BASE_URL" not in line


def test_an_error_of_the_gateway_gets_no_hint(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    env = environment(CLOUDFLARE_API_TOKEN="t", CLOUDFLARE_ACCOUNT_ID="a", REALTIMEKIT_APP_ID="b")
    no_route = b'{"success": false, "errors": [{"code": 7003, "message": "Could not route"}]}'
    monkeypatch.setattr(Odd, "answer", (404, "application/json", no_route))
    line = error_line("sessions", "list", env={**env, "REALTIMEKIT_BASE_URL": f"{odd}/rtk"})
    assert line.endswith("; check the account (--account-id or CLOUDFLARE_ACCOUNT_ID)")


def test_the_right_base_url_gets_no_such_hint(served: Served) -> None:
    assert "REALTIMEKIT_BASE_URL" not in error_line("sessions", "show", "nowhere", env=served.env)
    assert "REALTIMEKIT_BASE_URL" not in error_line("meetings", "show", "nowhere", env=served.env)
