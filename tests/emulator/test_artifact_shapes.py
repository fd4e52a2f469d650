"""The records of a session's files: chat, transcript, summary; and its livestream sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .shape import LIVESTREAM_SESSION, NOT_FOUND, PAGING, error, must_be, url, when

if TYPE_CHECKING:
    from .world import World


def test_chat(world: World) -> None:
    response = world.get(f"/sessions/{world.ended()[0].session_id}/chat")
    assert response.status == 200
    wanted = {"chat_download_url": url, "chat_download_url_expiry": when}
    must_be(response.json(), {"success": True, "data": wanted})


@pytest.mark.parametrize("kind", [None, "CSV", "JSON", "SRT", "VTT"])
def test_transcript_mixes_its_casing(world: World, kind: str | None) -> None:
    session_id = world.ended()[0].session_id
    response = world.get(f"/sessions/{session_id}/transcript", **({"format": kind} if kind else {}))
    assert response.status == 200
    wanted = {"sessionId": session_id, "transcript_download_url": url, "transcript_download_url_expiry": when}
    must_be(response.json(), {"success": True, "data": wanted})
    assert f"/transcript.{(kind or 'CSV').lower()}?" in response.data["transcript_download_url"]


@pytest.mark.parametrize("kind", ["", "srt", "TXT"])
def test_unknown_formats(world: World, kind: str) -> None:
    response = world.get(f"/sessions/{world.ended()[0].session_id}/transcript", format=kind)
    assert response.status == 400
    assert response.json() == error(400, 'BAD_REQUEST: "format" must be one of [SRT, VTT, JSON, CSV]')


def test_summary_is_in_camel_case(world: World) -> None:
    session_id = world.ended()[0].session_id
    response = world.get(f"/sessions/{session_id}/summary")
    assert response.status == 200
    wanted = {"sessionId": session_id, "summaryDownloadUrl": url, "summaryDownloadUrlExpiry": when}
    must_be(response.json(), {"success": True, "data": wanted})


def test_making_a_summary_is_in_snake_case(world: World) -> None:
    session_id = world.ended()[0].session_id
    response = world.post(f"/sessions/{session_id}/summary")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"session_id": session_id, "status": "INVOKED"}})


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("chat", "No chat dump found for this session!"),
        ("transcript", "Error: resource not found"),
        ("summary", "Error: resource not found"),
    ],
)
def test_a_live_session_has_no_files(world: World, end: str, message: str) -> None:
    session_id = world.join(world.meeting()).session_id
    response = world.get(f"/sessions/{session_id}/{end}")
    assert response.status == 404
    assert response.json() == error(404, message)
    assert world.get(f"/sessions/nothing/{end}").json() == NOT_FOUND


def test_a_summary_needs_a_transcript(world: World) -> None:
    session_id = world.join(world.meeting()).session_id
    for path in (f"/sessions/{session_id}/summary", "/sessions/nothing/summary"):
        response = world.post(path)
        assert response.status == 404
        assert response.json() == NOT_FOUND


# --- livestream sessions


def test_livestream_sessions_are_wrapped_twice(world: World) -> None:
    session_id = world.ended(live_stream_on_start=True, minutes=2)[0].session_id
    response = world.get(f"/sessions/{session_id}/livestream-sessions")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"data": [LIVESTREAM_SESSION], "paging": PAGING}})
    assert response.data["paging"] == {"total_count": 1, "start_offset": 1, "end_offset": 1}
    (livestream_session,) = response.data["data"]
    assert livestream_session["ingest_seconds"] == pytest.approx(120, abs=2)
    assert livestream_session["stopped_time"] == world.session(session_id)["ended_at"]


def test_one_livestream_session_is_not_wrapped(world: World) -> None:
    session_id = world.ended(live_stream_on_start=True)[0].session_id
    (listed,) = world.get(f"/sessions/{session_id}/livestream-sessions").data["data"]
    response = world.get(f"/livestreams/sessions/{listed['id']}")
    assert response.status == 200
    assert response.json() == {"success": True, "data": listed}


def test_a_live_livestream(world: World) -> None:
    session_id = world.join(world.meeting(live_stream_on_start=True)).session_id
    world.advance(30)
    response = world.get(f"/sessions/{session_id}/livestream-sessions").data
    must_be(response["data"], [{**LIVESTREAM_SESSION, "stopped_time": None}])
    assert response["data"][0]["ingest_seconds"] == pytest.approx(30, abs=2)


def test_no_livestream(world: World) -> None:
    session_id = world.ended()[0].session_id
    response = world.get(f"/sessions/{session_id}/livestream-sessions", page_no=1, per_page=5)
    paging = {"total_count": 0, "start_offset": 0, "end_offset": 0}
    assert response.json() == {"success": True, "data": {"data": [], "paging": paging}}


def test_unknown_livestream_session(world: World) -> None:
    session_id = world.ended(live_stream_on_start=True)[0].session_id
    (listed,) = world.get(f"/sessions/{session_id}/livestream-sessions").data["data"]
    app = world.call("POST", f"{world.kit}/apps", {"name": "other"}).data["app"]
    for path in (
        f"{world.app}/livestreams/sessions/nothing",
        f"{world.app}/livestreams/sessions/{listed['livestream_id']}",  # a livestream, not a session of it
        f"{world.app}/sessions/nothing/livestream-sessions",
        f"{world.kit}/{app['id']}/livestreams/sessions/{listed['id']}",
    ):
        response = world.call("GET", path)
        assert response.status == 404, path
        assert response.json() == NOT_FOUND
