"""Kill -9 at every write of a sync, and run again: as if nothing had happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive
from realtimekit.saving.manifest import State

from .worlds import below, comparable

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the program forks")

# What the requests for an artifact end with.
REQUESTS = {
    "chat": "/chat",
    "transcript": "/transcript",
    "summary": "/summary",
    "participants": "/participants",
    "livestream_sessions": "/livestream-sessions",
}


class Killed:
    """The program `tests/archive/killed.py`."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.archive.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=Path(__file__).parents[2],
        )

    def sync(self, target: str, kill: int | None = None, concurrency: int = 1) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(
            json.dumps({"target": target, "kill": kill, "concurrency": concurrency}),
            file=self._process.stdin,
            flush=True,
        )
        return json.loads(self._process.stdout.readline())

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture(scope="module")
def program(s3_environment: dict[str, str]) -> Iterator[Killed]:
    killed = Killed({**os.environ, **s3_environment})
    try:
        yield killed
    finally:
        killed.end()


def check_rerun(archive: Archive, again: Any, committed: dict[str, dict[str, State]]) -> None:
    """Check that what was committed before was not fetched again."""
    assert again["result"]["failures"] == again["result"]["lost"] == []
    for session_id, states in committed.items():
        requests = below(again["requests"], session_id)
        if State.PENDING not in states.values():
            assert requests == [], session_id
        for name, state in states.items():
            if state is not State.PENDING and (end := REQUESTS.get(name)):
                assert f"/sessions/{session_id}{end}" not in requests
            if state is State.COPIED and name.startswith("peers/"):
                assert below(again["requests"], name.partition("/")[2]) == []
    assert archive.store.entries("ledger/claims") == []


def committed(archive: Archive) -> dict[str, dict[str, State]]:
    return {
        manifest.session_id: {name: artifact.state for name, artifact in manifest.artifacts.items()}
        for manifest in archive.manifests()
    }


def kill_everywhere(program: Killed, targets: Callable[[int], str], *, every: int = 1, **options: Any) -> None:
    """Kill a sync of a target at its first write, of the next at its second, and so on."""
    whole = program.sync(targets(0))
    assert whole["result"]["ok"]
    wanted = comparable(Archive(targets(0)))
    assert {"archive.json", "manifest.json"} <= {path.rpartition("/")[2] for path in wanted}
    assert len(below(wanted, "ledger/open/")) == 2
    assert len(below(wanted, "ledger/windows/")) == 1
    points = len(whole["writes"])
    assert points > 30
    for kill in range(1, points + 1, every):
        target = targets(kill)
        assert program.sync(target, kill, **options) is None
        archive = Archive(target)
        before = committed(archive)
        check_rerun(archive, program.sync(target, **options), before)
        assert comparable(archive) == wanted, whole["writes"][kill - 1]
        if location := archive.store.location("raw"):
            assert list(Path(location).rglob("*#*")) == []
    nothing = program.sync(targets(1))
    assert nothing["result"]["artifacts"] == {}
    assert len(below(nothing["requests"], "/sessions/")) == 1  # the live one, and never what is complete


def test_killed_at_every_write_to_a_folder(program: Killed, tmp_path: Path) -> None:
    kill_everywhere(program, lambda number: str(tmp_path / str(number)))


def test_killed_at_writes_to_s3_with_several_sessions_in_hand(program: Killed, s3: str) -> None:
    kill_everywhere(program, lambda number: f"{s3}/{number}", every=6, concurrency=3)
