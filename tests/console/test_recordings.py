"""Recordings through the console: any part of them, and never a link."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archive.raw import make_archive, put_session, update

from .browser import Plain, opened
from .conftest import World, over, sound


@pytest.mark.parametrize("which", ["live", "kept"])
def test_the_whole_file(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    answer = client.get("/recordings/rec-1/video")
    expected = sound((len(answer.content) - 44) / 3000)
    assert len(expected) > 1_000_000
    assert answer.status == 200
    assert answer.content == expected
    assert answer.headers["content-length"] == str(len(expected))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert client.send("HEAD", "/recordings/rec-1/video").content == b""


@pytest.mark.parametrize("which", ["live", "kept"])
def test_parts(world: World, which: str) -> None:
    client: Plain = getattr(world, which)
    whole = client.get("/recordings/rec-1/video").content
    size = len(whole)
    for wanted, start, end in (
        ("bytes=0-", 0, size), ("bytes=0-0", 0, 1), ("bytes=1000000-", 1_000_000, size), ("bytes=10-19", 10, 20),
        (f"bytes={size - 1}-", size - 1, size), (f"bytes=5-{size * 2}", 5, size), ("bytes=7-600000", 7, 600_001),
    ):  # fmt: skip
        answer = client.get("/recordings/rec-1/video", range=wanted)
        assert answer.status == 206, wanted
        assert answer.content == whole[start:end], wanted
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert answer.headers["content-length"] == str(end - start)
    for wanted in (f"bytes={size}-", "bytes=99999999-", "bytes=10-5"):
        answer = client.get("/recordings/rec-1/video", range=wanted)
        assert (answer.status, answer.content) == (416, b""), wanted
        assert answer.headers["content-range"] == f"bytes */{size}"
    for wanted in ("bytes=-5", "bytes=a-b", "lines=1-2", "bytes=0-1,5-9", ""):
        assert client.get("/recordings/rec-1/video", range=wanted).content == whole, wanted


@pytest.mark.parametrize("which", ["live", "kept"])
@pytest.mark.parametrize(
    "path",
    ["rec-1/audio", "rec-1/0", "rec-1/-1", "rec-1/x", "rec-1/²", "rec-1/" + "9" * 5000, "none/video", "%20/video"],
)
def test_what_is_not_there(world: World, which: str, path: str) -> None:
    client: Plain = getattr(world, which)
    assert client.get(f"/recordings/{path.replace('²', '%C2%B2')}").status in {404, 502}


def test_a_recording_whose_file_is_gone(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    recording = {
        "id": "r1", "status": "UPLOADED", "output_file_name": "a.mp4", "started_time": "2026-06-03T10:00:00Z",
        "session_id": "s1", "download_url": None,
    }  # fmt: skip
    put_session(archive, "s1", recordings=[recording])
    update(archive)
    with over(archive) as server:
        client = opened(server)
        answer = client.ok("/sessions/s1")
        assert not answer.page.named("video")
        assert "No file to play." in answer.page.text
        assert client.get("/recordings/r1/video").status in {404, 502}


def test_links_are_not_told(world: World) -> None:
    links = [recording.download_url or "" for recording in world.live.server.app.state.console.client.recordings.all()]
    queries = [link.partition("?")[2] for link in links]
    assert all(len(query) > 20 for query in queries)
    for path in ("/sessions/sess-1", "/", "/emulator/requests", "/recordings/rec-1/video"):
        answer = world.live.ok(path)
        seen = answer.content + str(answer.headers).encode()
        assert not [query for query in queries if query.encode() in seen]
