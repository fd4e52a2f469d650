"""`sessions download --since`: the artifacts of many sessions, in a folder for each; existing files stay."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .command import COMMAND, invoke, usage_error
from .conftest import Served
from .test_downloads import recorded

SINCE = ("sessions", "download", "--since", "1d")


def download(served: Served, folder: Path, *options: str, code: int = 0) -> tuple[list[str], str]:
    """Run the command; return the lines that it printed, and the last line of stderr."""
    result = invoke(*SINCE, "-o", str(folder), *options, env=served.env)
    assert result.exit_code == code, result.stderr
    return result.stdout.splitlines(), result.stderr.splitlines()[-1]


def document(served: Served, folder: Path, *options: str, code: int = 0) -> Any:
    result = invoke(*SINCE, "-o", str(folder), "--json", *options, env=served.env)
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def sessions(served: Served) -> list[str]:
    """Two sessions that have ended, both recorded, and one that is live."""
    found = [recorded(served)[0] for _ in range(2)]
    with served.client() as client:
        meeting = client.meetings.create(title="live")
        person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
        served.emulator.join(meeting.id, person.id)
    return found


def test_every_session_that_has_ended(served: Served, sessions: list[str], tmp_path: Path) -> None:
    printed, summary = download(served, tmp_path / "new" / "folder")
    assert summary == "Sessions: 2. Files: 8 downloaded, 0 already there, 0 failed"
    assert sorted(path.name for path in (tmp_path / "new" / "folder").iterdir()) == sorted(sessions)
    assert sorted(printed) == sorted(str(tmp_path / "new" / "folder" / name) for name in files(tmp_path / "new/folder"))
    for session_id in sessions:
        names = {path.name for path in (tmp_path / "new" / "folder" / session_id).iterdir()}
        wanted = {f"{session_id}-{name}" for name in ("chat.csv", "transcript.csv", "summary.md")}
        assert wanted < names
        assert len(names) == 4
    assert [Path(path).parent.name for path in printed] == [sessions[0]] * 4 + [sessions[1]] * 4  # the oldest first


def test_what_is_there_is_not_downloaded_again(served: Served, sessions: list[str], tmp_path: Path) -> None:
    download(served, tmp_path)
    before = files(tmp_path)
    chat = tmp_path / sessions[0] / f"{sessions[0]}-chat.csv"
    chat.write_bytes(b"mine")
    printed, summary = download(served, tmp_path)
    assert (printed, summary) == ([], "Sessions: 2. Files: 0 downloaded, 8 already there, 0 failed")
    assert chat.read_bytes() == b"mine"
    chat.unlink()
    printed, summary = download(served, tmp_path)
    assert (printed, summary) == ([str(chat)], "Sessions: 2. Files: 1 downloaded, 7 already there, 0 failed")
    assert files(tmp_path) == before


def test_a_failed_file_does_not_stop_the_others_and_is_downloaded_later(
    served: Served, sessions: list[str], tmp_path: Path
) -> None:
    served.emulator.add_fault(method="GET", path=f"*/sessions/{sessions[0]}/transcript", status=400)
    printed, summary = download(served, tmp_path, code=1)
    assert len(printed) == 7
    assert summary == (
        "Sessions: 2. Files: 7 downloaded, 0 already there, 1 failed; run the command again to download the rest"
    )
    result = invoke(*SINCE, "-o", str(tmp_path), env=served.env)
    assert f"Failed: transcript of {sessions[0]}: GET " in result.stderr.splitlines()[0]
    told = document(served, tmp_path, code=1)
    assert told["sessions"] == 2
    assert [(file["downloaded"], file["bytes"]) for file in told["files"]] == [
        (False, Path(file["path"]).stat().st_size) for file in told["files"]
    ]
    ((session_id, artifact),) = [(entry["session_id"], entry["artifact"]) for entry in told["failed"]]
    assert (session_id, artifact) == (sessions[0], "transcript")
    served.emulator.clear_faults()
    assert download(served, tmp_path)[1] == "Sessions: 2. Files: 1 downloaded, 7 already there, 0 failed"


def test_what_would_fail_for_every_session_ends_the_command(
    served: Served, sessions: list[str], tmp_path: Path
) -> None:
    served.emulator.add_fault(path=f"*/sessions/{sessions[1]}/chat", status=403)
    result = invoke(*SINCE, "-o", str(tmp_path), env=served.env)
    assert result.exit_code == 1
    summary, line = result.stderr.splitlines()
    again = "; run the command again to download the rest"
    assert summary == f"Sessions: 2. Files: 4 downloaded, 0 already there, 0 failed{again}"
    assert line.startswith("Error: GET ")


def test_ctrl_c_keeps_what_is_there(served: Served, sessions: list[str], tmp_path: Path) -> None:
    served.emulator.add_fault(path=f"*/sessions/{sessions[1]}/chat", latency_seconds=3, times=1)
    command = [COMMAND, *SINCE, "-o", str(tmp_path)]
    with subprocess.Popen(command, env=served.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout
            printed = [process.stdout.readline() for _ in range(4)]
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        finally:
            process.kill()
    assert process.returncode == 1
    assert sorted(line.decode().strip() for line in printed) == sorted(str(tmp_path / name) for name in files(tmp_path))
    assert said.decode().split("; ")[-1].split() == [
        "run",
        "the",
        "command",
        "again",
        "to",
        "download",
        "the",
        "rest",
        "Aborted!",
    ]
    assert download(served, tmp_path)[1] == "Sessions: 2. Files: 4 downloaded, 4 already there, 0 failed"


def test_missing_artifacts_are_counted(served: Served, tmp_path: Path) -> None:
    recorded(served)
    with served.client() as client:
        meeting = client.meetings.create(title="silent")
        person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
    served.emulator.join(meeting.id, person.id)
    silent = served.emulator.end(meeting.id)
    told = document(served, tmp_path)
    assert [(entry["session_id"], entry["artifact"]) for entry in told["missing"]] == [
        (silent, "transcript"),
        (silent, "summary"),
    ]
    assert {entry["reason"] for entry in told["missing"]} == {"not available: its meeting did not enable it"}
    _, summary = download(served, tmp_path)
    assert "5 already there, 2 not available: its meeting did not enable it, 0 failed" in summary


def test_a_part_and_a_time(served: Served, sessions: list[str], tmp_path: Path) -> None:
    printed, _ = download(served, tmp_path, "--only", "transcript", "--transcript-format", "VTT")
    assert [Path(path).name for path in printed] == [f"{session_id}-transcript.vtt" for session_id in sessions]
    assert download(served, tmp_path / "none", "--until", "2020-01-01", code=2)[0] == []
    result = invoke("sessions", "download", "--until", "2020-01-01", "-o", str(tmp_path / "none"), env=served.env)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "Sessions: 0. Files: 0 downloaded, 0 already there, 0 failed\n"
    assert not (tmp_path / "none").exists()


def test_recordings_of_one_name(served: Served, tmp_path: Path) -> None:
    with served.client() as client:
        meeting = client.meetings.create(title="T")
        person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
        session_id = served.emulator.join(meeting.id, person.id).session_id
        for _ in range(2):
            client.recordings.create(meeting_id=meeting.id, allow_multiple_recordings=True)
            served.emulator.advance(5)
    served.emulator.end(meeting.id)
    served.emulator.advance(60)
    served.emulator.world.store.run("update recordings set output_file_name = 'same.mp4'")
    for already in (0, 2):
        _, summary = download(served, tmp_path, "--only", "recordings")
        assert summary == f"Sessions: 1. Files: {2 - already} downloaded, {already} already there, 0 failed"
        assert {path.name for path in (tmp_path / session_id).iterdir()} == {"same.mp4", "same-2.mp4"}


def test_a_session_or_a_time(served: Served) -> None:
    for arguments in ((), ("some-id", "--since", "1d"), ("some-id", "--until", "today")):
        line = usage_error("sessions", "download", *arguments, env=served.env)
        assert line == "Error: give either SESSION_ID or --since and --until, for all sessions of that time"
    assert served.emulator.requests() == []


def test_a_suspect_transcript_is_noted_and_an_empty_file_downloaded_again(
    served: Served, sessions: list[str], tmp_path: Path
) -> None:
    run = served.emulator.world.store.run
    run("update files set content = ? where name like 'transcript.%'", b"")
    found = document(served, tmp_path)
    transcripts = [file for file in found["files"] if file["artifact"] == "transcript"]
    why = "it is empty, although people were in the session for 0.5 participant minutes"
    assert [(file["bytes"], file["suspect"]) for file in transcripts] == [(0, why)] * len(sessions)
    run("update files set content = ? where name like 'transcript.%'", b"1,2,late\n")
    printed, summary = download(served, tmp_path)
    assert sorted(printed) == sorted(file["path"] for file in transcripts)
    assert summary == "Sessions: 2. Files: 2 downloaded, 6 already there, 0 failed"


def test_a_suspect_transcript_of_one_session_is_noted(served: Served, sessions: list[str], tmp_path: Path) -> None:
    served.emulator.world.store.run("update files set content = ? where name like 'transcript.%'", b"")
    result = invoke("sessions", "download", sessions[0], "-o", str(tmp_path), env=served.env)
    assert result.exit_code == 0
    assert f"{sessions[0]}-transcript.csv: it is empty, although" in result.stderr
