"""`session.save(folder)`: what is saved, which state each part has, and what a second run requests."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from realtimekit import AsyncRealtimeKit, AuthenticationError, NotFoundError, RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.emulator.services import artifact_formats
from realtimekit.saving import run as save_run
from realtimekit.saving.manifest import Manifest, SavedArtifact
from tests.conftest import Demo

DAY = 24 * 3600.0
PEERS = [f"peers/peer-{n}" for n in (1, 2, 3)]
PARTS = {"session", "participants", "chat", "transcript", "summary", "recordings", "livestream_sessions", *PEERS}


class Saver:
    """Saves a session with one of the clients, and counts the requests to the API."""

    def __init__(self, demo: Demo, *, asynchronous: bool) -> None:
        self.demo, self.asynchronous = demo, asynchronous
        self.paths: list[str] = []

    def save(self, folder: Path, session_id: str = "sess-1", **options: Any) -> Manifest:
        self.paths.clear()
        settings: dict[str, Any] = {
            **self.demo.settings,
            "transport": "httpcore2",
            "max_retries": 0,
            "on_request": lambda attempt: self.paths.append(attempt.path),
        }
        if not self.asynchronous:
            with RealtimeKit(**settings) as client:
                return client.sessions.ref(session_id).save(folder, **options)

        async def run() -> Manifest:
            async with AsyncRealtimeKit(**settings) as client:
                return await client.sessions.ref(session_id).save(folder, **options)

        return asyncio.run(run())


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def saver(request: pytest.FixtureRequest, demo: Demo) -> Saver:
    return Saver(demo, asynchronous=request.param)


@pytest.fixture
def sync_saver(demo: Demo) -> Saver:
    return Saver(demo, asynchronous=False)


def states(manifest: Manifest) -> dict[str, str]:
    return {name: artifact.state for name, artifact in manifest.artifacts.items()}


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_everything_of_a_session(saver: Saver, tmp_path: Path) -> None:
    folder, seen = tmp_path / "new" / "folder", list[SavedArtifact]()
    manifest = saver.save(folder, progress=seen.append)
    (recorded,) = [name for name in manifest.artifacts if name.startswith("recordings/")]
    assert set(manifest.artifacts) == PARTS | {recorded}
    assert set(states(manifest).values()) == {"COPIED"}
    assert manifest.missing == []
    assert {artifact.name for artifact in seen} == set(manifest.artifacts)
    paths = [artifact.path or "" for artifact in manifest.artifacts.values()]
    assert files_in(folder) == sorted([*paths, "manifest.json"])
    assert {"chat.csv", "transcript.json", "summary.md", "peers/peer-1.json", recorded} <= set(paths)
    for artifact in manifest.artifacts.values():
        content = (folder / str(artifact.path)).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact.bytes, artifact.sha256)
    assert Manifest.from_json((folder / "manifest.json").read_bytes()) == manifest
    assert (folder.stat().st_mode & 0o777, manifest.status) == (0o700, "ENDED")


def test_what_is_in_the_files(sync_saver: Saver, tmp_path: Path) -> None:
    sync_saver.save(tmp_path)
    load: Callable[[str], Any] = lambda name: json.loads((tmp_path / name).read_bytes())  # noqa: E731 - short
    assert load("session.json")["id"] == "sess-1"
    assert [participant["id"] for participant in load("participants.json")] == ["peer-1", "peer-2", "peer-3"]
    assert load("participants.json")[0]["peer_events"]
    assert load("peers/peer-2.json")["peer_report"]["quality"]
    assert load("recordings.json")[0]["session_id"] == "sess-1"
    assert load("livestream_sessions.json")
    with RealtimeKit(**sync_saver.demo.settings) as client:
        session = client.sessions.find("sess-1")
        assert (tmp_path / "chat.csv").read_bytes() == session.chat.read()
        assert (tmp_path / "transcript.json").read_bytes() == session.transcript.read()


def test_no_secret_is_saved(sync_saver: Saver, tmp_path: Path) -> None:
    """Every link of the emulator is signed, and each says so in its query."""
    sync_saver.save(tmp_path)
    for name in files_in(tmp_path):
        content = (tmp_path / name).read_bytes()
        assert sync_saver.demo.emulator.api_token.encode() not in content
        if name.endswith(".json") and name != "transcript.json":
            assert b"?" not in b"".join(part.split(b'"')[0] for part in content.split(b"http")[1:]), name


def test_a_second_run_requests_nothing(saver: Saver, tmp_path: Path) -> None:
    first = saver.save(tmp_path)
    written = (tmp_path / "manifest.json").stat().st_mtime_ns
    assert saver.save(tmp_path) == first
    assert saver.paths == []
    assert (tmp_path / "manifest.json").stat().st_mtime_ns == written


@pytest.mark.parametrize("name", ["chat.csv", "peers/peer-2.json", "recordings/*/*", "recordings.json"])
def test_only_what_is_missing_is_fetched_again(sync_saver: Saver, tmp_path: Path, name: str) -> None:
    first = sync_saver.save(tmp_path)
    (path,) = tmp_path.glob(name)
    before = path.read_bytes()
    path.write_bytes(before[:-1])  # cut
    again = sync_saver.save(tmp_path)
    assert path.read_bytes() == before
    assert states(again) == states(first)
    assert 1 <= len(sync_saver.paths) <= 2
    assert sync_saver.save(tmp_path) == again


def test_a_killed_run_is_resumed(sync_saver: Saver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was copied more than a second before is fetched again."""
    clock = iter(range(10_000))
    monkeypatch.setattr(save_run, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))

    def killed(artifact: SavedArtifact) -> None:
        if artifact.name == "peers/peer-2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sync_saver.save(tmp_path, progress=killed)
    assert "manifest.json" not in files_in(tmp_path)
    manifest = sync_saver.save(tmp_path)
    assert set(states(manifest).values()) == {"COPIED"}
    assert len(sync_saver.paths) <= 2  # peer-2, peer-3
    assert "manifest.partial.json" not in files_in(tmp_path)


