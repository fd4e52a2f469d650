"""Webhook deliveries: which events are sent when, how they are signed, and how often they are retried."""

from __future__ import annotations

import base64
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.emulator import Emulator, HTTPError
from realtimekit.emulator.services.webhook_dispatcher import BACKOFF

from .receiver import Arrived, Receiver
from .shape import must_be, url, uuid, when
from .world import World

if TYPE_CHECKING:
    from pathlib import Path

ALL = [
    "meeting.chatSynced",
    "meeting.ended",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "meeting.started",
    "meeting.summary",
    "meeting.transcript",
]


def subscribed(world: World, receiver: Receiver, *events: str, **fields: Any) -> str:
    """Create a webhook to the receiver, for these events or for all, and return its id."""
    events = events or tuple(world.get("/webhooks/all").data)
    return str(world.post("/webhooks", {"name": "mine", "url": receiver.url, "events": events, **fields}).data["id"])


def settled(world: World) -> list[dict[str, Any]]:
    assert world.emulator.wait_for_deliveries()
    deliveries: list[dict[str, Any]] = world.control("/webhook-deliveries", method="GET").json()["deliveries"]
    return deliveries


def test_a_meeting_sends_all_its_events(world: World) -> None:
    with Receiver() as receiver:
        webhook_id = subscribed(world, receiver)
        who = world.ended("Alice")[0]
        deliveries = settled(world)
    assert receiver.events == ALL
    assert {delivery["state"] for delivery in deliveries} == {"delivered"}
    told = {arrived.event["event"]: arrived.event for arrived in receiver.arrived}
    meeting_id = world.session(who.session_id)["associated_id"]
    begun = {
        "id": meeting_id,
        "sessionId": who.session_id,
        "title": "Planning",
        "status": "LIVE",
        "createdAt": when,
        "startedAt": when,
        "endedAt": None,
        "organizedBy": {"id": world.emulator.app_id, "name": "Emulator"},
    }
    over = {**begun, "endedAt": when}
    alice = {"peerId": who.peer_id, "userDisplayName": "Alice", "customParticipantId": "alice", "joinedAt": when}
    must_be(told["meeting.started"], {"event": "meeting.started", "meeting": begun})
    must_be(told["meeting.participantJoined"]["participant"], alice)
    must_be(told["meeting.participantLeft"]["participant"], {**alice, "leftAt": when})
    ended = {"event": "meeting.ended", "meeting": over, "reason": "HOST_ENDED_MEETING"}
    must_be(told["meeting.ended"], ended)
    flat = {name: over[name] for name in ("sessionId", "title", "createdAt", "startedAt", "endedAt", "organizedBy")}
    chat = {**flat, "meetingId": meeting_id, "chatDownloadUrl": url, "chatDownloadUrlExpiry": when}
    must_be(told["meeting.chatSynced"], {"event": "meeting.chatSynced", **chat})
    for name, word in (("meeting.transcript", "transcript"), ("meeting.summary", "summary")):
        links = {f"{word}DownloadUrl": url, f"{word}DownloadUrlExpiry": when}
        must_be(told[name], {"event": name, "meeting": over, **links})
        assert world.download(told[name][f"{word}DownloadUrl"]).status == 200
    for arrived in receiver.arrived:
        assert arrived.headers["rtk-webhook-id"] == webhook_id
        assert arrived.headers["content-type"] == "application/json"
        assert uuid(arrived.headers["rtk-uuid"])
    assert len({arrived.headers["rtk-uuid"] for arrived in receiver.arrived}) == len(ALL)


def test_a_session_ends_some_time_after_the_last_participant_left(world: World) -> None:
    with Receiver() as receiver:
        subscribed(world, receiver, "meeting.ended")
        meeting_id = world.meeting()
        who = world.join(meeting_id)
        world.emulator.leave(meeting_id, who.peer_id)
        settled(world)
        assert receiver.arrived == []
        world.advance(60)
        settled(world)
    assert [arrived.event["reason"] for arrived in receiver.arrived] == ["ALL_PARTICIPANTS_LEFT"]


