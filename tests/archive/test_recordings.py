"""Recordings: streamed from storage to storage, whole or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtimekit.interfaces import Request, Response
from realtimekit.saving.manifest import State

from .worlds import DAY, HOUR, World, below


def recordings(world: World, session_id: str) -> dict[str, str]:
    states = world.states(session_id)
    return {name: state for name, state in states.items() if name.startswith("recordings/")}


def held_and_uploaded(world: World) -> tuple[str, dict[str, Any]]:
    """Hold a recorded session; return it and its recording, as the API has it."""
    held = world.hold()
    world.wait(2 * HOUR)
    (recording,) = [record.to_dict() for record in world.client.recordings.where(meeting_id=held.meeting_id)]
    assert recording["status"] == "UPLOADED"
    return held.session_id, recording


def change(world: World, recording: dict[str, Any], **fields: Any) -> None:
    """Let the API describe the recording otherwise."""
    whole = {**recording, **fields}
    world.fail("/recordings", status=200, body={"success": True, "data": [whole], "paging": {"total_count": 1}})
    world.fail(f"/recordings/{recording['id']}", status=200, body={"success": True, "data": whole})


def test_a_recording_and_its_audio(world_at: World) -> None:
    world = world_at
    session_id, recording = held_and_uploaded(world)
    (row,) = world.emulator.world.store.rows("select content from files where owner_id = ?", recording["id"])
    content = row["content"]
    change(world, recording, audio_download_url=recording["download_url"])
    result = world.sync()
    assert result.ok
    names = sorted(recordings(world, session_id))
    assert [name.rpartition(".")[2] for name in names] == ["mp4", "mp4"]
    assert "-audio." in names[0]
    assert [world.content(session_id, name) for name in names] == [content, content]
    assert result.bytes >= 2 * len(content)
    artifact = world.manifest(session_id).artifacts[names[1]]
    assert artifact.source is not None
    assert "?" not in artifact.source
    assert artifact.reason is None


def test_the_tracks_of_a_recording(world: World) -> None:
    session_id, recording = held_and_uploaded(world)
    link = recording["download_url"]
    files = {"../../alice.webm": {"download_url": link}, "bob": {"download_url": link}, "none": {"download_url": None}}
    layers = [{"layer_name": "default", "download_urls": files}, "nonsense", {"layer_name": "x", "download_urls": None}]
    change(world, recording, download_url=layers)
    assert world.sync().ok
    names = [name.rpartition("/")[2] for name in recordings(world, session_id)]
    assert names == ["1--alice.mp4", "2-bob.mp4"]
    assert world.check_contents() >= 9


@pytest.mark.parametrize("status", ["INVOKED", "RECORDING", "PAUSED", "UPLOADING", None, "SOMETHING_NEW"])
def test_one_that_is_not_uploaded_is_waited_for_and_lost_after_seven_days(world: World, status: str | None) -> None:
    session_id, recording = held_and_uploaded(world)
    change(world, recording, status=status, download_url=None)
    assert world.sync().ok
    assert recordings(world, session_id) == {f"recordings/{recording['id']}": "PENDING"}
    world.wait(8 * DAY)
    result = world.sync()
    assert recordings(world, session_id) == {f"recordings/{recording['id']}": "LOST"}
    assert [line for line in result.lost if recording["id"] in line]


def test_one_that_the_platform_failed_to_make(world: World) -> None:
    session_id, recording = held_and_uploaded(world)
    change(world, recording, status="ERRORED", download_url=None)
    assert world.sync().completed == 1
    assert recordings(world, session_id) == {f"recordings/{recording['id']}": "ERRORED"}


def test_one_that_is_uploaded_but_has_no_link_is_not_forgotten(world: World) -> None:
    session_id, recording = held_and_uploaded(world)
    change(world, recording, download_url=None)
    assert world.sync().waiting == 1
    name = f"recordings/{recording['id']}"
    assert recordings(world, session_id) == {name: "PENDING"}
    world.wait(8 * DAY)
    assert not world.sync().ok
    assert "has no link" in str(world.manifest(session_id).artifacts[name].reason)
    assert recordings(world, session_id) == {name: "LOST"}


def test_one_in_the_storage_of_the_app_is_not_lost(world: World) -> None:
    session_id, recording = held_and_uploaded(world)
    change(world, recording, download_url=None, storage_config={"type": "aws", "bucket": "b", "secret": "hunter2"})
    assert world.sync().completed == 1
    assert recordings(world, session_id) == {f"recordings/{recording['id']}": "EMPTY"}
    assert b"hunter2" not in world.content(session_id, "recordings")
    assert b'"bucket":"b"' in world.content(session_id, "recordings")


def test_a_size_that_differs_is_noted(world: World) -> None:
    session_id, recording = held_and_uploaded(world)
    change(world, recording, file_size=12345)
    assert world.sync().ok
    (name,) = recordings(world, session_id)
    assert world.manifest(session_id).artifacts[name].reason == "the platform says 12345 bytes"


@pytest.mark.parametrize("status", [403, 404, 410])
def test_storage_that_does_not_have_the_file_yet(world: World, status: int) -> None:
    """It concerns this file alone, and not all sessions: 403 from storage is not a token without permission."""
    session_id, _ = held_and_uploaded(world)
    other = world.hold()
    world.wait(2 * HOUR)
    world.fail("/files/*.mp4", status=status, body="<Error><Code>AccessDenied</Code></Error>")
    result = world.sync()
    assert result.ok
    assert (result.waiting, result.checked) == (2, 2)
    assert set(recordings(world, session_id).values()) == {"PENDING"}
    assert world.states(other.session_id)["transcript"] == "COPIED"
    world.emulator.clear_faults()
    world.wait(DAY)
    assert world.sync().completed == 2
    assert set(recordings(world, session_id).values()) == {"COPIED"}


@pytest.mark.parametrize("name", ["chat", "transcript", "summary"])
@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
def test_storage_that_refuses_a_text_stops_nothing(world: World, name: str, status: int) -> None:
    held = world.hold()
    world.wait(2 * HOUR)
    world.fail(f"/files/*/{name}.*", status=status, body="no")
    result = world.sync()
    assert result.checked == 1
    states = world.states(held.session_id)
    assert states.pop(name) == "PENDING"
    assert set(states.values()) == {"COPIED", "EMPTY"}
    world.emulator.clear_faults()
    world.wait(DAY)
    assert world.sync().completed == 1


class Streams:
    """A transport that serves a large recording in chunks, and something else as a test says."""

    def __init__(self, world: World, content: bytes) -> None:
        self._inner = world.transport
        self.content, self.etag = content, '"one"'
        self.acts: list[str] = []  # of the requests for the file, in their order; then it is served
        self.ranges: list[str | None] = []

    def send(self, request: Request) -> Response:
        if not request.url.partition("?")[0].endswith(".mp4"):
            return self._inner.send(request)
        self.ranges.append(request.headers.get("range"))
        act = self.acts.pop(0) if self.acts else "serve"
        if act == "expired":
            return Response(403, {}, b"Request has expired")
        content, start, status = self.content, 0, 200
        headers = {"etag": self.etag, "content-length": str(len(content))}
        if (given := request.headers.get("range")) and request.headers.get("if-range") == self.etag:
            start, status = int(given.removeprefix("bytes=").rstrip("-")), 206
            headers |= {
                "content-range": f"bytes {start}-{len(content) - 1}/{len(content)}",
                "content-length": str(len(content) - start),
            }
        write = request.on_response(Response(status, headers, b""))  # type: ignore[attr-defined]
        end = len(content) if act == "serve" else len(content) // 2
        for at in range(start, end, 1 << 20):
            write(content[at : min(at + (1 << 20), end)])
        if act in {"cut", "replaced"}:
            from realtimekit.errors import APIConnectionError

            if act == "replaced":
                self.content, self.etag = self.content[::-1], '"two"'
            raise APIConnectionError("broken", maybe_processed=True)
        return Response(status, headers, b"")


def test_a_link_that_expires_in_the_middle_and_a_connection_that_breaks(world_at: World) -> None:
    world = world_at
    session_id, _ = held_and_uploaded(world)
    content = bytes(range(256)) * (3 * 2**20 // 256) * 4
    streams = Streams(world, content)
    streams.acts = ["cut", "expired"]
    result = world.archive.sync(world.client_with(transport=streams, max_retries=1))
    assert result.ok, result
    (name,) = recordings(world, session_id)
    assert world.content(session_id, name) == content
    assert streams.ranges == [None, f"bytes={len(content) // 2}-", f"bytes={len(content) // 2}-"]


def test_a_recording_that_is_replaced_in_the_middle_is_copied_anew(world_at: World) -> None:
    world = world_at
    session_id, _ = held_and_uploaded(world)
    content = bytes(range(256)) * (3 * 2**20 // 256) * 8
    streams = Streams(world, content)
    streams.acts = ["replaced"]
    result = world.archive.sync(world.client_with(transport=streams, max_retries=1))
    assert result.ok, result
    (name,) = recordings(world, session_id)
    assert world.content(session_id, name) == content[::-1]
    assert world.check_contents() >= 9


def test_a_recording_that_breaks_off_is_waited_for_and_leaves_nothing(world_at: World) -> None:
    world = world_at
    session_id, _ = held_and_uploaded(world)
    streams = Streams(world, b"x" * 20_000_000)
    streams.acts = ["cut"]
    client = world.client_with(transport=streams, max_retries=0)
    result = world.archive.sync(client)
    assert len(result.failures) == 1
    (name,) = recordings(world, session_id)
    assert world.state(session_id, name) is State.PENDING
    assert not below([entry.path for entry in world.archive.store.entries("raw")], ".mp4")
    if location := world.archive.store.location(""):
        from pathlib import Path

        assert list(Path(location).rglob("*#*")) == []
    world.wait(DAY)
    assert world.archive.sync(client).completed == 1
    assert world.content(session_id, name) == streams.content


def test_what_is_kept_of_recordings_has_no_signature(world: World) -> None:
    session_id, recording = held_and_uploaded(world)
    assert "signature=" in recording["download_url"]
    world.sync()
    (kept,) = json.loads(world.content(session_id, "recordings"))
    assert kept["download_url"] == recording["download_url"].partition("?")[0]
