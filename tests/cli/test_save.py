"""`realtimekit sessions save`: the folder, what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .command import invoke, invoke_ok
from .conftest import Served


def test_the_folder_and_the_table(served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    monkeypatch.chdir(tmp_path)
    shown = invoke_ok("sessions", "save", session_id, env=served.env)
    assert f"session={session_id}: 8 artifacts" in shown
    assert "COPIED" in shown
    assert (tmp_path / f"session={session_id}" / "manifest.json").is_file()


def test_another_folder_and_json(served: Served, tmp_path: Path) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    command = ("sessions", "save", session_id, "-o", str(tmp_path / "weekly"))
    document = json.loads(invoke_ok(*command, "--json", env=served.env))
    assert document == json.loads((tmp_path / "weekly" / "manifest.json").read_bytes())
    assert invoke_ok(*command, "--csv", env=served.env).startswith("state,name,bytes,reason\n")
    other = invoke("sessions", "save", "other", "-o", str(tmp_path / "weekly"), env=served.env)
    assert other.exit_code == 2
    assert f"the folder contains the session '{session_id}', not 'other': give another folder" in " ".join(
        other.stderr.split()
    )


def test_what_could_not_be_fetched(served: Served, tmp_path: Path) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    served.emulator.add_fault(path="*/chat", status=400)
    result = invoke("sessions", "save", session_id, "-o", str(tmp_path / "new"), env=served.env)
    assert result.exit_code == 1
    assert "1 could not be fetched: run the command again" in result.stderr
    assert "ERRORED" in result.stdout
    served.emulator.clear_faults()
    invoke_ok("sessions", "save", session_id, "-o", str(tmp_path / "new"), env=served.env)
