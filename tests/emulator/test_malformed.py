"""Malformed requests, each refused in JSON with a 4xx, and with nothing changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

from .shape import error

if TYPE_CHECKING:
    from .world import Response, World

LARGEST = 1024 * 1024


def post(world: World, target: str, body: bytes) -> Response:
    token = {"Authorization": f"Bearer {world.emulator.api_token}", "Content-Type": "application/json"}
    return world.send("POST", target, body, token)


BROKEN = {
    "not a number": b"NaN",
    "an infinite number": b"1e400",
    "cut off": b'{"title": "x',
    "no json": b"title=x",
    "two documents": b"{}{}",
    "not utf-8": b'{"title": "\xff\xfe"}',
    "a lone quote": b'"',
    "nested too deeply": b'{"recording_config": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
    "an int of 5000 digits": b'{"title": ' + b"9" * 5000 + b"}",
    "only blanks": b"  ",
    "a control character": b'{"title": "\x01"}',
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BROKEN.items()])
def test_no_json(world: World, body: bytes) -> None:
    live = world.join(world.meeting())
    before = world.state()
    for target in (f"{world.app}/meetings", "/_emulator/clock", f"/_emulator/sessions/{live.session_id}/chat"):
        response = post(world, target, body)
        assert response.status == 400
        assert response.json() == error(400, "BAD_REQUEST: the body is not JSON")
    assert world.state() == before


@pytest.mark.parametrize("body", ["[]", "null", "true", "7", '"text"', "[{}]"])
def test_no_object(world: World, body: str) -> None:
    before = world.state()
    for target in (f"{world.app}/meetings", "/_emulator/clock", "/_emulator/reset"):
        response = post(world, target, body.encode())
        assert response.status == 400
        assert response.json() == error(400, 'BAD_REQUEST: "value" must be of type object')
    assert world.state() == before


def test_no_body_is_an_empty_object(world: World) -> None:
    assert world.send("POST", "/_emulator/reset").status == 200
    response = world.send("POST", "/_emulator/clock")
    assert response.status == 400
    assert response.json() == error(400, 'BAD_REQUEST: "advance_seconds" is required')


def test_a_body_that_is_too_large(world: World) -> None:
    fits = json.dumps({"title": "x" * (LARGEST - 14)}).encode().ljust(LARGEST)
    assert len(fits) == LARGEST
    assert post(world, f"{world.app}/meetings", fits).status == 201
    before = world.state()
    for body in (fits + b" ", fits * 8):
        for target in (f"{world.app}/meetings", "/_emulator/reset"):
            response = post(world, target, body)
            assert response.status == 413
            assert response.json() == error(413, f"the body is larger than {LARGEST} bytes")
    assert world.state() == before


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        ("/meetings/M/join", {}, '"participant_id" is required'),
        ("/meetings/M/join", {"participant_id": 7}, '"participant_id" must be a string'),
        ("/meetings/M/join", {"participant_id": None}, '"participant_id" must not be null'),
        ("/meetings/M/leave", {}, '"peer_id" is required'),
        ("/meetings/M/leave", {"peer_id": ["P"]}, '"peer_id" must be a string'),
        ("/sessions/S/chat", {"peer_id": "P"}, '"text" is required'),
        ("/sessions/S/chat", {"peer_id": "P", "text": {}}, '"text" must be a string'),
        ("/sessions/S/speech", {"peer_id": "P", "text": "x", "end_ms": 1}, '"start_ms" is required'),
        (
            "/sessions/S/speech",
            {"peer_id": "P", "text": "x", "start_ms": "0", "end_ms": 1},
            '"start_ms" must be a number',
        ),
        (
            "/sessions/S/speech",
            {"peer_id": "P", "text": "x", "start_ms": 0.5, "end_ms": 1},
            '"start_ms" must be an integer',
        ),
        (
            "/sessions/S/speech",
            {"peer_id": "P", "text": "x", "start_ms": -1, "end_ms": 1},
            '"start_ms" must be greater than',
        ),
        (
            "/sessions/S/speech",
            {"peer_id": "P", "text": "x", "start_ms": True, "end_ms": 1},
            '"start_ms" must be a number',
        ),
        ("/clock", {}, '"advance_seconds" is required'),
        ("/clock", {"advance_seconds": "60"}, '"advance_seconds" must be a number'),
        ("/clock", {"advance_seconds": -1}, '"advance_seconds" must be greater than or equal to 0'),
        ("/clock", {"advance_seconds": 1e12}, '"advance_seconds" must be a number from 0 to 3153600000'),
        ("/clock", {"advance_seconds": float("nan")}, "the body is not JSON"),
        ("/clock", {"advance_seconds": float("inf")}, "the body is not JSON"),
        ("/clock", {"advance_seconds": 10**400}, '"advance_seconds" must be a safe number'),
    ],
)
def test_wrong_types_on_the_control_plane(world: World, path: str, body: object, problem: str) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    before = world.state()
    path = path.replace("/M/", f"/{meeting_id}/").replace("/S/", f"/{who.session_id}/")
    response = world.control(path, body)
    assert response.status == 400
    message = response.json()["error"]["message"]
    assert response.json() == error(400, message)
    assert message.startswith(f"BAD_REQUEST: {problem}")
    assert world.state() == before


def test_unknown_routes_of_the_control_plane(world: World) -> None:
    for method, path, near in (
        ("POST", "/meeting/x/join", "POST /_emulator/meetings/{meeting_id}/join"),
        ("GET", "/request", "GET /_emulator/requests"),
        ("POST", "", "POST /_emulator/reset"),
    ):
        response = world.control(path, method=method)
        assert response.status == 404
        assert near in response.json()["error"]["message"]
    response = world.control("/reset", method="GET")
    assert response.status == 405
    assert response.json() == error(405, "/_emulator/reset takes POST, not GET")


# --- what SQLite and UTF-8 cannot take


def test_lone_surrogates(world: World) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    before = world.state()
    for target, body in (
        (f"{world.app}/meetings", rb'{"title": "\ud800"}'),
        (f"{world.kit}/apps", rb'{"name": "a\udfffb"}'),
        (
            f"{world.app}/meetings/{meeting_id}/participants",
            rb'{"custom_participant_id": "\ud800", "preset_name": "x"}',
        ),
        (
            f"{world.app}/meetings/{meeting_id}/participants",
            rb'{"custom_participant_id": "x", "preset_name": "\ud800"}',
        ),
        (f"/_emulator/meetings/{meeting_id}/join", rb'{"participant_id": "\ud800"}'),
        (f"/_emulator/meetings/{meeting_id}/leave", rb'{"peer_id": "\ud800"}'),
        (f"/_emulator/sessions/{who.session_id}/chat", f'{{"peer_id": "{who.peer_id}", "text": "\\ud800"}}'.encode()),
    ):
        response = post(world, target, body)
        assert response.status in {400, 404}, target
        assert response.json()["success"] is False
    assert world.state() == before


def test_a_pair_of_surrogates_is_a_character(world: World) -> None:
    response = post(world, f"{world.app}/meetings", rb'{"title": "\ud83d\ude00"}')
    assert response.data["title"] == "\U0001f600"


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ("1" + "0" * 30, '"end_ms" must be a safe number'),
        ("1" + "0" * 400, '"end_ms" must be a safe number'),
        ("1e400", "the body is not JSON"),
    ],
    ids=["beyond SQLite", "beyond float", "infinite"],
)
def test_huge_numbers(world: World, number: str, problem: str) -> None:
    who = world.join(world.meeting())
    before = world.state()
    body = f'{{"peer_id": "{who.peer_id}", "text": "x", "start_ms": 0, "end_ms": {number}}}'.encode()
    response = post(world, f"/_emulator/sessions/{who.session_id}/speech", body)
    assert response.status == 400
    assert response.json()["error"]["message"] == f"BAD_REQUEST: {problem}"
    assert world.state() == before


def test_the_response_is_json_even_if_the_request_was_not(world: World) -> None:
    for value in ("NaN", "Infinity", "-Infinity", "1e999"):
        response = post(world, f"{world.app}/meetings", f'{{"recording_config": {{"max_seconds": {value}}}}}'.encode())
        json.loads(response.body, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize("depth", [500, 900, 980, 990, 1000])
def test_nested_objects_are_kept_or_refused(world: World, depth: int) -> None:
    body = b'{"persist_chat": true, "ai_config": ' + b'{"a":' * depth + b"1" + b"}" * depth + b"}"
    response = post(world, f"{world.app}/meetings", body)
    assert response.status in {201, 400}
    if response.status == 201:
        meeting_id = response.data["id"]
        assert world.get(f"/meetings/{meeting_id}").data == response.data
        who = world.join(meeting_id)
        world.end(meeting_id)
        assert world.get(f"/sessions/{who.session_id}/chat").status == 200


def test_duplicate_keys_and_parameters_take_the_last(world: World) -> None:
    assert post(world, f"{world.app}/meetings", b'{"title": "a", "title": "b"}').data["title"] == "b"
    world.meeting()
    response = world.call("GET", f"{world.app}/meetings?per_page=x&per_page=1")
    assert response.status == 200
    assert len(response.data) == 1
    assert world.call("GET", f"{world.app}/meetings?per_page=1&per_page=x").status == 400


@pytest.mark.parametrize(
    "tail", ["%00", "%", "%zz", "%ff%fe", "%ed%a0%80", "%F0%9F%98%80", "a" * 20_000, "..", "%2e%2e", ";", "'"]
)
def test_odd_ids(world: World, tail: str) -> None:
    meeting_id = world.meeting()
    before = world.state()
    for path in (
        f"/meetings/{tail}",
        f"/meetings/{meeting_id}/participants/{tail}",
        f"/sessions/{tail}",
        f"/sessions/{tail}/transcript",
        f"/sessions/peer-report/{tail}",
        f"/livestreams/sessions/{tail}",
    ):
        response = world.get(path)
        assert response.status == 404, path[:80]
        assert response.json()["success"] is False
    assert world.control(f"/meetings/{tail}/join", {"participant_id": "x"}).status == 404
    assert world.state() == before


@pytest.mark.parametrize("tail", ["%", "%zz", "%ff%fe", "%ed%a0%80", "a" * 20_000, "'", "%25", "\\", "%5C", "%22"])
def test_odd_queries(world: World, tail: str) -> None:
    world.meeting(title="Planning")
    for path in ("/meetings", "/sessions"):
        response = world.call("GET", f"{world.app}{path}?search={tail}")
        assert response.status == 200
        assert response.json()["paging"]["total_count"] == 0
    for name in ("status", "start_time", "page_no"):
        response = world.call("GET", f"{world.app}/meetings?{name}={tail}")
        assert response.status == 400
        assert response.json()["success"] is False


def test_a_search_of_any_length() -> None:
    """SQLite's `like` takes 50,000 bytes. In this process, because an HTTP server takes fewer in a URL."""
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator))

        meeting = client.meetings.create(title="x" * 60_000)
        person = meeting.participants.create(custom_participant_id="a", preset_name="group_call_host", name="Ä%_b\\")
        session = client.sessions.find(emulator.join(meeting.id, person.id).session_id)
        client.recordings.create(meeting_id=meeting.id)
        for found in (client.meetings, client.sessions, client.recordings):
            assert [len(found.where(search="X" * length).all()) for length in (50_001, 60_001)] == [1, 0]
        for empty in (client.presets, session.participants):
            assert empty.where(search="x" * 50_001).all() == []
        assert [session.participants.where(search=text).count() for text in ("%_B\\", "Ä", "ä", "__")] == [1, 1, 0, 0]