def test_recordings_and_livestreams(world: World) -> None:
    with Receiver() as receiver:
        subscribed(world, receiver, "recording.statusUpdate", "livestreaming.statusUpdate")
        meeting_id = world.meeting(record_on_start=True, live_stream_on_start=True)
        who = world.join(meeting_id)
        world.advance(60)
        world.end(meeting_id)
        settled(world)
    recordings = [a.event["recording"] for a in receiver.arrived if a.event["event"] == "recording.statusUpdate"]
    recordings.sort(key=lambda told: ["INVOKED", "RECORDING", "UPLOADING", "UPLOADED"].index(told["status"]))
    assert [told["status"] for told in recordings] == ["INVOKED", "RECORDING", "UPLOADING", "UPLOADED"]
    assert recordings[0]["roomUUID"] is None
    last = recordings[-1]
    assert last["id"] == last["recordingId"]
    assert (last["meetingId"], last["roomUUID"]) == (meeting_id, who.session_id)
    assert last["fileSize"].isdecimal()
    assert world.download(last["downloadUrl"]).status == 200
    streams = [a.event for a in receiver.arrived if a.event["event"] == "livestreaming.statusUpdate"]
    assert sorted(told["status"] for told in streams) == ["LIVE", "OFFLINE"]
    assert {told["streamId"] for told in streams} == {
        world.get(f"/meetings/{meeting_id}/livestream").data["livestream"]["id"]
    }


def test_only_subscribed_events_of_this_app(world: World) -> None:
    with Receiver() as receiver:
        subscribed(world, receiver, "meeting.started")
        subscribed(world, receiver, "meeting.summary", url=f"{receiver.url}/disabled", enabled=False)
        other = world.call("POST", world.kit + "/apps", {"name": "other"}).data["app"]["id"]
        hook = {"name": "other", "url": receiver.url, "events": ["meeting.started", "meeting.ended"]}
        world.call("POST", f"{world.kit}/{other}/webhooks", hook)
        world.ended("Alice")
        settled(world)
    assert receiver.events == ["meeting.started"]


# --- signatures


def openssl_accepts(tmp_path: Path, pem: str, arrived: Arrived) -> bool:
    (tmp_path / "key.pem").write_text(pem)
    (tmp_path / "signature").write_bytes(base64.b64decode(arrived.headers["rtk-signature"], validate=True))
    command = ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature"]
    return subprocess.run(command, check=False, cwd=tmp_path, input=arrived.body, capture_output=True).returncode == 0


def test_openssl_accepts_the_signature_with_the_published_key(world: World, tmp_path: Path) -> None:
    with Receiver() as receiver:
        subscribed(world, receiver, "meeting.started")
        world.ended("Zoë, \u2028")
        settled(world)
    published = world.send("GET", "/.well-known/webhooks.json").json()
    must_be(published, {"success": True, "data": {"publicKey": str}, "message": ""})
    pem = published["data"]["publicKey"]
    assert pem.startswith("-----BEGIN PUBLIC KEY-----")
    (arrived,) = receiver.arrived
    assert openssl_accepts(tmp_path, pem, arrived)
    assert not openssl_accepts(tmp_path, pem, arrived._replace(body=arrived.body + b" "))


# --- outcomes


def outcomes(delivery: dict[str, Any]) -> list[Any]:
    return [attempt.get("status", "error") for attempt in delivery["attempts"]]


@pytest.mark.parametrize(
    ("status", "state"),
    [*((status, "delivered") for status in (200, 201, 204, 299)),
     *((status, "failed") for status in (301, 307, 400, 401, 404, 429))],
)  # fmt: skip
def test_2xx_is_delivered_and_3xx_and_4xx_are_never_retried(world: World, status: int, state: str) -> None:
    with Receiver(lambda _: status) as receiver:
        subscribed(world, receiver, "meeting.started")
        world.join(world.meeting())
        (delivery,) = settled(world)
        world.advance(sum(BACKOFF))
        settled(world)
    assert (delivery["state"], outcomes(delivery)) == (state, [status])
    assert len(receiver.arrived) == 1


@pytest.mark.parametrize("trouble", [500, 503, None])
def test_5xx_and_a_lost_response_are_retried_by_the_clock(world: World, trouble: int | None) -> None:
    with Receiver(lambda number: trouble if number < 2 else 200) as receiver:
        subscribed(world, receiver, "meeting.started")
        world.join(world.meeting())
        (delivery,) = settled(world)
        assert delivery["state"] == "pending"
        for number, seconds in enumerate(BACKOFF[:2], 1):
            assert len(receiver.arrived) == number
            world.advance(seconds - 5)
            settled(world)
            assert len(receiver.arrived) == number
            world.advance(5)
            (delivery,) = settled(world)
    word = trouble or "error"
    assert (delivery["state"], outcomes(delivery)) == ("delivered", [word, word, 200])
    first, *others = receiver.arrived
    for other in others:  # the same in every part: that is what it can be recognised by
        assert other.body == first.body
        assert other.headers["rtk-uuid"] == first.headers["rtk-uuid"]
        assert other.headers["rtk-signature"] == first.headers["rtk-signature"]


