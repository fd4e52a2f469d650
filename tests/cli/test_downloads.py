"""Downloads: content and names of the files, confirmation before one is replaced, and progress bars."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from .command import assert_error_line, error_line, invoke, invoke_ok, shell, usage_error
from .conftest import Served
from .terminal import on_a_terminal


def recorded(served: Served, *, tracks: bool = False) -> tuple[str, str]:
    """Record a session, and return the ids of the session and the recording."""
    with served.client() as client:
        meeting = client.meetings.create(title="T", transcribe_on_end=True, summarize_on_end=True)
        person = meeting.participants.create(name="../Alice", custom_participant_id="u", preset_name="group_call_host")
        joined = served.emulator.join(meeting.id, person.id)
        make = client.recordings.create_track if tracks else client.recordings.create
        recording = make(meeting_id=meeting.id)
        served.emulator.speak(joined.session_id, joined.peer_id, "hello", 0, 1000)
        served.emulator.advance(30)
        served.emulator.end(meeting.id)
        served.emulator.advance(60)
        return joined.session_id, recording.id


def test_a_session(served: Served, tmp_path: Path) -> None:
    session_id, recording_id = recorded(served)
    folder = tmp_path / "new" / "folder"
    lines = invoke_ok("sessions", "download", session_id, "--to", str(folder), env=served.env).splitlines()
    assert sorted(lines) == sorted(str(path) for path in folder.iterdir())
    names = {Path(line).name for line in lines}
    assert {f"{session_id}-{name}" for name in ("chat.csv", "transcript.csv", "summary.md")} < names
    with served.client() as client:
        content = {path.name: path.read_bytes() for path in folder.iterdir()}
        session = client.sessions.find(session_id)
        assert content[f"{session_id}-transcript.csv"] == session.transcript_as("CSV").read()
        assert len([name for name in names if name.endswith(".mp4")]) == 1
        assert client.recordings.find(recording_id).file_size == len(
            next(data for name, data in content.items() if name.endswith(".mp4"))
        )


def test_a_part_of_a_session(served: Served, tmp_path: Path) -> None:
    session_id, _ = recorded(served)
    options = ("--only", "transcript", "--transcript-format", "srt", "--json", "--to", str(tmp_path))
    (file,) = json.loads(invoke_ok("sessions", "download", session_id, *options, env=served.env))
    assert file["path"].endswith("-transcript.srt")
    assert file["bytes"] == len(Path(file["path"]).read_bytes()) > 0


def test_missing_artifacts(served: Served, tmp_path: Path) -> None:
    session_id = served.session("T", "Alice", "hello", "hi")
    result = invoke("sessions", "download", session_id, "--to", str(tmp_path), env=served.env)
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == 3
    assert "no recordings" in error_line(
        "sessions", "download", session_id, "--only", "recordings", "--to", str(tmp_path), env=served.env
    )
    served.emulator.advance(8 * 86_400)
    result = invoke("sessions", "download", session_id, "--to", str(tmp_path / "later"), env=served.env)
    assert (result.exit_code, result.stdout) == (0, "")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["No chat", "No transcript", "No summary"]
    line = error_line("sessions", "download", session_id, "--only", "chat", "--to", str(tmp_path), env=served.env)
    assert "kept for 7 days" in line


def test_a_recording(served: Served, tmp_path: Path) -> None:
    _, recording_id = recorded(served)
    line = invoke_ok("recordings", "download", recording_id, "--to", str(tmp_path), env=served.env).strip()
    assert Path(line).parent == tmp_path
    file = tmp_path / "weekly.mp4"
    (told,) = json.loads(invoke_ok("recordings", "download", recording_id, "--to", str(file), "--json", env=served.env))
    assert told == {"path": str(file), "bytes": file.stat().st_size}
    assert file.read_bytes() == Path(line).read_bytes()


def test_the_tracks_of_a_recording(served: Served, tmp_path: Path) -> None:
    _, recording_id = recorded(served, tracks=True)
    lines = invoke_ok(
        "recordings", "download", recording_id, "--to", str(tmp_path / "new"), env=served.env
    ).splitlines()
    assert lines
    assert sorted(lines) == sorted(str(path) for path in (tmp_path / "new").iterdir())
    assert all(Path(line).stat().st_size for line in lines)
    file = tmp_path / "mine.mp4"
    file.write_text("mine")
    assert "has several" in usage_error("recordings", "download", recording_id, "--to", str(file), env=served.env)
    assert file.read_text() == "mine"


def test_replacing_a_file_asks_for_confirmation(served: Served, tmp_path: Path) -> None:
    _, recording_id = recorded(served)
    file = tmp_path / "mine.mp4"
    file.write_text("mine")
    command = ("recordings", "download", recording_id, "--to", str(file))
    result = invoke(*command, env=served.env)
    assert (result.exit_code, result.stdout) == (2, "")
    assert on_a_terminal(*command, env=served.env, typed="n\n")[0] == 1
    assert file.read_text() == "mine"
    invoke_ok(*command, "--yes", env=served.env)
    assert file.read_bytes() != b"mine"


def test_paths_that_cannot_be_written(served: Served, tmp_path: Path) -> None:
    session_id, recording_id = recorded(served)
    (tmp_path / "file").write_text("")
    sent = len(served.emulator.requests())
    file, nowhere, sealed = tmp_path / "file", tmp_path / "no", tmp_path / "sealed"
    sealed.mkdir(mode=0o500)
    of_session, of_recording = ("sessions", "download", session_id), ("recordings", "download", recording_id)
    report = ("sessions", "report", session_id)
    for command, place, said in (
        ((*of_session, "--to"), file, f"{file} is a file: nothing can be written into it"),
        ((*of_session, "--to"), file / "x", f"{file} is a file: nothing can be written into it"),
        ((*of_recording, "--to"), nowhere / "file.mp4", f"there is no folder {nowhere}"),
        ((*of_recording, "--to"), file / "x.mp4", f"{file} is a file: nothing can be written into it"),
        ((*report, "-o"), nowhere / "x.html", f"there is no folder {nowhere}"),
        ((*report, "-o"), tmp_path, f"{tmp_path} is a folder: give a file in it"),
        ((*report, "-o"), "", "'' is not a path"),
    ):
        assert said in usage_error(*command, str(place), env=served.env)
    if not os.access(sealed, os.W_OK):  # root may
        for command in ((*of_session, "--to"), (*report, "-o")):
            assert f"you have no permission to write into the folder {sealed}" in usage_error(
                *command, f"{sealed}/x", env=served.env
            )
    assert len(served.emulator.requests()) == sent


def test_write_errors_during_a_download(served: Served, tmp_path: Path) -> None:
    """Errors that no check can predict."""
    session_id, recording_id = recorded(served)
    for command in (
        ("sessions", "download", session_id, "--to", tmp_path / "new"),
        ("recordings", "download", recording_id, "--to", tmp_path / "file.mp4"),
        ("sessions", "report", session_id, "-o", tmp_path / "x.html"),
    ):
        ended = shell(f'ulimit -f 0; "$R" {" ".join(map(str, command))}', env=served.env)
        line = assert_error_line(ended.returncode, ended.stdout, ended.stderr)
        assert line == f"Error: cannot write to {command[-1]}: {os.strerror(errno.EFBIG)}"
    assert [path.name for path in tmp_path.rglob("*")] == ["new"]


def test_a_recording_that_is_not_there_yet(served: Served, tmp_path: Path) -> None:
    with served.client() as client:
        meeting = client.meetings.create(title="T")
        person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
        served.emulator.join(meeting.id, person.id)
        recording = client.recordings.create(meeting_id=meeting.id)
    error_line("recordings", "download", recording.id, "--to", str(tmp_path), env=served.env)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--srt", "--vtt", "--markdown", "--text"])
def test_texts_of_a_transcript(served: Served, option: str) -> None:
    session_id = served.session("T", "Alice\x1b[31m", "hello\x07 there\r\nagain", "hi")
    text = invoke_ok("sessions", "transcript", session_id, option, env=served.env)
    assert "hello" in text
    assert [c for c in text if not c.isprintable() and c != "\n"] == []


def test_a_summary(served: Served) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    text = invoke_ok("sessions", "summary", session_id, env=served.env)
    assert text.startswith("# Planning\n")
    document = json.loads(invoke_ok("sessions", "summary", session_id, "--json", env=served.env))
    assert document["session_id"] == session_id
    assert document["text"].rstrip() == text.rstrip()


def test_a_summary_that_is_not_made(served: Served) -> None:
    with served.client() as client:
        meeting = client.meetings.create(title="T", transcribe_on_end=True)
        person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
    joined = served.emulator.join(meeting.id, person.id)
    served.emulator.speak(joined.session_id, joined.peer_id, "hello", 0, 1000)
    served.emulator.end(meeting.id)
    assert "meetings update MEETING_ID --summarize-on-end" in error_line(
        "sessions", "summary", joined.session_id, env=served.env
    )
    options = ("--generate", "--timeout", "0.02", "--poll-interval", "0.01")
    assert "waited 0.02 s" in error_line("sessions", "summary", joined.session_id, *options, env=served.env)


def test_progress_bars_only_on_a_terminal(served: Served, tmp_path: Path) -> None:
    session_id, _ = recorded(served)
    command = ("sessions", "download", session_id, "--to", str(tmp_path))
    with (tmp_path / "out").open("wb") as out:
        code, shown = on_a_terminal(*command, env={**served.env, "TERM": "xterm-256color"}, stdout=out.fileno())
    assert code == 0
    assert "transcript" in shown  # stderr is the terminal
    lines = (tmp_path / "out").read_text().splitlines()
    assert lines
    assert all(Path(line).exists() for line in lines)
    assert invoke(*command, env=served.env).stderr == ""
