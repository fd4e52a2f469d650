"""Damaged manifests and their cure, ids that are no file names, wrong clocks, and recordings of whole meetings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive, clock
from realtimekit.emulator import Emulator
from tests.cli.command import environment, invoke, invoke_ok

from .raw import START, make_archive, people, put_session, transcript, update
from .worlds import HOUR, MINUTE, World, below


def test_a_damaged_manifest_of_an_open_session(tmp_path: Path) -> None:
    """The others are copied, the sync fails each time, `verify` names it, and its cure works."""
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        waiting = world.hold("Ann", minutes=1)
        world.fail(f"/{waiting.session_id}/summary", status=404)
        world.wait(HOUR / 2)
        assert world.sync().waiting == 1
        (path,) = below([entry.path for entry in world.archive.store.entries("raw")], "manifest.json")
        content = world.archive.store.read(path) or b""
        world.archive.store.put(path, content.replace(b'"participants": 1', b'"participants": 9'))
        emulator.clear_faults()
        other = world.hold("Bob", minutes=1)
        world.wait(2 * HOUR)
        for completed in (1, 0):
            result = world.sync()
            assert (result.ok, result.completed) == (False, completed)
            (line,) = result.failures
            assert line.startswith(f"{waiting.session_id}: {path} is damaged")
            assert "verify` says how to fix it" in line
        (problem,) = world.archive.verify().problems
        assert (problem.kind, problem.where) == ("damaged", path)
        assert "delete it: the next sync copies the session again" in problem.text
        world.archive.store.delete([path])
        assert world.sync().ok
        assert world.states(waiting.session_id)["summary"] == "COPIED"
        assert world.states(other.session_id)["summary"] == "COPIED"
        assert world.archive.verify(deep=True).ok


def test_a_damaged_manifest_of_a_complete_session_can_be_restored(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    folder = put_session(archive, "s")
    update(archive)
    content = archive.store.read(f"{folder}/manifest.json") or b""
    archive.store.put(f"{folder}/manifest.json", content[:-20])
    (problem,) = archive.verify().problems
    assert problem.kind == "damaged"
    assert "restore it from a copy" in problem.text
    archive.store.put(f"{folder}/manifest.json", content)
    assert archive.verify().ok


@pytest.mark.parametrize("session_id", ["x" * 1000, "ü/../" * 60])
def test_an_id_that_is_too_long_for_a_path(tmp_path: Path, session_id: str) -> None:
    """Its path has a digest in its place: in every part of the archive it is the same session."""
    archive = make_archive(tmp_path / "archive")
    put_session(archive, "another")
    update(archive)
    put_session(archive, session_id, transcript=transcript((0, "Ann", "quagga")), participants=people("Ann"))
    assert archive.verify().ok  # its rows are still to come
    update(archive)
    assert archive.ledger.changed_sessions() == []
    assert archive.verify(deep=True).problems == []
    put_session(archive, session_id, revision=2, transcript=transcript((0, "Ann", "okapi")), participants=people("Ann"))
    update(archive)
    assert [row["session_id"] for row in archive.arrow("sessions").to_pylist()] == ["another", session_id]
    assert [match.session_id for match in archive.search("okapi")] == [session_id]
    assert archive.search("quagga") == []
    archive.rebuild()
    assert archive.erase(custom_participant_id="custom-ann").sessions == 1
    assert archive.search("okapi") == []
    assert archive.verify(deep=True).problems == []
    archive.store.delete([entry.path for entry in archive.store.entries("raw") if "another" not in entry.path])
    assert [problem.where for problem in archive.verify().problems] == [f"session {session_id}"]


def test_a_clock_that_is_ahead_expires_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule asks the time that the platform told; another has to be given."""
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        world.hold("Ann", minutes=1)
        world.wait(2 * HOUR)
        assert world.sync().ok

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return datetime.now(UTC) + timedelta(days=1000)

        monkeypatch.setattr(clock, "datetime", Ahead)
        archive = Archive(world.archive.target)
        assert archive.expire(timedelta(days=90)).sessions == 0
        with pytest.raises(ValueError, match="time zone"):
            archive.expire(timedelta(days=90), now=datetime(2030, 1, 1))
        expire = ("archive", "expire", archive.target, "--after", "90d", "--yes", "--json")
        assert json.loads(invoke_ok(*expire, env=environment()))["sessions"] == 0
        later = f"{datetime.now(UTC) + timedelta(days=91):%Y-%m-%d}"
        assert json.loads(invoke_ok(*expire, "--now", later, env=environment()))["sessions"] == 1
        assert invoke(*expire, "--now", "tomorrow?", env=environment()).exit_code == 2


def test_the_recordings_of_a_meeting_are_listed_once(world: World) -> None:
    """The API lists those of all of its sessions. A session that ended later makes it list them again."""
    meeting_id = world.meeting(record_on_start=True)
    ids = []
    for _ in range(4):
        held = world.start("Ann", meeting_id=meeting_id)
        world.wait(MINUTE)
        world.emulator.end(meeting_id)
        ids.append(held.session_id)
    world.wait(2 * HOUR)
    result, requests = world.requests_of()
    assert (result.ok, result.completed) == (True, 4)
    assert requests.count("/recordings") == 1
    assert world.check_contents() > 4 * 5
    for session_id in ids:
        recordings = json.loads(world.content(session_id, "recordings"))
        assert [recording["session_id"] for recording in recordings] == [session_id]


def test_recordings_are_kept_with_what_lists_leave_out(world: World) -> None:
    """But without the secrets of the storage that the app has named."""
    meeting_id = world.meeting()
    held = world.start("Ann", meeting_id=meeting_id)
    storage: Any = {
        "type": "aws",
        "bucket": "b",
        "region": "r",
        "path": "p",
        "access_key": "AKIAKEY",
        "secret": "hush-hush",
    }
    world.client.recordings.create(meeting_id=meeting_id, storage_config=storage)
    world.wait(MINUTE)
    world.emulator.end(meeting_id)
    world.wait(2 * HOUR)
    assert world.sync().ok
    (kept,) = json.loads(world.content(held.session_id, "recordings"))
    (listed,) = world.client.recordings
    sent = world.client.recordings.find(listed.id).to_dict()
    assert kept["start_reason"] == sent["start_reason"]
    assert kept["stop_reason"] == sent["stop_reason"]
    assert kept["storage_config"]["bucket"] == "b"
    assert "AKIAKEY" not in str(kept)
    assert "hush-hush" not in str(kept)


def test_a_session_without_a_start(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    put_session(archive, "y" * 500, None)
    put_session(archive, "z", START)
    update(archive)
    assert archive.verify(deep=True).problems == []
