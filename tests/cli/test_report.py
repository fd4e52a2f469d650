"""`realtimekit sessions report`: where the page is written, and the messages about it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import click
import pytest

from realtimekit.cli.output_paths import output_file

from .command import error_line, invoke, invoke_ok
from .conftest import Served
from .terminal import on_a_terminal

pytest.importorskip("jinja2")


def test_it_says_where_the_page_is_and_how_to_open_it(
    served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    monkeypatch.chdir(tmp_path)
    result = invoke("sessions", "report", session_id, "-o", "my report.html", env=served.env)
    place = tmp_path / "my report.html"
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        f"{place}: session {session_id}, 1 participant",
        f"Open it in a browser: {place.as_uri()}",
    ]
    assert "%20" in result.stderr
    assert place.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_stdout_has_only_the_page(served: Served) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    page = invoke_ok("sessions", "report", session_id, "-o", "-", "--no-quality", env=served.env)
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")


def test_a_progress_bar_only_on_a_terminal(served: Served, tmp_path: Path) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    command = ("sessions", "report", session_id, "-o", str(tmp_path / "report.html"))
    code, shown = on_a_terminal(*command, env={**served.env, "TERM": "xterm-256color"})
    assert code == 0
    assert "Peer reports" in shown
    assert "Peer reports" not in invoke(*command, env=served.env).stderr


def test_an_unknown_session_leaves_no_file(served: Served, tmp_path: Path) -> None:
    line = error_line("sessions", "report", "nothing", "-o", str(tmp_path / "report.html"), env=served.env)
    assert "check the id" in line
    assert list(tmp_path.iterdir()) == []


def test_the_page_goes_into_a_pipe(served: Served, tmp_path: Path) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    thread = threading.Thread(target=lambda: got.append(pipe.read_text(encoding="utf-8")), daemon=True)
    thread.start()
    assert invoke("sessions", "report", session_id, "-o", str(pipe), env=served.env).exit_code == 0
    assert pipe.is_fifo()
    thread.join(10)
    assert got[0].startswith("<!doctype html>")


def test_a_private_page_stays_private(served: Served, tmp_path: Path) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    page.touch(0o600)
    link.symlink_to(page)
    assert invoke("sessions", "report", session_id, "-o", str(link), env=served.env).exit_code == 0
    assert (link.is_symlink(), page.stat().st_mode & 0o777) == (True, 0o600)
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_device_needs_no_permission_for_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """/dev is not writable, /dev/null is."""
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path and access(path, mode))
    os.mkfifo(tmp_path / "pipe")
    assert output_file(str(tmp_path / "pipe")) == str(tmp_path / "pipe")
    with pytest.raises(click.BadParameter, match="no permission to write into the folder"):
        output_file(str(tmp_path / "file"))
