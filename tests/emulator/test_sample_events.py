"""Sample events: about an existing meeting, or simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.sample_events import PLACEHOLDER_ID_PREFIX

from .receiver import Receiver
from .shape import uuid
from .test_deliveries import settled, subscribed

if TYPE_CHECKING:
    from .world import World

EVERYTHING = {
    "record_on_start": True,
    "live_stream_on_start": True,
    "transcribe_on_end": True,
    "summarize_on_end": True,
}


def sample(world: World, event: str) -> Any:
    with Receiver() as receiver:
        world.control("/webhook-deliveries/trigger", {"event": event, "url": receiver.url})
        settled(world)
    (arrived,) = receiver.arrived
    return arrived.event


def without_links(told: Any) -> Any:
    """Remove the links, which are signed again each time."""
    if isinstance(told, dict):
        return {name: without_links(value) for name, value in told.items() if "ownload" not in name}
    return told


def test_a_sample_is_about_the_newest_that_ended(world: World) -> None:
    """It is exactly the payload that was delivered."""
    with Receiver() as receiver:
        subscribed(world, receiver)
        world.ended("Zoe", title="Older", **EVERYTHING)
        world.advance(60)
        (alice,) = world.ended("Alice", title="Newest", **EVERYTHING)
        world.advance(60)
        world.join(world.meeting(title="Going on"))
        settled(world)
    told = {}
    for arrived in sorted(receiver.arrived, key=lambda arrived: "Newest" in arrived.body.decode()):
        if arrived.event.get("recording", {}).get("status", "UPLOADED") == "UPLOADED":
            told[arrived.event["event"], arrived.event.get("status")] = arrived.event
    for event in world.get("/webhooks/all").data:
        status = "OFFLINE" if event == "livestreaming.statusUpdate" else None
        found = sample(world, event)
        assert without_links(found) == without_links(told[event, status])
        assert alice.session_id in str(found)
        for link in [value for name, value in (found | found.get("recording", {})).items() if name.endswith("Url")]:
            if link and event != "livestreaming.statusUpdate":
                assert world.download(link).status == 200


def test_a_sample_is_simulated_without_a_suitable_meeting(world: World) -> None:
    world.join(world.meeting())  # it has not ended
    for event in world.get("/webhooks/all").data:
        found = sample(world, event)
        session_id = found.get("meeting", found)["sessionId"]
        assert uuid(session_id)
        assert session_id.startswith(PLACEHOLDER_ID_PREFIX)
        assert world.emulator.app_id in str(found)


def test_a_sample_leads_to_no_file_that_is_gone(world: World) -> None:
    (alice,) = world.ended("Alice", **EVERYTHING)
    world.advance(8 * 86400)
    assert sample(world, "meeting.ended")["meeting"]["sessionId"] == alice.session_id
    for event in ("meeting.chatSynced", "meeting.transcript", "meeting.summary", "recording.statusUpdate"):
        assert alice.session_id not in str(sample(world, event))
