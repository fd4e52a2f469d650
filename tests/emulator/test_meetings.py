"""GET, POST, PATCH and PUT of meetings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .shape import MEETING, NOT_FOUND, PAGING, error, must_be

if TYPE_CHECKING:
    from .world import World

EVERYTHING: dict[str, Any] = {
    "title": "Everything",
    "record_on_start": True,
    "live_stream_on_start": True,
    "persist_chat": True,
    "summarize_on_end": True,
    "transcribe_on_end": True,
    "session_keep_alive_time_in_secs": 600,
    "recording_config": {"max_seconds": 3600, "audio_config": {"codec": "MP3"}},
    "ai_config": {"summarization": {"word_limit": 150}},
}


def test_create_returns_201_with_the_defaults(world: World) -> None:
    response = world.post("/meetings", {"title": "Planning"})
    assert response.status == 201
    must_be(response.json(), {"success": True, "data": {**MEETING, "title": "Planning"}})
    assert response.data["created_at"] == response.data["updated_at"]


def test_nothing_is_required(world: World) -> None:
    for body in ({}, None, {"title": None}):
        must_be(world.post("/meetings", body).json(), {"success": True, "data": {**MEETING, "title": None}})


def test_everything_that_is_given_is_kept(world: World) -> None:
    created = world.post("/meetings", {**EVERYTHING, "unknown": 1}).data
    must_be(created, {**MEETING, **EVERYTHING})
    got = world.get(f"/meetings/{created['id']}")
    assert got.status == 200
    assert got.json() == {"success": True, "data": created}


def test_list_items_have_no_ai_config(world: World) -> None:
    world.post("/meetings", EVERYTHING)
    response = world.get("/meetings")
    assert response.status == 200
    item = {**MEETING, **EVERYTHING}
    del item["ai_config"]
    must_be(response.json(), {"success": True, "data": [item], "paging": PAGING})


def test_patch_changes_only_the_given_fields(world: World) -> None:
    before = world.post("/meetings", EVERYTHING).data
    world.advance(1)
    response = world.patch(f"/meetings/{before['id']}", {"title": "New", "persist_chat": False, "status": "INACTIVE"})
    assert response.status == 200
    assert response.json()["success"] is True
    after = response.data
    assert after == {
        **before,
        "title": "New",
        "persist_chat": False,
        "status": "INACTIVE",
        "updated_at": after["updated_at"],
    }
    assert after["updated_at"] > before["updated_at"]
    assert world.get(f"/meetings/{before['id']}").data == after


def test_put_resets_missing_fields(world: World) -> None:
    before = world.post("/meetings", EVERYTHING).data
    world.advance(1)
    response = world.put(f"/meetings/{before['id']}", {"title": "Replaced"})
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {**MEETING, "title": "Replaced"}})
    assert (response.data["id"], response.data["created_at"]) == (before["id"], before["created_at"])
    assert response.data["updated_at"] > before["updated_at"]
    assert world.get(f"/meetings/{before['id']}").data == response.data


def test_put_has_no_status(world: World) -> None:
    meeting_id = world.meeting()
    assert world.put(f"/meetings/{meeting_id}", {"status": "INACTIVE"}).data["status"] == "ACTIVE"


@pytest.mark.parametrize("field", ["title", "record_on_start", "live_stream_on_start"])
def test_null_is_for_post_and_put_but_not_for_patch(world: World, field: str) -> None:
    meeting_id = world.meeting()
    assert world.post("/meetings", {field: None}).status == 201
    assert world.put(f"/meetings/{meeting_id}", {field: None}).status == 200
    response = world.patch(f"/meetings/{meeting_id}", {field: None})
    assert response.status == 400
    assert response.json() == error(400, f'BAD_REQUEST: "{field}" must not be null')


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("title", 7, "must be a string"),
        ("record_on_start", "true", "must be a boolean"),
        ("live_stream_on_start", 1, "must be a boolean"),
        ("persist_chat", None, "must not be null"),
        ("summarize_on_end", [], "must be a boolean"),
        ("transcribe_on_end", {}, "must be a boolean"),
        ("session_keep_alive_time_in_secs", 59.9, "must be greater than or equal to 60"),
        ("session_keep_alive_time_in_secs", 601, "must be less than or equal to 600"),
        ("session_keep_alive_time_in_secs", "60", "must be a number"),
        ("session_keep_alive_time_in_secs", True, "must be a number"),
        ("recording_config", [], "must be of type object"),
        ("ai_config", "x", "must be of type object"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_bad_values_change_nothing(world: World, method: str, field: str, value: object, problem: str) -> None:
    path = f"{world.app}/meetings" + ("" if method == "POST" else f"/{world.meeting()}")
    before = world.state()
    response = world.call(method, path, {"title": "changed", field: value})
    assert response.status == 400
    assert response.json() == error(400, f'BAD_REQUEST: "{field}" {problem}')
    assert world.state() == before


def test_bad_status(world: World) -> None:
    meeting_id = world.meeting()
    response = world.patch(f"/meetings/{meeting_id}", {"status": "ENDED"})
    assert response.status == 400
    assert response.json() == error(400, 'BAD_REQUEST: "status" must be one of [ACTIVE, INACTIVE]')


def test_keep_alive_limits_are_inclusive(world: World) -> None:
    for seconds in (60, 600, 60.5):
        created = world.post("/meetings", {"session_keep_alive_time_in_secs": seconds}).data
        assert created["session_keep_alive_time_in_secs"] == seconds


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT"])
def test_unknown_meeting(world: World, method: str) -> None:
    response = world.call(method, f"{world.app}/meetings/nothing", None if method == "GET" else {})
    assert response.status == 404
    assert response.json() == NOT_FOUND


# --- filters


def titles(world: World, **query: Any) -> list[str]:
    response = world.get("/meetings", **query)
    found = [meeting["title"] for meeting in response.data]
    assert response.json()["paging"]["total_count"] == len(found)
    return found


def test_the_newest_comes_first(world: World) -> None:
    for title in ("b", "c", "a"):
        world.meeting(title=title)
        world.advance(1)
    assert titles(world) == ["a", "c", "b"]


def test_filter_by_status(world: World) -> None:
    world.meeting(title="on")
    world.patch(f"/meetings/{world.meeting(title='off')}", {"status": "INACTIVE"})
    assert titles(world, status="ACTIVE") == ["on"]
    assert titles(world, status="INACTIVE") == ["off"]
    response = world.get("/meetings", status="LIVE")
    assert response.status == 400
    assert response.json() == error(400, 'BAD_REQUEST: "status" must be one of [ACTIVE, INACTIVE]')


def test_search_is_for_the_id_or_a_part_of_the_title(world: World) -> None:
    first = world.meeting(title="Weekly 100%")
    world.advance(1)
    world.meeting(title="Daily weekly")
    assert titles(world, search="WEEKLY") == ["Daily weekly", "Weekly 100%"]
    assert titles(world, search="100%") == ["Weekly 100%"]
    assert titles(world, search="y_w") == []
    assert titles(world, search=first) == ["Weekly 100%"]
    assert titles(world, search=first[:-1]) == []


def test_filter_by_time_of_creation(world: World) -> None:
    times = {}
    for title in ("first", "second", "third"):
        times[title] = world.get(f"/meetings/{world.meeting(title=title)}").data["created_at"]
        world.advance(60)
    assert titles(world, start_time=times["second"]) == ["third", "second"]
    assert titles(world, end_time=times["second"]) == ["second", "first"]
    assert titles(world, start_time=times["second"], end_time=times["second"]) == ["second"]
    assert titles(world, start_time="2001-01-01", end_time="2001-01-02T00:00:00+02:00") == []
    elsewhere = times["second"].replace("Z", "+00:00")
    assert titles(world, start_time=elsewhere) == ["third", "second"]
    assert titles(world, start_time=elsewhere.replace("+00:00", "-01:00")) == []  # an hour later


@pytest.mark.parametrize("name", ["start_time", "end_time"])
@pytest.mark.parametrize("value", ["", "yesterday", "2026-13-01", "0001-01-01T00:00:00+23:59", "99999-01-01"])
def test_bad_times(world: World, name: str, value: str) -> None:
    response = world.get("/meetings", **{name: value})
    assert response.status == 400
    assert response.json() == error(400, f'BAD_REQUEST: "{name}" must be a valid ISO 8601 date')


@pytest.mark.parametrize("language", ["en", "en-US", "pt-BR", "es-419", "ko", "multi"])
def test_languages_of_live_and_post_meeting_transcription(world: World, language: str) -> None:
    ai_config = {"transcription": {"language": language}}
    assert world.post("/meetings", {"ai_config": ai_config}).data["ai_config"] == ai_config
