"""Wrong usage: options that contradict each other, commands that are not there, streams that are closed."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from .command import COMMAND, complaint, done, invoke, refused, shell
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
def test_two_forms(served: Served, command: tuple[str, ...]) -> None:
    for forms in (("--json", "--csv"), ("--csv", "--json")):
        assert refused(*command, *forms, env=served.env) == "Error: give only one of --json and --csv"
    assert served.emulator.requests() == []
    assert invoke(*command, "--json", "--json", env=served.env).exit_code in {0, 1}


def test_two_forms_of_a_transcript(served: Served) -> None:
    forms = ("--srt", "--vtt", "--markdown", "--text", "--json", "--csv")
    for one in forms:
        for other in forms:
            if one != other:
                line = refused("sessions", "transcript", SESSION, one, other, env=served.env)
                assert one in line
                assert other in line
    assert served.emulator.requests() == []


@pytest.mark.parametrize("command", [(group, "list") for group in LISTS], ids="-".join)
def test_all_and_a_limit(served: Served, command: tuple[str, ...]) -> None:
    assert refused(*command, "--all", "--limit", "5", env=served.env) == "Error: give --limit or --all, not both"
    for limit in ("0", "-1", "2.5", "many", "", "\u0665"):
        assert "no whole number above 0; --all shows" in refused(*command, "--limit", limit, env=served.env)
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
        line = refused(*command, "--since", since, "--until", until, env=served.env)
        assert "--since is later than --until" in line
    assert served.emulator.requests() == []
    for since, until in (("2026-06-05", "2026-06-05"), ("2026-06-05T10:00Z", "2026-06-05T10:00Z")):
        done(*command, "--since", since, "--until", until, env=served.env)


def test_how_many_took_part(served: Served) -> None:
    for value in ("2", "x:y", "2:", ":2", "-1:2", "2:10:12", "", "\u0662:\u0663"):
        assert "is not FROM:TO, such as 2:10" in refused("sessions", "list", "--participants", value, env=served.env)
    assert "9 is more than 2" in refused("sessions", "list", "--participants", "9:2", env=served.env)
    assert served.emulator.requests() == []
    done("sessions", "list", "--participants", "2:2", env=served.env)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("session", "list"), "No such command 'session'. Did you mean 'sessions'?"),
        (("mettings",), "No such command 'mettings'. Did you mean 'meetings'?"),
        (("zzz",), "No such command 'zzz'. There are: analytics, apps, "),
        (("sessions", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("presets", "remove"), "No such command 'remove'. There are: create, delete, list, show, update."),
        (("sessions", "list", "--statsu", "LIVE"), "No such option '--statsu'. Did you mean '--status'?"),
        (("--verison",), "No such option '--verison'. Did you mean '--version'?"),
        (("--json", "sessions", "list"), "Options of a command follow it: realtimekit COMMAND --json"),
        (("sessions", "--json", "list"), "Options of a command follow it: realtimekit sessions COMMAND --json"),
    ],
)
def test_what_there_is_not(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments, env={})


def test_ids_of_the_environment_are_looked_at(served: Served) -> None:
    for name, value in (("REALTIMEKIT_APP_ID", ".."), ("CLOUDFLARE_ACCOUNT_ID", ".")):
        line = complaint("sessions", "list", env={**served.env, name: value})
        assert line == f"Error: {name}: {value!r} cannot be an id"
    for value in ("", "..", " "):
        assert f"{value!r} cannot be an id" in refused("sessions", "list", "--app-id", value, env=served.env)
    assert served.emulator.requests() == []


# --- streams ----------------------------------------------------------------------------------------------------------


def test_closed_streams(served: Served) -> None:
    ended = shell('"$R" presets list --all --csv 2>&-', env=served.env)
    assert (ended.returncode, ended.stdout.count("\n"), ended.stderr) == (0, 7, "")
    ended = shell('"$R" presets delete x <&-', env=served.env)
    assert (ended.returncode, ended.stderr.splitlines()[-1][-16:]) == (2, "here: give --yes")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["presets list", "presets list --json", "--help", "presets list --help"])
def test_a_full_disk(served: Served, command: str) -> None:
    ended = shell(f'"$R" {command} >/dev/full', env=served.env)
    assert (ended.returncode, ended.stderr) == (1, f"Error: {os.strerror(errno.ENOSPC)}\n")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_a_terminal_that_knows_few_letters(served: Served, encoding: str) -> None:
    with served.client() as client:
        client.meetings.create(title="Zo\xeb \u2713")
    for form in ("", "--csv", "--json"):
        ended = subprocess.run(
            [COMMAND, "meetings", "list", *form.split()],
            env={**served.env, "PYTHONIOENCODING": encoding}, capture_output=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ended.returncode, ended.stderr) == (0, b"")
        assert b"Zo" in ended.stdout


def test_ctrl_c_while_a_server_says_nothing(served: Served) -> None:
    """Also where the quicker transport is installed, which would not notice."""
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
