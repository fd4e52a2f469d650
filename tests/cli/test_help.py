"""`--help` of each command: works with nothing set, and loads no HTTP library."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest
from click.testing import CliRunner

from realtimekit import __version__
from realtimekit.cli.commands import realtimekit

from .command import environment, run

GROUPS: dict[str, str] = {
    "analytics": "costs daily livestreams",
    "apps": "create list show",
    "archive": "attendance erase expire export export-subject query rebuild search status sync verify",
    "emulator": "advance broadcast chat end join leave requests reset speak",
    "livestreams": "create list sessions show start stop",
    "meetings": "attendance create end list listen show update",
    "participants": "add list remove show token update",
    "presets": "create delete list show update",
    "recordings": "download list pause resume show start stop wait",
    "sessions": "chat download list participants quality report save show summary transcript",
    "webhooks": "create delete events listen list show trigger update verify",
}
ALONE = ("console", "demo", "doctor", "drift", "mcp")
COMMANDS: list[tuple[str, ...]] = [
    (),
    *((name,) for name in (*ALONE, *GROUPS)),
    *((group, name) for group, names in GROUPS.items() for name in names.split()),
]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


def walk_commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from walk_commands(found, (*path, name))


@each_command
def test_help(command: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        result = CliRunner().invoke(realtimekit, [*command, flag], prog_name="realtimekit")
        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: {' '.join(('realtimekit', *command))}")


def test_every_command_is_tested() -> None:
    assert set(walk_commands(realtimekit)) == set(COMMANDS)


@pytest.mark.parametrize("group", [(), *((name,) for name in GROUPS)], ids=" ".join)
def test_every_command_has_a_line_of_help(group: tuple[str, ...]) -> None:
    assert "..." not in CliRunner().invoke(realtimekit, [*group, "--help"]).output.partition("Commands:\n")[2]
    result = CliRunner().invoke(realtimekit, [*group, "--help"], terminal_width=200, max_content_width=200)
    listed = [line.split(None, 1) for line in result.output.partition("Commands:\n")[2].splitlines()]
    assert len(listed) >= 2
    assert all(len(line) == 2 for line in listed)


@each_command
def test_every_option_has_a_line_of_help(command: tuple[str, ...]) -> None:
    found: click.Command | None = realtimekit
    for name in command:
        assert isinstance(found, click.Group)
        found = found.get_command(click.Context(found), name)
    assert found is not None
    without = [
        parameter.opts[0] for parameter in found.params if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert without == []


def test_servers_of_one_machine_have_ports_of_their_own() -> None:
    ports: dict[str, Any] = {}
    for name in ("console", "emulator", "mcp"):
        command = realtimekit.get_command(click.Context(realtimekit), name)
        assert command is not None
        (ports[name],) = (option.default for option in command.params if option.name == "port")
    assert ports == {"emulator": 8787, "console": 8788, "mcp": 8789}


def test_help_loads_no_http_library() -> None:
    code = (
        "import contextlib, io, json, sys\n"
        "from realtimekit.cli.commands import realtimekit\n"
        "heavy = {'httpcore2', 'httpcore2', 'pyreqwest', 'uvicorn', 'asyncio', 'http.client', 'http.server', 'sqlite3',"
        " 'jwt', 'rich', 'cryptography', 'urllib.request', 'plotly'}\n"
        "for command in json.loads(sys.argv[1]):\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        realtimekit([*command, '--help'], standalone_mode=False)\n"
        "    assert not heavy & set(sys.modules), (command, heavy & set(sys.modules))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, json.dumps(COMMANDS)],
        env=environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.stderr == ""


def test_version() -> None:
    assert __version__ in run("--version").stdout


def test_no_command_is_wrong_usage() -> None:
    for command in ((), ("sessions",)):
        ended = run(*command)
        assert ended.returncode == 2
        assert "Usage: realtimekit" in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete(shell: str) -> None:
    assert "realtimekit" in run(env=environment(_REALTIMEKIT_COMPLETE=f"{shell}_source")).stdout
    for words, wanted in (
        ("realtimekit parti", {"participants"}),
        ("realtimekit meetings ", set(GROUPS["meetings"].split())),
        ("realtimekit webhooks trigger meeting.ch", {"meeting.chatSynced"}),
        ("realtimekit recordings list --status up", {"UPLOADING", "UPLOADED"}),
        ("realtimekit sessions download x --transcript-format ", {"CSV", "JSON", "SRT", "VTT"}),
    ):
        typed = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
        if shell == "fish":
            typed["COMP_CWORD"] = words.rpartition(" ")[2]
        ended = run(env=environment(_REALTIMEKIT_COMPLETE=f"{shell}_complete", **typed))
        assert wanted <= set(ended.stdout.replace(",", "\n").replace("\t", "\n").splitlines()), ended
