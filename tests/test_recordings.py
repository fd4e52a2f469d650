"""Recordings from their start to their files, with the SDK over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from realtimekit import AsyncRealtimeKit, ConflictError, RealtimeKit, WaitError
from realtimekit.emulator import Emulator
from tests.conftest import settings_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator() as made:
        yield made


@pytest.fixture
def settings(emulator: Emulator, transport: str) -> Iterator[dict[str, Any]]:
    with emulator.serve() as server:
        yield {**settings_of(emulator, server.base_url), "transport": transport}


def meeting_of_two(client: RealtimeKit, emulator: Emulator) -> str:
    """Return the id of a live meeting."""
    meeting = client.meetings.create(title="Weekly")
    for name in ("Alice", "Bob"):
        person = meeting.participants.create(custom_participant_id=name, preset_name="group_call_host")
        emulator.join(meeting.id, person.id)
    return meeting.id


def test_a_whole_recording(emulator: Emulator, settings: dict[str, Any], tmp_path: Path) -> None:
    with RealtimeKit(**settings) as client:
        meeting_id = meeting_of_two(client, emulator)
        recording = client.recordings.create(
            meeting_id=meeting_id, video_config={"width": 640, "height": 360}, audio_config={"codec": "AAC"}
        )
        emulator.advance(2)
        assert recording.reload().status == "RECORDING"
        assert client.recordings.active_for(meeting_id) == recording
        with pytest.raises(ConflictError):
            recording.resume()
        emulator.advance(10)
        assert recording.pause().status == "PAUSED"
        emulator.advance(100)
        assert recording.resume().stop().status == "UPLOADING"
        emulator.advance(5)
        assert recording.wait_until("UPLOADED", timeout=5, poll_interval=0.1).recording_duration == 10
        path = recording.download(tmp_path)
        assert path.suffix == ".mp4"
        assert path.stat().st_size == recording.file_size
        sound = recording.audio.download(tmp_path)
        assert sound.suffix == ".aac"
        assert recording.tracks == []
        with pytest.raises(WaitError):
            recording.wait_until("RECORDING", timeout=5, poll_interval=0.1)


async def tracks(emulator: Emulator, settings: dict[str, Any], folder: Path) -> list[Path]:
    with RealtimeKit(**settings) as client:
        meeting_id = meeting_of_two(client, emulator)
    async with AsyncRealtimeKit(**settings) as client:
        recording = await client.recordings.create_track(meeting_id=meeting_id, layers={"default": {}})
        emulator.advance(20)
        await recording.stop()
        emulator.advance(5)
        await recording.wait_until("UPLOADED", timeout=5, poll_interval=0.1)
        assert recording.download_url is None
        return [await track.download(folder) for track in recording.tracks]


def test_the_tracks_of_each_participant(emulator: Emulator, settings: dict[str, Any], tmp_path: Path) -> None:
    import asyncio

    paths = asyncio.run(tracks(emulator, settings, tmp_path))
    assert len(set(paths)) == 2
    assert {path.suffix for path in paths} == {".webm"}
    assert all(path.read_bytes()[:4] == bytes.fromhex("1a45dfa3") for path in paths)