def test_it_gives_up_at_last(world: World) -> None:
    with Receiver(lambda _: 500) as receiver:
        subscribed(world, receiver, "meeting.started")
        world.join(world.meeting())
        for seconds in BACKOFF:
            settled(world)
            world.advance(seconds)
        (delivery,) = settled(world)
    assert (delivery["state"], outcomes(delivery)) == ("failed", [500] * (len(BACKOFF) + 1))


def test_nobody_there(world: World) -> None:
    with Receiver() as receiver:
        pass
    subscribed(world, receiver, "meeting.started")
    world.join(world.meeting())
    (delivery,) = settled(world)
    assert (delivery["state"], outcomes(delivery)) == ("pending", ["error"])
    assert "refused" in delivery["attempts"][0]["error"]


def test_redeliver(world: World) -> None:
    with Receiver(lambda number: 404 if number == 0 else 200) as receiver:
        subscribed(world, receiver, "meeting.started")
        world.join(world.meeting())
        (delivery,) = settled(world)
        assert delivery["state"] == "failed"
        assert world.control(f"/webhook-deliveries/{delivery['id']}/redeliver").status == 200
        (delivery,) = settled(world)
        assert (delivery["state"], outcomes(delivery)) == ("delivered", [404, 200])
        assert world.control("/webhook-deliveries/nothing/redeliver").status == 404
    assert receiver.arrived[0] == receiver.arrived[1]


@pytest.mark.parametrize("address", ["http://192.0.2.1/hook", "ftp://127.0.0.1/hook", "http:///hook"])
def test_it_delivers_to_this_machine_alone(world: World, address: str) -> None:
    world.post("/webhooks", {"name": "mine", "url": address, "events": ["meeting.started"]})
    world.join(world.meeting())
    (delivery,) = settled(world)
    assert delivery["state"] == "failed"
    assert "is not" in delivery["attempts"][0]["error"]


def test_a_refused_request_sends_no_event(world: World) -> None:
    with Receiver() as receiver:
        subscribed(world, receiver)
        meeting_id = world.meeting()
        with pytest.raises(HTTPError):
            world.emulator.join(meeting_id, "nobody")
        assert settled(world) == []
    assert receiver.arrived == []


def test_a_receiver_may_ask_the_api_meanwhile(world: World) -> None:
    titles = []

    def look(_: int) -> int:
        titles.append(world.get("/meetings").data[0]["title"])
        return 200

    with Receiver(look) as receiver:
        subscribed(world, receiver, "meeting.started")
        world.join(world.meeting())
        settled(world)
    assert titles == ["Planning"]


def test_undelivered_events_survive_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "kit.db"
    with Receiver(lambda number: 503 if number == 0 else 200) as receiver:
        with Emulator(file) as first, first.serve() as server:
            world = World(first, server)
            subscribed(world, receiver, "meeting.started")
            world.join(world.meeting())
            settled(world)
        with Emulator(file) as second:
            second.advance(BACKOFF[0])
            assert second.wait_for_deliveries()
            assert [delivery["state"] for delivery in second.webhook_deliveries()] == ["delivered"]
    assert len(receiver.arrived) == 2


@pytest.mark.parametrize("event", [*ALL, "recording.statusUpdate", "livestreaming.statusUpdate"])
def test_trigger_sends_one_signed_sample(world: World, tmp_path: Path, event: str) -> None:
    with Receiver() as receiver:
        response = world.control("/webhook-deliveries/trigger", {"event": event, "url": receiver.url}).json()
        (delivery,) = settled(world)
    assert delivery["id"] == response["delivery_id"]
    (arrived,) = receiver.arrived
    assert arrived.event["event"] == event
    pem = world.send("GET", "/.well-known/webhooks.json").json()["data"]["publicKey"]
    assert openssl_accepts(tmp_path, pem, arrived)


def test_trigger_knows_the_names(world: World) -> None:
    response = world.control("/webhook-deliveries/trigger", {"event": "participant.joined", "url": "http://127.0.0.1/"})
    assert response.status == 400
    assert "meeting.participantJoined" in response.json()["error"]["message"]
