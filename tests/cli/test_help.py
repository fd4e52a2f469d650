"""`--help` of each command: works with nothing set, and loads no HTTP library."""

from __future__ import annotations

import subprocess
import sys

import pytest
from click.testing import CliRunner

from realtimekit import __version__
from realtimekit.cli.commands import realtimekit

from .command import run

COMMANDS: list[tuple[str, ...]] = [
    (),
    ("demo",),
    ("emulator",),
    ("sessions",),
    ("sessions", "list"),
    ("sessions", "show"),
]
each_command = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)


@each_command
def test_help(command: tuple[str, ...]) -> None:
    for flag in ("--help", "-h"):
        result = CliRunner().invoke(realtimekit, [*command, flag], prog_name="realtimekit")
        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: {' '.join(('realtimekit', *command))}")


def test_every_command_is_tested_and_has_a_line_of_help() -> None:
    result = CliRunner().invoke(realtimekit, ["--help"])
    listed = [line.split(None, 1) for line in result.output.partition("Commands:\n")[2].splitlines()]
    assert {(name,) for name, _ in listed} == {command for command in COMMANDS if len(command) == 1}
    assert all(text.strip() for _, text in listed)


@each_command
def test_help_loads_no_http_library(command: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from realtimekit.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'httpx2', 'httpcore2', 'pyreqwest', 'uvicorn', 'asyncio', 'http.client', 'sqlite3', 'jwt'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, *command, "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    assert ended.stdout.startswith("Usage: ")
    assert ended.stdout.splitlines()[-1] == "LOADED []"


def test_version() -> None:
    assert __version__ in run("--version").stdout


def test_no_command_is_wrong_usage() -> None:
    for command in ((), ("sessions",)):
        ended = run(*command)
        assert ended.returncode == 2
        assert "Usage: realtimekit" in ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
