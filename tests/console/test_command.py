"""`realtimekit console`, as somebody runs it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from realtimekit.emulator import Emulator
from tests.archive.raw import make_archive, put_session, transcript, update
from tests.cli.command import COMMAND, assert_error_line, environment, environment_for, run
from tests.console.browser import Plain


class Printed:
    """What stands for a server: where the link leads."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.origin = url.partition("/?")[0]


@pytest.fixture
def kept(tmp_path: Path) -> str:
    archive = make_archive(tmp_path / "archive")
    put_session(archive, "s1", transcript=transcript((0, "Alice", "hello")))
    update(archive)
    return str(tmp_path / "archive")


def started(*arguments: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [COMMAND, "console", "--no-open", "--port", "0", *arguments],
        env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_it_serves_an_archive_until_it_is_stopped(kept: str) -> None:
    with started("--archive", kept, env=environment()) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            url = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S{40,}$", line.strip())
            assert url is not None, line
            client = Plain(Printed(url[0]))  # type: ignore[arg-type]
            assert client.open().status == 303
            assert "Session s1" in client.ok("/").page.text
            assert "hello" in client.ok("/sessions/s1").page.text
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 0
    assert out == ""
    assert err.splitlines() == ["Ctrl-C stops it."]


def test_it_finds_the_controls_of_an_emulator() -> None:
    with Emulator() as emulator, emulator.serve() as server:
        with started(env=environment_for(emulator, server)) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert f"emulator {emulator.app_id}" in line
                client = Plain(Printed(line.split()[-1]))  # type: ignore[arg-type]
                client.open()
                assert "Clock" in client.ok("/emulator").page.text
                process.send_signal(signal.SIGINT)
                assert process.communicate(timeout=20) == ("", "Ctrl-C stops it.\n")
            finally:
                process.kill()
        assert process.returncode == 0


def test_a_port_that_is_taken(kept: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("console", "--no-open", "--archive", kept, "--port", str(port))
    line = assert_error_line(ended.returncode, ended.stdout, ended.stderr)
    assert f"127.0.0.1:{port}" in line
    assert "in use" in line
    assert "--port 0" in line


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    ended = run("console", "--no-open", "--archive", str(tmp_path / "nothing"))
    assert_error_line(ended.returncode, ended.stdout, ended.stderr)


def test_without_settings() -> None:
    ended = run("console", "--no-open")
    assert "CLOUDFLARE_API_TOKEN" in assert_error_line(ended.returncode, ended.stdout, ended.stderr)


def test_without_the_extra(kept: str) -> None:
    code = (
        "import sys\nsys.modules['starlette'] = None\n"
        "from realtimekit.cli.commands import realtimekit\n"
        f"realtimekit(['console', '--no-open', '--archive', {kept!r}])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, timeout=60, check=False
    )
    line = assert_error_line(ended.returncode, ended.stdout, ended.stderr)
    assert "pip install 'realtimekit[console]'" in line
