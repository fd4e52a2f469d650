"""GET /sessions and GET /sessions/{session_id}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .shape import LIVE_SESSION, NOT_FOUND, PAGING, SESSION, error, must_be

if TYPE_CHECKING:
    from .world import World


def found(world: World, **query: Any) -> list[str]:
    """Return the ids, in the order of the response."""
    response = world.get("/sessions", **query)
    ids = [session["id"] for session in response.data["sessions"]]
    assert response.json()["paging"]["total_count"] == len(ids)
    return ids


def test_list(world: World) -> None:
    session_id = world.ended()[0].session_id
    response = world.get("/sessions")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"sessions": [SESSION]}, "paging": PAGING})
    assert response.data["sessions"] == [world.session(session_id)]


def test_get_live(world: World) -> None:
    meeting_id = world.meeting(title="Planning")
    session_id = world.join(meeting_id).session_id
    response = world.get(f"/sessions/{session_id}")
    assert response.status == 200
    known = {
        "id": session_id,
        "associated_id": meeting_id,
        "organization_id": world.emulator.app_id,
        "meeting_display_name": "Planning",
        "live_participants": 1,
        "max_concurrent_participants": 1,
    }
    must_be(response.json(), {"success": True, "data": {**LIVE_SESSION, **known}})


def test_get_ended(world: World) -> None:
    session_id = world.ended("Alice", "Bob")[0].session_id
    session = world.session(session_id)
    must_be(session, {**SESSION, "id": session_id, "max_concurrent_participants": 2})
    assert session["created_at"] == session["started_at"] < session["ended_at"] == session["updated_at"]


def test_an_untitled_meeting(world: World) -> None:
    session_id = world.ended(title=None)[0].session_id
    assert world.session(session_id)["meeting_display_name"] == ""


def test_the_session_keeps_the_title_it_began_with(world: World) -> None:
    meeting_id = world.meeting(title="Before")
    session_id = world.join(meeting_id).session_id
    world.patch(f"/meetings/{meeting_id}", {"title": "After"})
    assert world.session(session_id)["meeting_display_name"] == "Before"


def test_breakout_rooms_only_if_asked_for(world: World) -> None:
    session_id = world.ended()[0].session_id
    response = world.get(f"/sessions/{session_id}", include_breakout_rooms="true")
    must_be({**response.data, "breakout_rooms": None}, {**SESSION, "breakout_rooms": None})
    assert response.data["breakout_rooms"] == []
    must_be(world.get(f"/sessions/{session_id}", include_breakout_rooms="false").data, SESSION)
    bad = world.get(f"/sessions/{session_id}", include_breakout_rooms="perhaps")
    assert bad.status == 400
    assert bad.json() == error(400, 'BAD_REQUEST: "include_breakout_rooms" must be a boolean')


def test_unknown_session(world: World) -> None:
    response = world.get("/sessions/nothing")
    assert response.status == 404
    assert response.json() == NOT_FOUND


def test_a_session_of_another_app(world: World) -> None:
    session_id = world.ended()[0].session_id
    app = world.call("POST", f"{world.kit}/apps", {"name": "other"}).data["app"]
    for end in ("", "/participants", "/chat", "/transcript", "/summary", "/livestream-sessions"):
        response = world.call("GET", f"{world.kit}/{app['id']}/sessions/{session_id}{end}")
        assert response.status == 404
        assert response.json() == NOT_FOUND


# --- sorting


def test_sorted_by_time_the_newest_first(world: World) -> None:
    ids = [world.ended(minutes=minutes)[0].session_id for minutes in (2, 1, 3)]
    newest_first = ids[::-1]
    assert found(world) == found(world, sort_by="createdAt") == newest_first
    assert found(world, sort_order="DESC") == newest_first
    assert found(world, sort_order="ASC") == found(world, sort_by="createdAt", sort_order="ASC") == ids


def test_sorted_by_minutes(world: World) -> None:
    two, one, three = (world.ended(minutes=minutes)[0].session_id for minutes in (2, 1, 3))
    assert found(world, sort_by="minutesConsumed") == [three, two, one]
    assert found(world, sort_by="minutesConsumed", sort_order="ASC") == [one, two, three]


def test_a_live_session_is_sorted_by_the_minutes_it_shows(world: World) -> None:
    ended = world.ended(minutes=1)[0].session_id
    live = world.join(world.meeting()).session_id
    world.advance(600)
    assert world.session(live)["minutes_consumed"] > world.session(ended)["minutes_consumed"]
    assert found(world, sort_by="minutesConsumed") == [live, ended]


# --- filters


def test_filter_by_status(world: World) -> None:
    ended = world.ended()[0].session_id
    live = world.join(world.meeting()).session_id
    assert found(world, status="ENDED") == [ended]
    assert found(world, status="LIVE") == [live]


def test_filter_by_meeting(world: World) -> None:
    meeting_id = world.meeting()
    session_id = world.join(meeting_id).session_id
    world.ended()
    assert found(world, associated_id=meeting_id) == [session_id]
    assert found(world, associated_id="9" * 36) == []


def test_search_is_for_ids_and_a_part_of_the_title(world: World) -> None:
    meeting_id = world.meeting(title="Weekly sync 50%")
    session_id = world.join(meeting_id).session_id
    world.ended(title="Other")
    for text in ("weekly", "SYNC", "50%", meeting_id, session_id):
        assert found(world, search=text) == [session_id], text
    for text in ("w%y", "sync_50", session_id[:-1], "nothing"):
        assert found(world, search=text) == [], text


def test_filter_by_number_of_participants(world: World) -> None:
    one = world.ended("A")[0].session_id
    three = world.ended("A", "B", "C")[0].session_id
    assert found(world, participants="1:10") == [three, one]
    assert found(world, participants="2:3") == [three]
    assert found(world, participants="1:1") == [one]
    assert (
        found(world, participants="0:0") == found(world, participants="4:9") == found(world, participants="3:1") == []
    )


def test_filter_by_time(world: World) -> None:
    people = [world.ended()[0] for _ in range(3)]
    first, second, third = (who.session_id for who in people)
    at = world.session(second)["created_at"]
    assert found(world, start_time=at) == [third, second]
    assert found(world, end_time=at) == [second, first]
    assert found(world, start_time=at, end_time=at) == [second]


def test_filters_together(world: World) -> None:
    wanted = world.ended("A", "B", title="x")[0].session_id
    world.ended("A", title="x")
    world.ended("A", "B", title="y")
    assert found(world, search="x", participants="2:2", status="ENDED") == [wanted]


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"status": "live"}, '"status" must be one of [LIVE, ENDED]'),
        ({"status": ""}, '"status" must be one of [LIVE, ENDED]'),
        ({"sort_by": "created_at"}, '"sort_by" must be one of [minutesConsumed, createdAt]'),
        ({"sort_order": "asc"}, '"sort_order" must be one of [ASC, DESC]'),
        ({"start_time": "now"}, '"start_time" must be a valid ISO 8601 date'),
        ({"end_time": "1e9"}, '"end_time" must be a valid ISO 8601 date'),
        ({"participants": "5"}, '"participants" fails to match'),
        ({"participants": "1:2:3"}, '"participants" fails to match'),
        ({"participants": "-1:2"}, '"participants" fails to match'),
        ({"participants": "1:2\n"}, '"participants" fails to match'),
    ],
)
def test_bad_queries(world: World, query: dict[str, str], problem: str) -> None:
    response = world.get("/sessions", **query)
    assert response.status == 400
    message = response.json()["error"]["message"]
    assert response.json() == error(400, message)
    assert message.startswith(f"BAD_REQUEST: {problem}")


def test_absurd_numbers_of_participants(world: World) -> None:
    for value in (f"0:{10**30}", f"0:{'9' * 5000}"):
        assert world.get("/sessions", participants=value).status in {200, 400}


def test_unknown_parameters_are_ignored(world: World) -> None:
    session_id = world.ended()[0].session_id
    assert found(world, colour="red", page="7") == [session_id]
