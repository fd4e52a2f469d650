"""The package works from a zip file: what it needs beside its modules is read as a resource, not by path."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import realtimekit

SOURCE = Path(realtimekit.__file__).parent

PROGRAM = """
import realtimekit
from realtimekit import RealtimeKit, report
from realtimekit.contract import compare, load_slice
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

assert ".zip" in realtimekit.__file__
assert compare(load_slice(), load_slice()) == []
with Emulator() as emulator:
    client = RealtimeKit(**connected(emulator))
    meeting = client.meetings.create(title="In a zip")
    alice = meeting.participants.create(
        name="Alice", custom_participant_id="alice", preset_name=client.presets.first().name
    )
    emulator.join(meeting.id, alice.id)
    emulator.end(meeting.id)
    page = report.collect(client.sessions.first()).html()
assert "In a zip" in page and "<style>" in page
"""


def zipped(folder: Path) -> Path:
    archive = folder / "packages.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in SOURCE.rglob("*"):
            if path.is_file() and path.suffix != ".pyc":
                file.write(path, Path("realtimekit") / path.relative_to(SOURCE))
    return archive


def test_the_package_works_in_a_zip_file(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(zipped(tmp_path))}
    for command in (["-c", PROGRAM], ["-m", "realtimekit", "--version"]):
        ran = subprocess.run(
            [sys.executable, "-W", "error", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
    description = tmp_path / "description.json"
    description.write_bytes((SOURCE / "contract" / "slice.json").read_bytes())
    drift = [sys.executable, "-m", "realtimekit", "drift", str(description)]
    subprocess.run(drift, cwd=tmp_path, env=environment, capture_output=True, check=True)
    update = subprocess.run(
        [*drift, "--update"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (update.returncode, "only in a checkout" in update.stderr) == (2, True)
