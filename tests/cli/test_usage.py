"""Wrong usage: contradictory options, unknown commands, closed streams."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from .command import COMMAND, error_line, invoke, invoke_ok, shell, usage_error
from .conftest import Served

SESSION = "sess-1"
LISTS = ("apps", "meetings", "presets", "sessions", "recordings", "livestreams", "webhooks")


# --- contradictions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        *((group, "list") for group in LISTS),
        ("sessions", "show", SESSION),
        ("sessions", "chat", SESSION),
        ("sessions", "quality", SESSION),
        ("meetings", "create"),
        ("analytics", "daily"),
        ("webhooks", "events"),
    ],
    ids="-".join,
)
def test_two_formats(served: Served, command: tuple[str, ...]) -> None:
    for forms in (("--json", "--csv"), ("--csv", "--json")):
        assert usage_error(*command, *forms, env=served.env) == "Error: give only one of --json and --csv"
    assert served.emulator.requests() == []
    assert invoke(*command, "--json", "--json", env=served.env).exit_code in {0, 1}


def test_two_formats_of_a_transcript(served: Served) -> None:
    forms = ("--srt", "--vtt", "--markdown", "--text", "--json", "--csv")
    for one in forms:
        for other in forms:
            if one != other:
                line = usage_error("sessions", "transcript", SESSION, one, other, env=served.env)
                assert one in line
                assert other in line
    assert served.emulator.requests() == []


@pytest.mark.parametrize("command", [(group, "list") for group in LISTS], ids="-".join)
def test_all_and_a_limit(served: Served, command: tuple[str, ...]) -> None:
    assert usage_error(*command, "--all", "--limit", "5", env=served.env) == "Error: give --limit or --all, not both"
    for limit in ("0", "-1", "2.5", "many", "", "\u0665"):
        assert "not a whole number above 0; use --all" in usage_error(*command, "--limit", limit, env=served.env)
    assert served.emulator.requests() == []


@pytest.mark.parametrize(
    "command",
    [
        *((group, "list") for group in ("meetings", "sessions", "recordings", "livestreams")),
        ("analytics", "daily"),
        ("analytics", "livestreams"),
    ],
    ids="-".join,
)
def test_since_after_until(served: Served, command: tuple[str, ...]) -> None:
    for since, until in (
        ("2026-06-05", "2026-06-04"),
        ("2026-06-05T10:00Z", "2026-06-05T09:59Z"),
        ("2026-06-05T10:00-02:00", "2026-06-05T11:00Z"),
    ):
        line = usage_error(*command, "--since", since, "--until", until, env=served.env)
        assert "--since is later than --until" in line
    assert served.emulator.requests() == []
    for since, until in (("2026-06-05", "2026-06-05"), ("2026-06-05T10:00Z", "2026-06-05T10:00Z")):
        invoke_ok(*command, "--since", since, "--until", until, env=served.env)


def test_participant_range(served: Served) -> None:
    for value in ("2", "x:y", "2:", ":2", "-1:2", "2:10:12", "", "\u0662:\u0663"):
        assert "is not FROM:TO, such as 2:10" in usage_error(
            "sessions", "list", "--participants", value, env=served.env
        )
    assert "9 is more than 2" in usage_error("sessions", "list", "--participants", "9:2", env=served.env)
    assert served.emulator.requests() == []
    invoke_ok("sessions", "list", "--participants", "2:2", env=served.env)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("session", "list"), "No such command 'session'. Did you mean 'sessions'?"),
        (("mettings",), "No such command 'mettings'. Did you mean 'meetings'?"),
        (("zzz",), "No such command 'zzz'. Available commands: analytics, apps, "),
        (("sessions", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("presets", "remove"), "No such command 'remove'. Available commands: create, delete, list, show, update."),
        (("sessions", "list", "--statsu", "LIVE"), "No such option '--statsu'. Did you mean '--status'?"),
        (("--verison",), "No such option '--verison'. Did you mean '--version'?"),
        (("--json", "sessions", "list"), "Give the options of a command after it: realtimekit COMMAND --json"),
        (("sessions", "--json", "list"), "Give the options of a command after it: realtimekit sessions COMMAND --json"),
    ],
)
def test_unknown_commands_and_options(arguments: tuple[str, ...], said: str) -> None:
    assert said in usage_error(*arguments, env={})


@pytest.mark.parametrize(
    ("value", "hint"),
    [("recording", "; did you mean recordings?"), ("transcripts", "; did you mean transcript?"), ("zzz", "")],
)
def test_unknown_artifacts(value: str, hint: str) -> None:
    line = usage_error("sessions", "download", SESSION, "--only", value, env={})
    assert line.endswith(f"is not one of 'chat', 'transcript', 'summary', 'recordings'{hint}")


def test_invalid_ids_in_the_environment(served: Served) -> None:
    for name, value in (("REALTIMEKIT_APP_ID", ".."), ("CLOUDFLARE_ACCOUNT_ID", ".")):
        line = error_line("sessions", "list", env={**served.env, name: value})
        assert line == f"Error: {name}: {value!r} is not a valid id"
    for value in ("", "..", " "):
        assert f"{value!r} is not a valid id" in usage_error("sessions", "list", "--app-id", value, env=served.env)
    assert served.emulator.requests() == []


# --- streams ----------------------------------------------------------------------------------------------------------


def test_closed_streams(served: Served) -> None:
    ended = shell('"$R" presets list --all --csv 2>&-', env=served.env)
    assert (ended.returncode, ended.stdout.count("\n"), ended.stderr) == (0, 7, "")
    ended = shell('"$R" presets delete x <&-', env=served.env)
    assert (ended.returncode, ended.stderr.splitlines()[-1][-15:]) == (2, " on: give --yes")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["presets list", "presets list --json", "--help", "presets list --help"])
def test_a_full_disk(served: Served, command: str) -> None:
    ended = shell(f'"$R" {command} >/dev/full', env=served.env)
    assert (ended.returncode, ended.stderr) == (1, f"Error: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_with_a_small_charset(served: Served, encoding: str) -> None:
    with served.client() as client:
        client.meetings.create(title="Zo\xeb \u2713")
    for form in ("", "--csv", "--json"):
        ended = subprocess.run(
            [COMMAND, "meetings", "list", *form.split()],
            env={**served.env, "PYTHONIOENCODING": encoding}, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert b"Zo" in ended.stdout


def test_ctrl_c_while_waiting_for_a_server(served: Served) -> None:
    """Even if the faster transport is installed, which would not notice it."""
    env = {name: value for name, value in served.env.items() if name != "REALTIMEKIT_TRANSPORT"}
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/client/v4"
        command, env = [COMMAND, "sessions", "list", "--all"], {**env, "REALTIMEKIT_BASE_URL": url}
        with subprocess.Popen(command, env=env, stderr=subprocess.PIPE) as process, silent.accept()[0] as asked:
            assert asked.recv(3) == b"GET"
            process.send_signal(signal.SIGINT)
            try:
                _, said = process.communicate(timeout=20)
            finally:
                process.kill()
    assert (process.returncode, said.decode().strip()) == (1, "Aborted!")