def test_another_session_in_the_folder(sync_saver: Saver, tmp_path: Path) -> None:
    sync_saver.save(tmp_path)
    with pytest.raises(ValueError, match="the folder contains the session 'sess-1', not 'sess-2': give another folder"):
        sync_saver.save(tmp_path, "sess-2")
    assert sync_saver.paths == []


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'{"format": "realtimekit-session", "version": 2}'])
def test_a_damaged_manifest_is_no_manifest(sync_saver: Saver, tmp_path: Path, content: bytes) -> None:
    first = sync_saver.save(tmp_path)
    (tmp_path / "manifest.json").write_bytes(content)
    assert states(sync_saver.save(tmp_path)) == states(first)
    assert len(sync_saver.paths) > 10


def test_a_session_that_does_not_exist(sync_saver: Saver, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        sync_saver.save(tmp_path / "new", "nothing")
    assert not (tmp_path / "new").exists()


# --- states -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def live(demo: Demo) -> tuple[Emulator, str, str]:
    """A live session of Alice, in a meeting that has neither a transcript nor a summary."""
    with RealtimeKit(**demo.settings) as client:
        meeting = client.meetings.create(title="Live")
        person = meeting.participants.create(name="Alice", custom_participant_id="a", preset_name="group_call_host")
    joined = demo.emulator.join(meeting.id, person.id)
    return demo.emulator, meeting.id, joined.session_id


def test_a_live_session_is_fetched_again_when_it_has_ended(
    sync_saver: Saver, live: tuple[Emulator, str, str], tmp_path: Path
) -> None:
    emulator, meeting_id, session_id = live
    first = sync_saver.save(tmp_path, session_id)
    assert set(states(first).values()) == {"PENDING"}
    assert first.artifacts["participants"].path == "participants.json"
    emulator.advance(60)
    emulator.end(meeting_id)
    second = states(sync_saver.save(tmp_path, session_id))
    peer = second.popitem()
    assert second == {
        "session": "COPIED",
        "participants": "COPIED",
        "chat": second["chat"],
        "transcript": "NOT_ENABLED",
        "summary": "NOT_ENABLED",
        "recordings": "EMPTY",
        "livestream_sessions": "EMPTY",
    }
    assert second["chat"] in {"COPIED", "EMPTY"}
    assert peer[1] == "COPIED"


def test_what_is_no_longer_kept_is_lost(sync_saver: Saver, tmp_path: Path) -> None:
    sync_saver.demo.emulator.advance(8 * DAY)
    found = sync_saver.save(tmp_path)
    assert {found.artifacts[name].state for name in ("chat", "transcript", "summary")} == {"LOST"}
    assert "kept for 7 days" in str(found.artifacts["chat"].reason)
    assert found.artifacts["participants"].state == "COPIED"
    assert {artifact.name for artifact in found.missing} >= {"chat", "transcript", "summary"}


def test_a_failed_part_does_not_stop_the_others(sync_saver: Saver, tmp_path: Path) -> None:
    sync_saver.demo.emulator.add_fault(path="*/chat", status=500)
    first = sync_saver.save(tmp_path)
    assert [artifact.name for artifact in first.missing] == ["chat"]
    assert first.artifacts["chat"].state == "ERRORED"
    assert "500" in str(first.artifacts["chat"].reason)
    sync_saver.demo.emulator.clear_faults()
    assert sync_saver.save(tmp_path).missing == []
    assert len(sync_saver.paths) == 2  # the link and the file


def test_what_is_no_folder(saver: Saver, tmp_path: Path) -> None:
    """The error names what was given, not a file that nobody gave."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(NotADirectoryError) as caught:
        saver.save(tmp_path / "file")
    assert caught.value.filename == str(tmp_path / "file")
    nothing: Any = None
    with pytest.raises(TypeError, match="folder must be a path, not NoneType"):
        saver.save(nothing)


def test_an_invalid_token_ends_the_run(demo: Demo, tmp_path: Path) -> None:
    settings: dict[str, Any] = {**demo.settings, "api_token": "wrong"}
    with RealtimeKit(**settings) as client, pytest.raises(AuthenticationError):
        client.sessions.ref("sess-1").save(tmp_path)
    assert files_in(tmp_path) == []


def test_an_empty_transcript_of_people_who_were_there_is_suspect(
    sync_saver: Saver, live: tuple[Emulator, str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    emulator, meeting_id, session_id = live
    with RealtimeKit(**sync_saver.demo.settings) as client:
        client.meetings.ref(meeting_id).update(transcribe_on_end=True)
    monkeypatch.setattr(artifact_formats, "transcripts", lambda *_: dict.fromkeys(("csv", "json", "srt", "vtt"), ""))
    emulator.advance(60)
    emulator.end(meeting_id)
    first = sync_saver.save(tmp_path, session_id)
    assert first.artifacts["transcript"].state == "SUSPECT_EMPTY"
    assert first.artifacts["transcript"].bytes == 0
    sync_saver.save(tmp_path, session_id)
    assert len(sync_saver.paths) == 2  # it is fetched again, and nothing else


@pytest.mark.parametrize(
    ("content", "where", "minutes", "state", "reason"),
    [
        (b"", "", {}, "SUSPECT_EMPTY", "it is empty, although people were in the session for 65.0 participant minutes"),
        (b"", "", {"transcription_minutes_consumed": 3}, "EMPTY", None),
        (b"", "", {"minutes_consumed": 0.05}, "EMPTY", None),
        (b"[]", "default", {}, "PENDING", "its link does not contain the id of the session"),
        (b"", "default", {}, "SUSPECT_EMPTY", "its link does not contain the id of the session"),
    ],
)
def test_the_rule_of_suspect_is_that_of_the_transcript(
    saver: Saver, tmp_path: Path, content: bytes, where: str, minutes: dict[str, Any], state: str, reason: str | None
) -> None:
    emulator = saver.demo.emulator
    emulator.world.store.run("update files set content = ? where name like 'transcript.%'", content)
    path = "*/sessions/sess-1"
    with RealtimeKit(**saver.demo.settings) as client:
        record = {**client.sessions.find("sess-1")._data, "minutes_consumed": 65, **minutes}
        link = client.sessions.ref("sess-1").transcript.download_url
    assert link is not None
    emulator.add_fault(method="GET", path=path, status=200, body={"success": True, "data": record})
    if where:
        found = {"sessionId": "sess-1", "transcript_download_url": link.replace("sess-1", where)}
        emulator.add_fault(method="GET", path=f"{path}/transcript", status=200, body={"success": True, "data": found})
        emulator.add_fault(method="GET", path=f"*/{where}/transcript.json", status=200, body=content.decode())
    saved = saver.save(tmp_path).artifacts["transcript"]
    assert saved.state == state
    assert (reason or "") in (saved.reason or "")


def test_a_recording_that_is_not_finished(sync_saver: Saver, live: tuple[Emulator, str, str], tmp_path: Path) -> None:
    emulator, meeting_id, session_id = live
    with RealtimeKit(**sync_saver.demo.settings) as client:
        recording = client.recordings.create_track(meeting_id=meeting_id, layers={"default": {}})
    emulator.advance(60)
    emulator.end(meeting_id)
    first = sync_saver.save(tmp_path, session_id)
    name = f"recordings/{recording.id}"
    assert (first.artifacts["recordings"].state, first.artifacts[name].state) == ("PENDING", "PENDING")
    emulator.advance(60)
    second = sync_saver.save(tmp_path, session_id)
    tracks = [artifact for artifact in second.artifacts.values() if artifact.name.startswith(f"{name}/")]
    assert {artifact.state for artifact in tracks} == {"COPIED"}
    assert name not in second.artifacts
    assert second.artifacts["recordings"].state == "COPIED"
    sync_saver.save(tmp_path, session_id)
    assert sync_saver.paths == []
