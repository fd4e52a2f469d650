"""The files of recordings, their links, and ranges for downloads that resume."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .shape import must_be, url

if TYPE_CHECKING:
    from .world import Who, World

DAY = 86_400


@pytest.fixture
def people(world: World) -> list[Who]:
    meeting_id = world.meeting()
    return [world.join(meeting_id, name) for name in ("Alice", "Bob", "Carol")]


def meeting_of(world: World, people: list[Who]) -> str:
    return str(world.session(people[0].session_id)["associated_id"])


def recorded(world: World, people: list[Who], path: str = "/recordings", **fields: Any) -> Any:
    """Return an uploaded recording of one minute."""
    data = world.post(path, {"meeting_id": meeting_of(world, people), **fields}).data
    recording_id = data.get("recording", data)["id"]
    world.advance(62)
    world.put(f"/recordings/{recording_id}", {"action": "stop"})
    world.advance(5)
    return world.recording(recording_id)


# --- which files


@pytest.mark.parametrize(
    ("config", "extension", "kind", "start"),
    [
        ({}, ".mp4", "video/mp4", b"\0\0\0\x1cftypisom"),
        ({"codec": "H264", "width": 64, "height": 48}, ".mp4", "video/mp4", b"\0\0\0\x1cftypisom"),
        ({"codec": "VP8"}, ".webm", "video/webm", b"\x1aE\xdf\xa3"),
        ({"codec": "VP9"}, ".webm", "video/webm", b"\x1aE\xdf\xa3"),
    ],
)
def test_the_file(
    world: World, people: list[Who], config: dict[str, Any], extension: str, kind: str, start: bytes
) -> None:
    data = recorded(world, people, video_config=config)
    assert data["output_file_name"].endswith(extension)
    got = world.download(data["download_url"])
    assert (got.status, got.kind, len(got.body)) == (200, kind, data["file_size"])
    assert got.body.startswith(start)
    assert data["audio_download_url"] is None
    assert data["download_url"].partition("?")[0].endswith("/" + data["output_file_name"])


@pytest.mark.parametrize(
    ("config", "kind", "start"),
    [
        ({}, "audio/aac", b"\xff\xf1"),
        ({"codec": "AAC"}, "audio/aac", b"\xff\xf1"),
        ({"codec": "MP3", "channel": "mono"}, "audio/mpeg", b"\xff\xe3"),
        ({"export_file": True}, "audio/aac", b"\xff\xf1"),
    ],
)
def test_the_sound_by_itself(world: World, people: list[Who], config: dict[str, Any], kind: str, start: bytes) -> None:
    data = recorded(world, people, audio_config=config)
    got = world.download(data["audio_download_url"])
    assert (got.status, got.kind) == (200, kind)
    assert got.body.startswith(start)
    assert world.download(data["download_url"]).kind == "video/mp4"


def test_without_a_file_of_one_kind(world: World, people: list[Who]) -> None:
    no_sound = recorded(world, people, audio_config={"export_file": False})
    assert no_sound["audio_download_url"] is None
    sound_alone = recorded(world, people, audio_config={}, video_config={"export_file": False})
    assert sound_alone["download_url"] is None
    assert len(world.download(sound_alone["audio_download_url"]).body) == sound_alone["file_size"]


def test_without_the_default_bucket_there_is_no_link(world: World, people: list[Who]) -> None:
    data = recorded(world, people, realtimekit_bucket_config={"enabled": False}, audio_config={})
    assert (data["status"], data["download_url"], data["audio_download_url"], data["download_url_expiry"]) == (
        "UPLOADED",
        None,
        None,
        None,
    )
    assert data["file_size"] > 0


@pytest.mark.parametrize("prefix", ["weekly", "a/b", "é %2F?#", "../..", "\n"])
def test_any_prefix(world: World, people: list[Who], prefix: str) -> None:
    data = recorded(world, people, file_name_prefix=prefix)
    assert data["output_file_name"].startswith(f"{prefix}_{meeting_of(world, people)}_")
    assert len(world.download(data["download_url"]).body) == data["file_size"]


# --- tracks


def tracks(data: Any) -> dict[str, dict[str, str]]:
    """Return the links by file name, by layer."""
    for layer in data["download_url"]:
        assert layer.keys() == {"layer_name", "download_urls"}
        must_be(list(layer["download_urls"].values()), [{"download_url": url}])
    return {
        layer["layer_name"]: {name: one["download_url"] for name, one in layer["download_urls"].items()}
        for layer in data["download_url"]
    }


def test_one_track_for_each_peer(world: World, people: list[Who]) -> None:
    data = recorded(world, people, "/recordings/track")
    (layer,) = tracks(data).items()
    assert layer[0] == "default"
    assert len(layer[1]) == 3
    total = 0
    for who, (name, link) in zip(people, layer[1].items(), strict=True):
        assert name.startswith(f"{meeting_of(world, people)}_{who.peer_id}_")
        got = world.download(link)
        assert (got.status, got.kind) == (200, "audio/webm")
        total += len(got.body)
    assert data["file_size"] == total
    assert (data["audio_download_url"], data["recording_duration"]) == (None, 60)
    must_be(world.get("/recordings").data[0]["download_url"], data["download_url"])


def test_layers_and_chosen_users(world: World, people: list[Who]) -> None:
    layers = {"voices": {"file_name_prefix": "Team call", "media_kind": "audio"}, "rest": {}}
    user_ids = [people[0].participant_id, "carol", "nobody"]
    found = tracks(recorded(world, people, "/recordings/track", layers=layers, user_ids=user_ids))
    assert found.keys() == {"voices", "rest"}
    for layer in found.values():
        assert len(layer) == 2
        assert not any(people[1].peer_id in name for name in layer)
        assert {world.download(link).status for link in layer.values()} == {200}
    assert all(name.startswith("Team call_") for name in found["voices"])


def test_without_selected_participants_nothing_is_recorded(world: World, people: list[Who]) -> None:
    data = recorded(world, people, "/recordings/track", user_ids=["nobody"])
    assert (data["download_url"], data["file_size"]) == ([{"layer_name": "default", "download_urls": {}}], 0)


def test_absent_participants_have_no_track(world: World, people: list[Who]) -> None:
    meeting_id = meeting_of(world, people)
    world.emulator.leave(meeting_id, people[0].peer_id)
    world.advance(1)
    world.post("/recordings/track", {"meeting_id": meeting_id})
    world.advance(32)
    world.emulator.leave(meeting_id, people[1].peer_id)
    late = world.join(meeting_id, "Dave")
    world.advance(300)
    recording_id = world.get(f"/recordings/active-recording/{meeting_id}").data["id"]
    world.put(f"/recordings/{recording_id}", {"action": "stop"})
    world.join(meeting_id, "Eve")
    world.advance(10)
    (layer,) = tracks(world.recording(recording_id)).values()
    sizes = [len(world.download(link).body) for link in layer.values()]
    for who, name in zip((people[1], people[2], late), layer, strict=True):
        assert who.peer_id in name
    assert sizes[0] < sizes[2] < sizes[1]  # as long as each was there


# --- links and time


def test_a_link_dies_after_seven_days(world: World, people: list[Who]) -> None:
    data = recorded(world, people)
    assert world.recording(data["id"])["download_url"] == data["download_url"]
    world.advance(7 * DAY - 60)
    assert world.download(data["download_url"]).status == 200
    world.advance(61)
    after = world.recording(data["id"])
    assert {name: after[name] for name in ("download_url", "download_url_expiry", "status")} == {
        name: data[name] for name in ("download_url", "download_url_expiry", "status")
    }
    assert datetime.fromisoformat(after["download_url_expiry"]) < datetime.fromisoformat(world.emulator.now())
    assert world.download(after["download_url"]).status == 403


# --- parts


@pytest.fixture
def link(world: World, people: list[Who]) -> str:
    return str(recorded(world, people)["download_url"])


def test_a_full_response_accepts_ranges(world: World, link: str) -> None:
    status, headers, body = world.fetch(link)
    assert (status, headers["accept-ranges"], headers["content-length"]) == (200, "bytes", str(len(body)))
    assert headers["etag"] == f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@pytest.mark.parametrize(
    "asked", ["bytes=0-0", "bytes=1-", "BYTES=7-99", "bytes=0-999999", "bytes=-5", "bytes=-999999"]
)
def test_parts(world: World, link: str, asked: str) -> None:
    whole = world.fetch(link)[2]
    first, _, last = asked.partition("=")[2].partition("-")
    start = int(first) if first else max(len(whole) - int(last), 0)
    end = min(int(last), len(whole) - 1) if first and last else len(whole) - 1
    status, headers, body = world.fetch(link, range=asked)
    assert (status, body) == (206, whole[start : end + 1])
    assert headers["content-range"] == f"bytes {start}-{end}/{len(whole)}"
    assert headers["content-length"] == str(len(body))
    assert headers["content-type"] == "video/mp4"


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=999999-9999999", "bytes=-0"])
def test_no_such_part(world: World, link: str, asked: str) -> None:
    size = len(world.fetch(link)[2])
    status, headers, _ = world.fetch(link, range=asked)
    assert (status, headers["content-range"]) == (416, f"bytes */{size}")


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-1",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1,3-4",
        "bytes=+1-2",
        "bytes=" + "9" * 50 + "-",
    ],
)
def test_an_invalid_range_gets_the_whole_file(world: World, link: str, asked: str) -> None:
    status, headers, body = world.fetch(link, range=asked)
    assert status == 200
    assert "content-range" not in headers
    assert len(body) == int(headers["content-length"])


def test_if_range(world: World, link: str) -> None:
    tag = world.fetch(link)[1]["etag"]
    assert world.fetch(link, range="bytes=1-2", if_range=tag)[0] == 206
    for other in ('"other"', tag.strip('"'), "Wed, 21 Oct 2026 07:28:00 GMT"):
        assert world.fetch(link, range="bytes=1-2", if_range=other)[0] == 200
    assert world.fetch(link, range="bytes=999999-", if_range=tag)[0] == 416


def test_parts_of_a_session_s_files_too(world: World, people: list[Who]) -> None:
    world.end(meeting_of(world, people))
    chat = world.get(f"/sessions/{people[0].session_id}/chat").data["chat_download_url"]
    whole = world.fetch(chat)[2]
    assert world.fetch(chat, range="bytes=3-")[2] == whole[3:]


def test_a_forged_link_has_no_parts(world: World, link: str) -> None:
    status, headers, _ = world.fetch(link + "0", range="bytes=0-1")
    assert status == 403
    assert "etag" not in headers


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    asked=st.text(alphabet="bytes=-, 0123456789", max_size=12)
    | st.builds("bytes={}-{}".format, st.integers(0, 300), st.integers(0, 300))
)
def test_any_range_gets_its_bytes(world: World, link: str, asked: str) -> None:
    whole = world.fetch(link)[2]
    status, headers, body = world.fetch(link, range=asked)
    assert status in {200, 206, 416}
    if status == 200:
        assert body == whole
    if status == 206:
        first, last = map(int, headers["content-range"].removeprefix("bytes ").partition("/")[0].split("-"))
        assert body == whole[first : last + 1]
        assert body
