"""The installed script, run as a person would; and the same commands in this process."""

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
OURS = ("CLOUDFLARE_", "REALTIMEKIT_")


def environment(**more: str) -> dict[str, str]:
    """This process's environment, without anything that points at an account, and the transport that is tested."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return {**kept, "REALTIMEKIT_TRANSPORT": "httpcore2", "PYTHONWARNINGS": "error", "COLUMNS": "200", **more}


def pointing_at(emulator: Emulator, server: Server) -> dict[str, str]:
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
    """A line for the shell, in which "$R" is the command."""
    return subprocess.run(
        ["/bin/sh", "-c", line],
        env={**env, "R": COMMAND}, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def invoke(*arguments: str, env: dict[str, str]) -> Result:
    """As `run`, in this process: quicker. What is not caught is raised."""
    absent = {name: None for name in os.environ if name.startswith(OURS)}
    result = CliRunner().invoke(realtimekit, arguments, prog_name="realtimekit", env={**absent, **env})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def done(*arguments: str, env: dict[str, str]) -> str:
    """What a command that succeeds prints."""
    result = invoke(*arguments, env=env)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout


def one_line(code: int, out: str, err: str) -> str:
    """The one line with which a command is refused."""
    assert (code, out) == (1, ""), err
    assert "Traceback" not in err
    (line,) = err.splitlines()
    assert line.startswith("Error: ")
    return line


def refused(*arguments: str, env: dict[str, str]) -> str:
    """The last line of what is said about wrong usage."""
    result = invoke(*arguments, env=env)
    assert (result.exit_code, result.stdout) == (2, ""), result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: ")
    return last


def complaint(*arguments: str, env: dict[str, str]) -> str:
    """As `one_line`, of a command run in this process."""
    result = invoke(*arguments, env=env)
    return one_line(result.exit_code, result.stdout, result.stderr)
