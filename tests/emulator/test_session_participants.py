"""GET /sessions/{id}/participants, one participant, and the peer report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .shape import NOT_FOUND, PAGING, PEER, PEER_EVENT, error, must_be, number, text, uuid, when

if TYPE_CHECKING:
    from .world import World

LIVE_PEER = {**PEER, "left_at": None}
QUALITY = {
    f"{kind}_{side}{end}"
    for kind in ("audio", "video", "screenshare_audio", "screenshare_video")
    for side in ("producer", "consumer")
    for end in ("", "_cumulative")
}


def names(world: World, session_id: str, **query: Any) -> list[str]:
    response = world.get(f"/sessions/{session_id}/participants", **query).data
    assert response["paging"]["total_count"] == len(response["participants"])
    return [person["display_name"] for person in response["participants"]]


def three(world: World) -> str:
    """Carol came first and stayed 1 minute, Alice came second and stayed 5, Bob came last and stayed 3."""
    meeting_id = world.meeting()
    people = {}
    for name in ("Carol", "Alice", "Bob"):
        people[name] = world.join(meeting_id, name)
        world.advance(1)
    for seconds, name in ((58, "Carol"), (122, "Bob"), (120, "Alice")):
        world.advance(seconds)
        world.emulator.leave(meeting_id, people[name].peer_id)
    world.end(meeting_id)
    return people["Carol"].session_id


def test_list_has_its_paging_inside(world: World) -> None:
    who = world.ended()[0]
    response = world.get(f"/sessions/{who.session_id}/participants")
    assert response.status == 200
    must_be(response.json(), {"success": True, "data": {"participants": [PEER], "paging": PAGING}})


def test_get_wraps_the_participant(world: World) -> None:
    who = world.ended()[0]
    response = world.get(f"/sessions/{who.session_id}/participants/{who.peer_id}")
    assert response.status == 200
    known = {
        "id": who.peer_id,
        "user_id": who.participant_id,
        "custom_participant_id": "alice",
        "display_name": "Alice",
        "preset_name": "group_call_host",
    }
    must_be(response.json(), {"success": True, "data": {"participant": {**PEER, **known}}})


def test_a_participant_who_is_still_present(world: World) -> None:
    who = world.join(world.meeting())
    world.advance(90)
    peer = world.peer(who)
    must_be(peer, LIVE_PEER)
    assert peer["duration"] == pytest.approx(1.5, abs=0.1)


def test_duration_is_in_minutes(world: World) -> None:
    peer = world.peer(world.ended(minutes=1.5)[0])
    assert peer["duration"] == pytest.approx(1.5, abs=0.1)
    assert isinstance(peer["duration"], float)


def test_peer_events_only_if_asked_for(world: World) -> None:
    who = world.ended()[0]
    path = f"/sessions/{who.session_id}/participants"
    for query in ({}, {"include_peer_events": "false"}):
        must_be(world.get(path, **query).data["participants"], [PEER])
        must_be(world.get(f"{path}/{who.peer_id}", **query).data["participant"], PEER)
    listed = world.get(path, include_peer_events="true").data["participants"]
    must_be(listed, [{**PEER, "peer_events": [PEER_EVENT]}])
    assert world.get(f"{path}/{who.peer_id}", include_peer_events="true").data["participant"] == listed[0]
    events = listed[0]["peer_events"]
    assert [event["event_name"] for event in events] == ["PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"]
    assert len({event["id"] for event in events}) == 3
    assert events[1]["created_at"] == listed[0]["joined_at"]
    assert events[2]["created_at"] == listed[0]["left_at"]


def test_a_present_participant_has_not_left(world: World) -> None:
    who = world.join(world.meeting())
    response = world.get(f"/sessions/{who.session_id}/participants", include_peer_events="true").data
    assert [event["event_name"] for event in response["participants"][0]["peer_events"]] == [
        "PEER_CREATED",
        "PEER_JOINING",
    ]


def test_sorting(world: World) -> None:
    session_id = three(world)
    came = ["Carol", "Alice", "Bob"]
    stayed = ["Carol", "Bob", "Alice"]
    assert names(world, session_id, sort_by="joinedAt", sort_order="ASC") == came
    assert names(world, session_id, sort_by="joinedAt", sort_order="DESC") == came[::-1]
    assert names(world, session_id, sort_by="duration", sort_order="ASC") == stayed
    assert names(world, session_id, sort_by="duration", sort_order="DESC") == stayed[::-1]
    assert sorted(names(world, session_id)) == sorted(came)


def test_search_is_for_ids_and_a_part_of_the_name(world: World) -> None:
    meeting_id = world.meeting()
    alice = world.join(meeting_id, "Alice A", custom_participant_id="c-1")
    world.join(meeting_id, "Bob 100%", custom_participant_id="c-2")
    for search in ("alice", "E A", "c-1", alice.participant_id):
        assert names(world, alice.session_id, search=search) == ["Alice A"], search
    assert names(world, alice.session_id, search="%") == ["Bob 100%"]
    assert names(world, alice.session_id, search="c-") == []


def test_consolidated_is_one_row_a_person(world: World) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    world.advance(60)
    world.emulator.leave(meeting_id, alice.peer_id)
    world.advance(60)
    world.emulator.join(meeting_id, alice.participant_id)
    world.end(meeting_id)
    raw = world.get(f"/sessions/{bob.session_id}/participants", view="raw").data
    assert sorted(p["display_name"] for p in raw["participants"]) == ["Alice", "Alice", "Bob"]
    merged = world.get(f"/sessions/{bob.session_id}/participants", view="consolidated").data
    must_be(merged["participants"], [PEER])
    assert sorted(p["display_name"] for p in merged["participants"]) == ["Alice", "Bob"]
    assert merged["paging"] == {"total_count": 2, "start_offset": 1, "end_offset": 2}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"sort_by": "joined_at"}, '"sort_by" must be one of [joinedAt, duration]'),
        ({"sort_order": "DSC"}, '"sort_order" must be one of [ASC, DESC]'),
        ({"view": "all"}, '"view" must be one of [raw, consolidated]'),
        ({"include_peer_events": "1"}, '"include_peer_events" must be a boolean'),
    ],
)
def test_bad_queries(world: World, query: dict[str, str], problem: str) -> None:
    response = world.get(f"/sessions/{world.ended()[0].session_id}/participants", **query)
    assert response.status == 400
    assert response.json() == error(400, f"BAD_REQUEST: {problem}")


def test_unknown(world: World) -> None:
    who, other = world.ended()[0], world.ended()[0]
    for path in (
        "/sessions/nothing/participants",
        f"/sessions/nothing/participants/{who.peer_id}",
        f"/sessions/{who.session_id}/participants/nobody",
        f"/sessions/{who.session_id}/participants/{other.peer_id}",  # of another session
        f"/sessions/{who.session_id}/participants/{who.participant_id}",  # not the id of a peer
        "/sessions/peer-report/nobody",
    ):
        response = world.get(path)
        assert response.status == 404, path
        assert response.json() == NOT_FOUND


# --- the peer report; its numbers are tested in test_quality.py


def test_peer_report(world: World) -> None:
    who = world.ended("Alice", "Bob", minutes=2)[0]
    response = world.get(f"/sessions/peer-report/{who.peer_id}")
    assert response.status == 200
    assert response.json().keys() == {"success", "data"}
    assert response.data.keys() == {"participant"}
    person = dict(response.data["participant"])
    blocks = {name: person.pop(name) for name in ("peer_report", "peer_stats", "quality_stats")}
    known = {
        "id": who.peer_id,
        "user_id": who.participant_id,
        "custom_participant_id": "alice",
        "display_name": "Alice",
        "role": "group_call_host",  # the preset, under another name than in the session's list
        "session_id": who.session_id,
        "joined_at": when,
        "left_at": when,
        "duration": number,
        "created_at": when,
        "updated_at": when,
    }
    must_be(person, known)
    assert blocks["peer_report"].keys() == {"metadata", "quality"}
    assert blocks["peer_report"]["quality"].keys() == QUALITY
    assert blocks["peer_report"]["quality"]["audio_producer"]
    listed = world.peer(who)
    assert {name: person[name] for name in listed if name in person} == {
        name: listed[name] for name in listed if name in person
    }


def test_peer_report_events(world: World) -> None:
    who = world.ended()[0]
    response = world.get(f"/sessions/peer-report/{who.peer_id}", include_peer_events="true")
    must_be(response.data["participant"]["peer_events"], [PEER_EVENT])
    assert "peer_events" not in world.get(f"/sessions/peer-report/{who.peer_id}").data["participant"]


def test_peer_report_filters(world: World) -> None:
    path = f"/sessions/peer-report/{world.ended('A', 'B')[0].peer_id}"
    whole = world.get(path).data["participant"]["peer_report"]
    quality = world.get(path, filters="quality_stats").data["participant"]["peer_report"]
    assert quality["quality"] == whole["quality"]
    assert not {"device_info", "ip_information", "events"} & quality["metadata"].keys()
    device = world.get(path, filters="device_info").data["participant"]["peer_report"]
    assert "quality" not in device
    assert device["metadata"]["device_info"] == whole["metadata"]["device_info"]
    both = world.get(path, filters="device_info,quality_stats").data["participant"]["peer_report"]
    assert both["quality"] == whole["quality"]
    assert both["metadata"]["device_info"] == whole["metadata"]["device_info"]
    assert "ip_information" not in both["metadata"]


@pytest.mark.parametrize("filters", ["quality", "device_info,nothing", "device_info, events"])
def test_unknown_filters(world: World, filters: str) -> None:
    response = world.get(f"/sessions/peer-report/{world.ended()[0].peer_id}", filters=filters)
    assert response.status == 400
    place = filters.count(",")  # the last is the unknown one
    known = "device_info, ip_information, precall_network_information, events, quality_stats"
    assert response.json() == error(400, f'BAD_REQUEST: "filters[{place}]" must be one of [{known}]')


def test_peer_report_of_a_live_call(world: World) -> None:
    who = world.join(world.meeting())
    world.advance(30)
    person = world.get(f"/sessions/peer-report/{who.peer_id}").data["participant"]
    assert person["left_at"] is None
    assert (uuid(person["id"]), text(person["role"])) == (True, True)
    assert person["peer_report"]["quality"]["audio_producer"]


def test_a_peer_of_another_app(world: World) -> None:
    who = world.ended()[0]
    app = world.call("POST", f"{world.kit}/apps", {"name": "other"}).data["app"]
    assert world.call("GET", f"{world.kit}/{app['id']}/sessions/peer-report/{who.peer_id}").json() == NOT_FOUND
