"""Recordings: the responses of each operation, and their lifecycle."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from .shape import BY_API, INVOKED_RECORDING, MEETING, NOT_FOUND, PAGING, error, must_be, text, url, uuid, when, whole

if TYPE_CHECKING:
    from .world import Who, World

STORAGE = {
    "type": "aws",
    "bucket": "b",
    "region": "r",
    "path": "/",
    "access_key": "AK-1",
    "secret": "SK-1",
    "secret_key": "SK-2",
    "password": "PW-1",
    "private_key": "PK-1",
}


@pytest.fixture
def meeting(world: World) -> str:
    """Alice and Bob are in it."""
    meeting_id = world.meeting(title="Planning")
    world.join(meeting_id, "Alice")
    world.join(meeting_id, "Bob")
    return meeting_id


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def act(world: World, recording_id: str, action: str) -> Any:
    return world.put(f"/recordings/{recording_id}", {"action": action}).data


def uploaded(world: World, meeting_id: str, **fields: Any) -> Any:
    """Return an uploaded recording of one minute."""
    recording_id = world.record(meeting_id, **fields)
    world.advance(62)
    act(world, recording_id, "stop")
    world.advance(5)
    return world.recording(recording_id)


# --- shapes


def test_start(world: World, meeting: str) -> None:
    response = world.post("/recordings", {"meeting_id": meeting})
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {**INVOKED_RECORDING, "start_reason": BY_API}})
    data = response.data
    invoked = datetime.fromisoformat(data["invoked_time"]).timestamp()
    assert data["output_file_name"] == f"{meeting}_{round(invoked * 1000)}.mp4"


def test_secrets_of_a_storage_are_neither_returned_nor_stored(world: World, meeting: str) -> None:
    response = world.post("/recordings", {"meeting_id": meeting, "storage_config": STORAGE})
    must_be(response.data["storage_config"], {"id": uuid, "type": "aws", "bucket": "b", "region": "r", "path": "/"})
    assert world.recording(response.data["id"])["storage_config"] == response.data["storage_config"]
    assert world.get("/recordings").data[0]["storage_config"] == response.data["storage_config"]
    kept = repr(world.state())
    for secret in ("AK-1", "SK-1", "SK-2", "PW-1", "PK-1"):
        assert secret not in kept


def test_no_storage(world: World, meeting: str) -> None:
    data = world.post("/recordings", {"meeting_id": meeting, "storage_config": None}).data
    assert "storage_config" not in data


def test_start_of_tracks(world: World, meeting: str) -> None:
    response = world.post("/recordings/track", {"meeting_id": meeting})
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"recording": INVOKED_RECORDING}})
    assert response.data["recording"]["output_file_name"].endswith(".webm")


def test_one_that_is_ready(world: World, meeting: str) -> None:
    data = uploaded(world, meeting)
    wanted = {
        **INVOKED_RECORDING,
        "status": "UPLOADED",
        "session_id": uuid,
        "started_time": when,
        "stopped_time": when,
        "download_url": url,
        "download_url_expiry": when,
        "file_size": whole,
        "recording_duration": 60,
        "start_reason": BY_API,
        "stop_reason": BY_API,
    }
    must_be(data, wanted)


def test_list_items_have_the_meeting_and_no_reasons(world: World, meeting: str) -> None:
    recording_id = world.record(meeting)
    response = world.get("/recordings")
    assert response.status == 200
    item = {
        **INVOKED_RECORDING,
        "id": recording_id,
        "meeting": {**MEETING, "id": meeting, "transcribe_on_end": True, "summarize_on_end": True},
    }
    must_be(response.json(), {"success": True, "data": [item], "paging": PAGING})


def test_active(world: World, meeting: str) -> None:
    path = f"/recordings/active-recording/{meeting}"
    none = world.get(path)
    assert none.json() == error(404, f"No active recording found for meeting_id {meeting}")
    recording_id = world.record(meeting)
    must_be(world.get(path).json(), {"success": True, "data": {**INVOKED_RECORDING, "id": recording_id}})
    world.advance(10)
    assert world.get(path).data["status"] == "RECORDING"
    act(world, recording_id, "pause")
    assert world.get(path).data["status"] == "PAUSED"
    act(world, recording_id, "stop")
    assert world.get(path).status == 404
    assert world.get("/recordings/active-recording/nothing").json() == NOT_FOUND


# --- its life


def test_a_life_with_a_pause(world: World, meeting: str) -> None:
    recording_id = world.record(meeting)
    world.advance(1)
    assert world.recording(recording_id)["status"] == "INVOKED"
    world.advance(1.5)
    running = world.recording(recording_id)
    assert running["status"] == "RECORDING"
    assert seconds(running["invoked_time"], running["started_time"]) == 2
    assert running["session_id"] == world.get(f"/meetings/{meeting}/active-session").data["id"]
    world.advance(30)
    assert act(world, recording_id, "pause")["status"] == "PAUSED"
    world.advance(1000)
    paused = world.recording(recording_id)
    assert paused["recording_duration"] == pytest.approx(30, abs=2)
    assert act(world, recording_id, "resume")["status"] == "RECORDING"
    world.advance(20)
    stopped = act(world, recording_id, "stop")
    assert (stopped["status"], stopped["file_size"], stopped["download_url"]) == ("UPLOADING", None, None)
    assert stopped["recording_duration"] == pytest.approx(50, abs=3)
    world.advance(4)
    assert world.recording(recording_id)["status"] == "UPLOADING"
    world.advance(1.1)
    ready = world.recording(recording_id)
    assert ready["status"] == "UPLOADED"
    assert {name: ready[name] for name in ("stopped_time", "recording_duration", "stop_reason")} == {
        name: stopped[name] for name in ("stopped_time", "recording_duration", "stop_reason")
    }


def test_it_may_be_stopped_while_paused(world: World, meeting: str) -> None:
    recording_id = world.record(meeting)
    world.advance(12)
    act(world, recording_id, "pause")
    world.advance(100)
    assert act(world, recording_id, "stop")["recording_duration"] == pytest.approx(10, abs=1)
    world.advance(5)
    assert world.recording(recording_id)["status"] == "UPLOADED"


def test_stopped_before_the_start_there_is_no_file(world: World, meeting: str) -> None:
    recording_id = world.record(meeting)
    stopped = act(world, recording_id, "stop")
    assert (stopped["status"], stopped["started_time"], stopped["stopped_time"]) == ("ERRORED", None, None)
    assert "recording_duration" not in stopped
    world.advance(86_400)
    assert world.recording(recording_id)["status"] == "ERRORED"
    assert world.get(f"/recordings/active-recording/{meeting}").status == 404


@pytest.mark.parametrize("given", [60, None])
def test_it_ends_by_itself(world: World, meeting: str, given: int | None) -> None:
    recording_id = world.record(meeting, **({"max_seconds": given} if given else {}))
    longest = given or 86_400
    world.advance(longest + 1)
    assert world.recording(recording_id)["status"] == "RECORDING"
    world.advance(10)
    ended = world.recording(recording_id)
    assert (ended["status"], ended["recording_duration"]) == ("UPLOADED", longest)
    assert seconds(ended["started_time"], ended["stopped_time"]) == longest
    assert "stop_reason" not in ended


def test_its_time_runs_while_it_is_paused(world: World, meeting: str) -> None:
    recording_id = world.record(meeting, max_seconds=60)
    world.advance(12)
    act(world, recording_id, "pause")
    world.advance(100)
    ended = world.recording(recording_id)
    assert ended["status"] == "UPLOADED"
    assert seconds(ended["started_time"], ended["stopped_time"]) == 60
    assert ended["recording_duration"] == pytest.approx(10, abs=1)


def left(world: World, who: Who) -> str:
    return str(world.peer(who)["left_at"])


def test_it_ends_a_minute_after_the_last_has_left(world: World) -> None:
    meeting_id = world.meeting(session_keep_alive_time_in_secs=600)
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    recording_id = world.record(meeting_id)
    world.advance(30)
    world.emulator.leave(meeting_id, alice.peer_id)
    world.advance(100)
    assert world.recording(recording_id)["status"] == "RECORDING"  # Bob is still there
    world.emulator.leave(meeting_id, bob.peer_id)
    world.advance(50)
    assert world.recording(recording_id)["status"] == "RECORDING"
    world.advance(500)
    assert world.session(bob.session_id)["status"] == "LIVE"
    ended = world.recording(recording_id)
    assert (ended["status"], ended["stop_reason"]) == ("UPLOADED", {"reason": "ALL_PEERS_LEFT"})
    assert seconds(left(world, bob), ended["stopped_time"]) == 60


def test_rejoining_in_time_continues_the_recording(world: World) -> None:
    meeting_id = world.meeting(session_keep_alive_time_in_secs=600)
    who = world.join(meeting_id)
    recording_id = world.record(meeting_id)
    world.advance(10)
    for _ in range(3):
        world.emulator.leave(meeting_id, who.peer_id)
        world.advance(50)
        who = who._replace(peer_id=world.emulator.join(meeting_id, who.participant_id).peer_id)
        world.advance(50)
    assert world.recording(recording_id)["status"] == "RECORDING"


def test_it_ends_with_its_session(world: World, meeting: str) -> None:
    recording_id = world.record(meeting)
    world.advance(30)
    session = world.session(world.end(meeting))
    ended = world.recording(recording_id)
    assert (ended["status"], ended["stop_reason"]) == ("UPLOADED", {"reason": "ALL_PEERS_LEFT"})
    assert (ended["stopped_time"], ended["session_id"]) == (session["ended_at"], session["id"])


def test_a_recording_waits_for_the_first_participant(world: World) -> None:
    meeting_id = world.meeting()
    recording_id = world.record(meeting_id)
    world.advance(1000)
    assert world.recording(recording_id)["status"] == "INVOKED"
    who = world.join(meeting_id)
    world.join(meeting_id, "Bob")
    world.advance(10)
    running = world.recording(recording_id)
    assert (running["status"], running["session_id"]) == ("RECORDING", who.session_id)
    assert seconds(world.peer(who)["joined_at"], running["started_time"]) == 2


def test_leaving_before_the_start_keeps_it_waiting(world: World) -> None:
    meeting_id = world.meeting()
    recording_id = world.record(meeting_id)
    who = world.join(meeting_id)
    world.emulator.leave(meeting_id, who.peer_id)
    world.advance(10)
    assert world.recording(recording_id)["status"] == "INVOKED"
    world.emulator.join(meeting_id, who.participant_id)
    world.advance(2)
    assert world.recording(recording_id)["status"] == "RECORDING"


def test_record_on_start(world: World) -> None:
    config = {"max_seconds": 120, "file_name_prefix": "weekly", "storage_config": STORAGE}
    meeting_id = world.meeting(record_on_start=True, recording_config=config)
    assert world.get("/recordings").data == []
    world.join(meeting_id, "Alice")
    world.join(meeting_id, "Bob")
    (item,) = world.get("/recordings").data
    data = world.recording(item["id"])
    assert data["start_reason"] == {"reason": "RECORD_ON_START"}
    assert data["output_file_name"].startswith(f"weekly_{meeting_id}_")
    assert data["storage_config"]["bucket"] == "b"
    world.advance(130)
    assert world.recording(item["id"])["recording_duration"] == 120
    assert len(world.get("/recordings").data) == 1
    world.end(meeting_id)
    world.join(meeting_id, "Carol")
    assert len(world.get("/recordings").data) == 2  # each session anew


def test_a_call_overrides_the_meeting(world: World) -> None:
    meeting_id = world.meeting(recording_config={"max_seconds": 120, "file_name_prefix": "a"})
    world.join(meeting_id)
    recording_id = world.record(meeting_id, max_seconds=60)
    world.advance(100)
    ended = world.recording(recording_id)
    assert ended["recording_duration"] == 60
    assert ended["output_file_name"].startswith("a_")


def test_overdue_jobs_use_their_own_time(world: World, meeting: str) -> None:
    recording_id = world.record(meeting, max_seconds=60)
    world.advance(6 * 86_400)
    ended = world.recording(recording_id)
    assert ended["status"] == "UPLOADED"
    assert seconds(ended["stopped_time"], ended["download_url_expiry"]) == 7 * 86_400 + 5


# --- several


def test_one_at_a_time_unless_allowed(world: World, meeting: str) -> None:
    first = world.record(meeting)
    before = world.state()
    response = world.post("/recordings", {"meeting_id": meeting})
    problem = f'meeting {meeting} is already being recorded, by {first}; "allow_multiple_recordings" allows for more'
    assert response.json() == error(409, problem)
    assert world.post("/recordings", {"meeting_id": meeting, "allow_multiple_recordings": False}).status == 409
    assert world.state() == before
    second = world.record(meeting, allow_multiple_recordings=True)
    assert world.get(f"/recordings/active-recording/{meeting}").data["id"] == second
    world.advance(10)
    for recording_id in (first, second):
        assert act(world, recording_id, "stop")["status"] == "UPLOADING"
    world.record(meeting)  # what is being uploaded is no longer in the way
    other = world.meeting()
    world.record(other)


def test_tracks_are_recorded_besides(world: World, meeting: str) -> None:
    world.record(meeting)
    assert world.post("/recordings/track", {"meeting_id": meeting}).status == 200
    world.advance(10)
    assert [item["status"] for item in world.get("/recordings").data] == ["RECORDING", "RECORDING"]


# --- lists


@pytest.fixture
def three(world: World, meeting: str) -> list[str]:
    """UPLOADED of another meeting, UPLOADING and RECORDING of this; the oldest first."""
    other = world.meeting(title="Review")
    world.join(other, "Carol")
    first = uploaded(world, other)["id"]
    world.advance(8 * 86_400)
    second = world.record(meeting)
    world.advance(10)
    act(world, second, "stop")
    third = world.record(meeting)
    world.advance(3)
    return [first, second, third]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, [2, 1, 0]),
        ({"sort_order": "DESC"}, [2, 1, 0]),
        ({"sort_order": "ASC", "sort_by": "invokedTime"}, [0, 1, 2]),
        ({"status": "UPLOADED"}, [0]),
        ({"status": "UPLOADED,RECORDING"}, [2, 0]),
        ({"status": "PAUSED"}, []),
        ({"search": "plan"}, [2, 1]),
        ({"search": "REVIEW"}, [0]),
        ({"search": "%"}, []),
        ({"expired": "true"}, [0]),
        ({"expired": "false"}, [2, 1]),
        ({"meeting_id": "nothing"}, []),
        ({"per_page": 2}, [2, 1]),
        ({"per_page": 2, "page_no": 2}, [0]),
        ({"start_time": "2000-01-01T00:00:00Z"}, [2, 1, 0]),
        ({"end_time": "2000-01-01T00:00:00Z"}, []),
    ],
)
def test_filters(world: World, three: list[str], query: dict[str, Any], wanted: list[int]) -> None:
    assert [item["id"] for item in world.get("/recordings", **query).data] == [three[place] for place in wanted]


def test_filters_by_meeting_and_time(world: World, meeting: str, three: list[str]) -> None:
    def ids(**query: Any) -> list[str]:
        return [item["id"] for item in world.get("/recordings", **query).data]

    assert ids(meeting_id=meeting) == ids(search=meeting) == [three[2], three[1]]
    invoked = world.recording(three[1])["invoked_time"]
    assert ids(start_time=invoked) == [three[2], three[1]]
    assert ids(end_time=invoked) == [three[1], three[0]]
    repeated = world.call("GET", f"{world.app}/recordings?status=UPLOADED&status=UPLOADING").data
    assert [item["id"] for item in repeated] == [three[1], three[0]]
    paging = world.get("/recordings", per_page=2, page_no=2).json()["paging"]
    assert paging == {"total_count": 3, "start_offset": 3, "end_offset": 3}


def test_each_app_has_its_own(world: World, meeting: str) -> None:
    recording_id = world.record(meeting)
    other = world.call("POST", f"{world.kit}/apps", {"name": "other"}).data["app"]["id"]
    assert world.call("GET", f"{world.kit}/{other}/recordings").data == []
    for method, path, body in (
        ("GET", f"/recordings/{recording_id}", None),
        ("PUT", f"/recordings/{recording_id}", {"action": "stop"}),
        ("GET", f"/recordings/active-recording/{meeting}", None),
        ("POST", "/recordings", {"meeting_id": meeting}),
        ("POST", "/recordings/track", {"meeting_id": meeting}),
    ):
        assert world.call(method, f"{world.kit}/{other}{path}", body).json() == NOT_FOUND


# --- refused

STATES: dict[str, list[tuple[str, float]]] = {  # what leads there: actions, and seconds after each
    "INVOKED": [],
    "RECORDING": [("", 3)],
    "PAUSED": [("", 3), ("pause", 1)],
    "UPLOADING": [("", 3), ("stop", 1)],
    "UPLOADED": [("", 3), ("stop", 6)],
    "ERRORED": [("stop", 1)],
}
ALLOWED = {"pause": ["RECORDING"], "resume": ["PAUSED"], "stop": ["INVOKED", "RECORDING", "PAUSED"]}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("action", ALLOWED)
def test_actions_by_state(world: World, meeting: str, state: str, action: str) -> None:
    recording_id = world.record(meeting)
    for earlier, after in STATES[state]:
        if earlier:
            act(world, recording_id, earlier)
        world.advance(after)
    assert world.recording(recording_id)["status"] == state
    before = world.state()
    response = world.put(f"/recordings/{recording_id}", {"action": action})
    if state in ALLOWED[action]:
        assert response.status == 200
    else:
        problem = f"recording {recording_id} is {state}; {action} needs {' or '.join(ALLOWED[action])}"
        assert response.json() == error(409, problem)
        assert world.state() == before


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("max_seconds", 59, "must be greater than or equal to 60"),
        ("max_seconds", 86_401, "must be less than or equal to 86400"),
        ("max_seconds", 60.5, "must be an integer"),
        ("url", "no", "fails to match the pattern"),
        ("allow_multiple_recordings", "yes", "must be a boolean"),
        ("audio_config", {"codec": "OGG"}, "must be one of [MP3, AAC]"),
        ("video_config", {"width": 1921}, "must be less than or equal to 1920"),
        ("interactive_config", {"type": "ID4"}, "must be one of [ID3]"),
        ("rtmp_out_config", {"rtmp_url": 1}, "must be a string"),
        ("realtimekit_bucket_config", {}, "is required"),
        ("meeting_id", None, "must not be null"),
    ],
)
def test_bad_bodies(world: World, meeting: str, field: str, value: Any, problem: str) -> None:
    before = world.state()
    response = world.post("/recordings", {"meeting_id": meeting, field: value})
    assert response.status == 400
    message = response.json()["error"]["message"]
    assert field in message
    assert problem in message
    assert world.state() == before


@pytest.mark.parametrize("path", ["/recordings", "/recordings/track"])
def test_unknown_meetings(world: World, path: str) -> None:
    assert world.post(path, {"meeting_id": "nothing"}).json() == NOT_FOUND
    assert world.post(path, {}).json() == error(400, 'BAD_REQUEST: "meeting_id" is required')


def test_tracks_need_a_session_that_is_live(world: World) -> None:
    meeting_id = world.meeting()
    response = world.post("/recordings/track", {"meeting_id": meeting_id})
    assert response.json() == error(404, f"No active session found for meeting_id {meeting_id}")
    assert world.get("/recordings").data == []


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"user_ids": ["u"] * 101}, '"user_ids" must contain less than or equal to 100 items'),
        ({"layers": {"a": {"media_kind": "video"}}}, '"layers.a.media_kind" must be one of [audio]'),
        ({"layers": {"a": {"file_name_prefix": "a/b"}}}, '"layers.a.file_name_prefix" fails to match the pattern'),
        ({"layers": []}, '"layers" must be of type object'),
    ],
)
def test_bad_tracks(world: World, meeting: str, body: dict[str, Any], problem: str) -> None:
    response = world.post("/recordings/track", {"meeting_id": meeting, **body})
    assert response.status == 400
    assert problem in response.json()["error"]["message"]


@pytest.mark.parametrize("body", [{}, {"action": "delete"}, {"action": None}])
def test_bad_actions(world: World, meeting: str, body: Any) -> None:
    assert world.put(f"/recordings/{world.record(meeting)}", body).status == 400


def test_unknown(world: World) -> None:
    assert world.get("/recordings/nothing").json() == NOT_FOUND
    assert world.put("/recordings/nothing", {"action": "stop"}).json() == NOT_FOUND
    must_be(world.get("/recordings", status="DONE").json()["error"], {"code": 400, "message": text})