def test_a_filter_named_many_times() -> None:
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator))
        recording = client.recordings.create(meeting_id=client.meetings.create(title="x").id)
        assert client.recordings.where(status=["INVOKED", "ERRORED"] * 200_000).all() == [recording]


@pytest.mark.parametrize("query", ["&&==&", "=x", "colour", "%00=%00", "search"])
def test_empty_queries(world: World, query: str) -> None:
    meeting_id = world.meeting()
    response = world.call("GET", f"{world.app}/meetings?{query}")
    assert [meeting["id"] for meeting in response.data] == [meeting_id]


def test_a_search_for_a_nul(world: World) -> None:
    world.meeting(title="Planning")
    for text in ("%00", "Plan%00xyz"):
        response = world.call("GET", f"{world.app}/meetings?search={text}")
        assert response.json() == error(400, 'BAD_REQUEST: "search" must not hold a null character')


def test_the_clock_cannot_be_advanced_too_far() -> None:
    with Emulator() as emulator:
        for _ in range(900):  # ten years each: beyond the year 9999
            try:
                emulator.advance(10 * 365 * 86_400)
            except Exception:
                break
        assert emulator.now()
        emulator.reset()


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/json-seq"])
def test_a_body_that_is_not_sent_as_json(world: World, kind: str) -> None:
    before = world.state()
    headers = {"Authorization": f"Bearer {world.emulator.api_token}", "Content-Type": kind}
    response = world.send("POST", world.app + "/meetings", b'{"title":"x"}', headers)
    assert response.status == 415
    assert response.json() == error(415, "BAD_REQUEST: the body must be sent as application/json")
    assert world.state() == before
    kept = world.send(
        "POST", world.app + "/meetings", b"{}", {**headers, "Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert kept.status == 201
