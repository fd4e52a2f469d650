"""Livestreams: the responses of each operation, and their lifecycle."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from .shape import LIVESTREAM, LIVESTREAM_SESSION, NOT_FOUND, PAGING, error, must_be, text, uuid

if TYPE_CHECKING:
    from .world import World

LIVE_SESSION = {**LIVESTREAM_SESSION, "stopped_time": None}


@pytest.fixture
def meeting(world: World) -> str:
    """Alice is in it."""
    meeting_id = world.meeting()
    world.join(meeting_id)
    return meeting_id


def start(world: World, meeting_id: str, **fields: Any) -> str:
    return str(world.post(f"/meetings/{meeting_id}/livestreams", fields).data["id"])


def stop(world: World, meeting_id: str) -> None:
    assert world.post(f"/meetings/{meeting_id}/active-livestream/stop").status == 200


def status(world: World, livestream_id: str) -> Any:
    return world.get(f"/livestreams/{livestream_id}").data["livestream"]["status"]


def sessions_of(world: World, livestream_id: str) -> list[dict[str, Any]]:
    return list(world.get(f"/livestreams/{livestream_id}").data["sessions"])


# --- shapes


def test_create(world: World) -> None:
    response = world.post("/livestreams", {"name": "Livestreaming-Demo"})
    assert response.status == 201
    kept = {name: rule for name, rule in LIVESTREAM.items() if not name.endswith("_at")}
    wanted = {**kept, "name": "Livestreaming-Demo", "status": "INVOKED", "meeting_id": None}
    must_be(response.json(), {"success": True, "data": wanted})


def test_start(world: World, meeting: str) -> None:
    response = world.post(f"/meetings/{meeting}/livestreams", {"video_config": {"height": 720, "width": 1280}})
    assert response.status == 201
    wanted = {"id": uuid, "status": "INVOKED", "ingest_server": text, "stream_key": text, "playback_url": text}
    must_be(response.json(), {"success": True, "data": wanted})


def test_each_has_its_own_key(world: World) -> None:
    keys = {world.post("/livestreams", {}).data["stream_key"] for _ in range(5)}
    assert len(keys) == 5
    assert min(map(len, keys)) >= 32


def test_no_url_leads_to_a_real_server(world: World) -> None:
    data = world.post("/livestreams", {}).data
    assert ".localhost:443/" in data["ingest_server"]
    assert ".localhost/" in data["playback_url"]


def test_list(world: World, meeting: str) -> None:
    livestream_id = start(world, meeting, name="a-b_1")
    response = world.get("/livestreams")
    assert response.status == 200
    item = {**LIVESTREAM, "id": livestream_id, "meeting_id": meeting, "name": "a-b_1", "status": "INVOKED"}
    must_be(response.json(), {"success": True, "data": [item], "paging": PAGING})


@pytest.mark.parametrize("by", ["meeting", "id"])
def test_one_with_its_sessions(world: World, meeting: str, by: str) -> None:
    livestream_id = start(world, meeting)
    world.advance(32)
    response = world.get(f"/meetings/{meeting}/livestream" if by == "meeting" else f"/livestreams/{livestream_id}")
    assert response.status == 200
    data = {
        "livestream": {**LIVESTREAM, "id": livestream_id, "meeting_id": meeting, "status": "LIVE"},
        "sessions": [{**LIVE_SESSION, "livestream_id": livestream_id}],
    }
    must_be(response.json(), {"success": True, "data": data, "paging": PAGING})
    assert response.data["sessions"][0]["ingest_seconds"] == pytest.approx(30, abs=2)


def test_active(world: World, meeting: str) -> None:
    path = f"/meetings/{meeting}/active-livestream"
    assert world.get(path).json() == NOT_FOUND
    livestream_id = start(world, meeting)
    assert world.get(path).data["status"] == "INVOKED"
    world.advance(3)
    wanted = {name: rule for name, rule in LIVESTREAM.items() if name not in ("ingest_server", "stream_key")}
    response = world.get(path)
    must_be(response.json(), {"success": True, "data": {**wanted, "id": livestream_id, "status": "LIVE"}})
    stop(world, meeting)
    assert world.get(path).json() == NOT_FOUND


def test_active_session(world: World, meeting: str) -> None:
    livestream_id = start(world, meeting)
    path = f"/livestreams/{livestream_id}/active-livestream-session"
    assert world.get(path).json() == NOT_FOUND
    world.advance(3)
    response = world.get(path)
    must_be(response.json(), {"success": True, "data": {"livestream": LIVESTREAM, "session": LIVE_SESSION}})
    assert world.get(f"/livestreams/sessions/{response.data['session']['id']}").data["livestream_id"] == livestream_id
    stop(world, meeting)
    assert world.get(path).json() == NOT_FOUND


def test_stop(world: World, meeting: str) -> None:
    livestream_id = start(world, meeting)
    world.advance(62)
    response = world.post(f"/meetings/{meeting}/active-livestream/stop")
    assert response.status == 200
    assert response.json() == {"success": True, "data": {"message": "Stopped live stream successfully"}}
    assert status(world, livestream_id) == "IDLE"
    (session,) = sessions_of(world, livestream_id)
    must_be(session, LIVESTREAM_SESSION)
    world.advance(100)
    assert sessions_of(world, livestream_id) == [session]
    assert session["ingest_seconds"] == pytest.approx(60, abs=2)
    assert session["viewer_seconds"] == 0
    assert world.post(f"/meetings/{meeting}/active-livestream/stop").json() == NOT_FOUND


# --- its life


def test_it_is_live_after_two_seconds(world: World, meeting: str) -> None:
    livestream_id = start(world, meeting)
    world.advance(1)
    assert status(world, livestream_id) == "INVOKED"
    assert sessions_of(world, livestream_id) == []
    world.advance(1)
    assert status(world, livestream_id) == "LIVE"


def test_of_no_meeting_it_becomes_idle(world: World) -> None:
    livestream_id = world.post("/livestreams", {}).data["id"]
    assert status(world, livestream_id) == "INVOKED"
    world.advance(1000)
    assert status(world, livestream_id) == "IDLE"
    assert sessions_of(world, livestream_id) == []


def test_it_waits_for_the_first_participant(world: World) -> None:
    meeting_id = world.meeting()
    livestream_id = start(world, meeting_id)
    world.advance(1000)
    assert status(world, livestream_id) == "INVOKED"
    who = world.join(meeting_id)
    world.advance(100)
    assert status(world, livestream_id) == "LIVE"
    (session,) = world.get(f"/sessions/{who.session_id}/livestream-sessions").data["data"]
    joined = datetime.fromisoformat(world.peer(who)["joined_at"])
    assert (datetime.fromisoformat(session["started_time"]) - joined).total_seconds() == 2


def test_stopped_before_it_was_live(world: World, meeting: str) -> None:
    livestream_id = start(world, meeting)
    stop(world, meeting)
    world.advance(100)
    assert status(world, livestream_id) == "IDLE"
    assert sessions_of(world, livestream_id) == []


def test_the_end_of_the_session_stops_it(world: World) -> None:
    meeting_id = world.meeting(live_stream_on_start=True)
    who = world.join(meeting_id)
    (livestream,) = world.get("/livestreams").data
    world.advance(10)
    assert status(world, livestream["id"]) == "LIVE"
    world.emulator.leave(meeting_id, who.peer_id)
    world.advance(1000)
    assert status(world, livestream["id"]) == "IDLE"
    (session,) = sessions_of(world, livestream["id"])
    assert session["stopped_time"] == world.session(who.session_id)["ended_at"]


def test_starting_again_adds_a_session_to_the_same_livestream(world: World, meeting: str) -> None:
    first = start(world, meeting, name="one")
    key = world.get(f"/livestreams/{first}").data["livestream"]["stream_key"]
    for name in ("two", None):
        world.advance(10)
        stop(world, meeting)
        again = world.post(f"/meetings/{meeting}/livestreams", {"name": name}).data
        assert (again["id"], again["stream_key"], again["status"]) == (first, key, "INVOKED")
    world.advance(10)
    data = world.get(f"/meetings/{meeting}/livestream").data
    assert data["livestream"]["name"] == "two"
    assert [session["stopped_time"] is None for session in data["sessions"]] == [True, False, False]
    page = world.get(f"/livestreams/{first}", per_page=2, page_no=2).json()
    assert [item["id"] for item in page["data"]["sessions"]] == [data["sessions"][2]["id"]]
    assert page["paging"] == {"total_count": 3, "start_offset": 3, "end_offset": 3}


def test_on_start_in_each_session(world: World) -> None:
    meeting_id = world.meeting(live_stream_on_start=True)
    for _ in range(2):
        world.join(meeting_id)
        world.advance(10)
        world.end(meeting_id)
    (livestream,) = world.get("/livestreams").data
    assert len(sessions_of(world, livestream["id"])) == 2


# --- lists


@pytest.fixture
def three(world: World, meeting: str) -> list[str]:
    """IDLE of no meeting, LIVE of one, INVOKED of no meeting; the oldest first."""
    first = world.post("/livestreams", {}).data["id"]
    world.advance(10)
    second = start(world, meeting)
    world.advance(10)
    return [first, second, world.post("/livestreams", {}).data["id"]]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, [2, 1, 0]),
        ({"sort_order": "DSC"}, [2, 1, 0]),
        ({"sort_order": "ASC"}, [0, 1, 2]),
        ({"exclude_meetings": "true"}, [2, 0]),
        ({"exclude_meetings": "false"}, [2, 1, 0]),
        ({"status": "LIVE"}, [1]),
        ({"status": "IDLE"}, [0]),
        ({"status": "INVOKED"}, [2]),
        ({"status": "ERRORED"}, []),
        ({"per_page": 2, "page_no": 2}, [0]),
        ({"end_time": "2000-01-01T00:00:00Z"}, []),
    ],
)
def test_filters(world: World, three: list[str], query: dict[str, Any], wanted: list[int]) -> None:
    assert [item["id"] for item in world.get("/livestreams", **query).data] == [three[place] for place in wanted]


def test_by_time(world: World, three: list[str]) -> None:
    created = world.get(f"/livestreams/{three[1]}").data["livestream"]["created_at"]
    assert [item["id"] for item in world.get("/livestreams", start_time=created).data] == [three[2], three[1]]
    assert [item["id"] for item in world.get("/livestreams", end_time=created).data] == [three[1], three[0]]


# --- refused


def test_a_second_start(world: World, meeting: str) -> None:
    start(world, meeting)
    before = world.state()
    response = world.post(f"/meetings/{meeting}/livestreams", {})
    assert response.json() == error(409, f"meeting {meeting} is already being livestreamed")
    assert world.state() == before


@pytest.mark.parametrize("path", ["/livestreams", "/meetings/{meeting}/livestreams"])
@pytest.mark.parametrize("name", ["two words", "é", "a/b", 1])
def test_bad_names(world: World, meeting: str, path: str, name: Any) -> None:
    before = world.state()
    assert world.post(path.format(meeting=meeting), {"name": name}).status == 400
    assert world.state() == before


def test_sort_order_is_dsc_not_desc(world: World) -> None:
    assert world.get("/livestreams", sort_order="DESC").status == 400


def test_unknown(world: World, meeting: str) -> None:
    livestream_id = start(world, meeting)
    other = world.call("POST", f"{world.kit}/apps", {"name": "other"}).data["app"]["id"]
    for app, one, its_meeting in ((world.emulator.app_id, "nothing", "nothing"), (other, livestream_id, meeting)):
        for method, path in (
            ("GET", f"/livestreams/{one}"),
            ("GET", f"/livestreams/{one}/active-livestream-session"),
            ("GET", f"/meetings/{its_meeting}/livestream"),
            ("GET", f"/meetings/{its_meeting}/active-livestream"),
            ("POST", f"/meetings/{its_meeting}/active-livestream/stop"),
            ("POST", f"/meetings/{its_meeting}/livestreams"),
        ):
            assert world.call(method, f"{world.kit}/{app}{path}").json() == NOT_FOUND, path
    assert world.get(f"/meetings/{world.meeting()}/livestream").json() == NOT_FOUND  # it never had one
    assert world.call("GET", f"{world.kit}/{other}/livestreams").data == []
