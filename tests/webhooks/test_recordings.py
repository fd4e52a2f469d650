"""The recording of an event: its files, and its record in the API."""

from __future__ import annotations

import asyncio
import copy
import io
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit import ArtifactNotReadyError, AsyncRealtimeKit, ConfigurationError, RealtimeKit, Recording
from realtimekit.webhooks import RecordingStatusUpdate, parse_event
from tests.core.scripted import Mode, Script, make_response, ok

from . import samples

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Demo


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(asynchronous=request.param)


def event_of(client: Any, **recording: Any) -> RecordingStatusUpdate[Any]:
    """Return an event with these fields of its recording changed."""
    event = parse_event({**samples.UPLOADED, "recording": {**samples.RECORDING, **recording}}, client=client)
    assert isinstance(event, RecordingStatusUpdate)
    return event


def downloaded(mode: Mode, source: Any) -> bytes:
    file = io.BytesIO()
    mode.get(source.download(file))
    return file.getvalue()


def test_the_link_of_the_event_is_downloaded(mode: Mode, tmp_path: Path) -> None:
    script = Script(make_response(b"mp4"), make_response(b"mp4"))
    recording = event_of(mode.client(script)).recording
    assert script.calls == []
    path = mode.get(recording.download(tmp_path))
    assert (path.name, path.read_bytes()) == ("rec-1.mp4", b"mp4")
    assert downloaded(mode, recording) == b"mp4"
    assert {request.url for request in script.requests} == {samples.RECORDING["downloadUrl"]}
    assert all("authorization" not in request.headers for request in script.requests)


def test_an_expired_link_is_renewed_and_kept(mode: Mode) -> None:
    renewed = {"id": "rec-1", "status": "UPLOADED", "download_url": "https://files.example/new.mp4?signature=new"}
    script = Script(make_response(b"", 403), ok(renewed), make_response(b"mp4"), make_response(b"mp4"))
    recording = event_of(mode.client(script)).recording
    assert downloaded(mode, recording) == downloaded(mode, recording) == b"mp4"
    assert [request.url for request in script.requests[2:]] == [renewed["download_url"]] * 2
    assert script.calls[1].path == "/app/recordings/rec-1"


def test_the_audio(mode: Mode) -> None:
    link = "https://files.example/rec-1.mp3?signature=abc"
    script = Script(make_response(b"mp3"))
    assert downloaded(mode, event_of(mode.client(script), audioDownloadUrl=link).recording.audio) == b"mp3"
    assert script.requests[0].url == link


@pytest.mark.parametrize(
    "files",
    [
        {"download_urls": {"a.webm": {"download_url": "https://f.example/a"}, "b.webm": {"download_url": "https://f.example/b"}}},
        {"downloadUrls": {"a.webm": {"downloadUrl": "https://f.example/a"}, "b.webm": "https://f.example/b"}},
    ],
    ids=["now", "older"],
)  # fmt: skip
def test_the_tracks(mode: Mode, files: dict[str, Any]) -> None:
    script = Script(make_response(b"a"), make_response(b"b"))
    recording = event_of(mode.client(script), downloadUrl=[{"layer_name": "default", **files}]).recording
    assert [downloaded(mode, track) for track in recording.tracks] == [b"a", b"b"]
    assert [request.url for request in script.requests] == ["https://f.example/a", "https://f.example/b"]
    assert event_of(mode.client(Script())).recording.tracks == []


def test_a_recording_without_a_link(mode: Mode) -> None:
    script = Script(ok({"id": "rec-1", "status": "UPLOADING", "download_url": None}))
    recording = event_of(mode.client(script), status="UPLOADING", downloadUrl=None).recording
    with pytest.raises(ArtifactNotReadyError):
        downloaded(mode, recording)


def test_its_record(mode: Mode) -> None:
    script = Script(ok({"id": "rec-1", "status": "UPLOADED", "session_id": "sess-1"}))
    event = event_of(mode.client(script))
    record = mode.get(event.recording_record)
    assert (type(record), record.session_id) == (Recording, "sess-1")
    assert mode.get(event.recording_record) is record
    assert script.call.path == "/app/recordings/rec-1"


def test_the_app_of_the_event_for_a_client_without_one(mode: Mode) -> None:
    script = Script(
        make_response(b"", 403), ok({"id": "rec-1", "download_url": "https://f.example/a"}), make_response(b"a")
    )
    assert downloaded(mode, event_of(mode.client(script, app_id=None)).recording) == b"a"
    assert script.calls[1].path == "/app-1/recordings/rec-1"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_and_pickles_leave_the_client_behind(mode: Mode, copied: Any) -> None:
    recording = event_of(mode.client(Script())).recording
    assert recording.tracks == []  # makes what it keeps
    again = copied(recording)
    assert again == recording
    assert again.to_dict() == recording.to_dict()
    assert b"token-of-nobody" not in pickle.dumps(recording)
    if mode.asynchronous:
        with pytest.raises(ConfigurationError, match="this event has no client"):
            mode.get(again.download(io.BytesIO()))


def test_with_the_emulator(demo: Demo, tmp_path: Path) -> None:
    with RealtimeKit(**demo.settings) as client:
        record = client.recordings.find("rec-1")
        event = event_of(client, downloadUrl=record.download_url, outputFileName=record.output_file_name)
        path = event.recording.download(tmp_path)
        assert path.stat().st_size == record.file_size
        assert event.recording_record == record

    async def main() -> bytes:
        async with AsyncRealtimeKit(**demo.settings) as client:
            # An invalid signature is refused as an expired one is.
            event: Any = event_of(client, downloadUrl=f"{record.download_url}0")
            file = io.BytesIO()
            await event.recording.download(file)
            return file.getvalue()

    assert asyncio.run(main()) == path.read_bytes()
