"""The public surface is what is recorded: nothing in it changes by accident."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "tools" / "public_api.py"), "--check"]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)


def test_the_recorded_surface_is_the_present_one() -> None:
    checked = run(ROOT)
    if checked.returncode:
        pytest.fail(
            f"the public API has changed:\n{checked.stderr}\n"
            "If that is intended, run `make api`, and name in CHANGELOG.md what no longer works."
        )


def test_overloads_are_recorded_with_what_they_return() -> None:
    recorded = (ROOT / "tests" / "public_api.txt").read_text(encoding="utf-8")
    assert "| sync(client: RealtimeKit, **options: Unpack[SyncOptions]) -> SyncResult |" in recorded
    assert recorded.count("\nclass realtimekit.archive.sync_result.SyncResult(") == 1
    assert recorded.count("\nclass realtimekit.archive.archive.Archive\n") == 1


def test_a_change_is_named(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    (tmp_path / "src").symlink_to(ROOT / "src")
    (tmp_path / "tests").mkdir()
    recorded = (ROOT / "tests" / "public_api.txt").read_text(encoding="utf-8")
    line = "    @operation def save(folder: PathLike"
    assert line in recorded
    (tmp_path / "tests" / "public_api.txt").write_text(recorded.replace(line, line + ", /"), encoding="utf-8")

    checked = run(tmp_path)

    assert checked.returncode == 1
    changed = [each for each in checked.stderr.splitlines() if each.startswith(("-  ", "+  "))]
    assert [each[: len(line) + 4] for each in changed] == [f"-{line}, /", f"+{line}, *"]
