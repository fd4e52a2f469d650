"""Runs commands: with the installed script, as users do, or in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner, Result

from realtimekit.cli.commands import realtimekit

if TYPE_CHECKING:
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.server import Server

COMMAND = str(Path(sys.executable).with_name("realtimekit"))
PREFIXES = ("CLOUDFLARE_", "REALTIMEKIT_")


def environment(**more: str) -> dict[str, str]:
    """Return the environment of this process, without any account settings, and with the transport under test."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIXES)}
    return {**kept, "REALTIMEKIT_TRANSPORT": "httpcore2", "PYTHONWARNINGS": "error", "COLUMNS": "200", **more}


def environment_for(emulator: Emulator, server: Server) -> dict[str, str]:
    return environment(
        REALTIMEKIT_BASE_URL=server.base_url,
        CLOUDFLARE_API_TOKEN=emulator.api_token,
        CLOUDFLARE_ACCOUNT_ID=emulator.account_id,
        REALTIMEKIT_APP_ID=emulator.app_id,
    )


def run(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        env=environment() if env is None else env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def shell(line: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a line in a shell, in which "$R" is the command."""
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env={**env, "R": COMMAND}, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def invoke(*arguments: str, env: dict[str, str]) -> Result:
    """Run a command in this process, which is faster, and raise exceptions that it does not handle."""
    absent = {name: None for name in os.environ if name.startswith(PREFIXES)}
    result = CliRunner().invoke(realtimekit, arguments, prog_name="realtimekit", env={**absent, **env})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def invoke_ok(*arguments: str, env: dict[str, str]) -> str:
    """Run a command that must succeed, and return its stdout."""
    result = invoke(*arguments, env=env)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def assert_error_line(code: int, out: str, err: str) -> str:
    """Check that a command failed with one line on stderr, and return the line."""
    assert (code, out) == (1, ""), err
    assert "Traceback" not in err
    (line,) = err.splitlines()
    assert line.startswith("Error: ")
    return line


def usage_error(*arguments: str, env: dict[str, str]) -> str:
    """Run a command that must fail with wrong usage, and return the last line of the message."""
    result = invoke(*arguments, env=env)
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    return last


def error_line(*arguments: str, env: dict[str, str]) -> str:
    """Run a command that must fail, and return its error line."""
    result = invoke(*arguments, env=env)
    return assert_error_line(result.exit_code, result.stdout, result.stderr)
