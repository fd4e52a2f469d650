"""Sample webhook events: about the newest meeting, or about a simulated one if there is none."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.services import Services
from realtimekit.emulator.services.events import Events
from realtimekit.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.store import Row

PLACEHOLDER_ID_PREFIX = "00000000-0000-4000-8000-"
"""The beginning of the ids in a sample about a meeting that does not exist."""

_SESSIONS = "select * from sessions where app_id = ? and status = 'ENDED'"
_HAS_FILE = (
    "exists (select 1 from files where owner_id = sessions.id and name = ? and (expires_at is null or expires_at > ?))"
)
_RECORDINGS = "select * from recordings where app_id = ? and status = 'UPLOADED' and expires_at > ?"
_LIVESTREAMS = (
    "select livestreams.* from livestreams join livestream_sessions on livestream_id = livestreams.id"
    " where livestreams.app_id = ? and meeting_id is not null and stopped_time is not null"
)
_FILES = {
    "meeting.chatSynced": "chat.csv",
    "meeting.transcript": "transcript.csv",
    "meeting.summary": "summary.md",
}


def send(world: World, services: Services, event: str, url: str, now: str) -> str:
    """Queue one sample of an event for a URL. Returns the id of the delivery."""
    return services.webhooks.enqueue(str(uuid.uuid4()), url, event, payload(world, services, event, now), now)


def payload(world: World, services: Services, event: str, now: str) -> Mapping[str, Any]:
    """Return a sample of an event, without its name: about the newest meeting of the app, or a simulated one."""
    return _newest(world, services, event, now) or _simulated(event, world.credentials.app_id)


def _newest(world: World, services: Services, event: str, now: str) -> Mapping[str, Any] | None:
    """Return the payload about the newest meeting of the app that had this event, or None if there is none yet."""
    payloads: list[dict[str, Any]] = []
    events = Events(world, services.files, lambda _app_id, _event, payload, _at: payloads.append(dict(payload)))
    store, app_id = world.store, world.credentials.app_id
    if event == "recording.statusUpdate":
        if recording := store.row(f"{_RECORDINGS} order by stopped_time desc limit 1", app_id, now):
            events.recording_status_update(recording, now)
    elif event == "livestreaming.statusUpdate":
        if livestream := store.row(f"{_LIVESTREAMS} order by stopped_time desc limit 1", app_id):
            events.livestream_status_update(livestream, "OFFLINE", now)
    elif file := _FILES.get(event):
        if session := store.row(f"{_SESSIONS} and {_HAS_FILE} order by ended_at desc limit 1", app_id, file, now):
            publish = {"chat.csv": events.chat_synced, "transcript.csv": events.transcribed}
            publish.get(file, events.summarized)(session, now)
    elif session := store.row(f"{_SESSIONS} order by ended_at desc limit 1", app_id):
        peer = store.rows("select * from peers where session_id = ? order by joined_at, number", session["id"])[0]
        _publish_session_event(events, event, session, peer)
        if event != "meeting.ended":
            payloads[0]["meeting"]["endedAt"] = None  # as it was then
    return payloads[0] if payloads else None


def _publish_session_event(events: Events, event: str, session: Row, peer: Row) -> None:
    match event:
        case "meeting.started":
            events.meeting_started(session, session["started_at"])
        case "meeting.participantJoined":
            events.participant_joined(peer, peer["joined_at"])
        case "meeting.participantLeft":
            events.participant_left(peer, peer["left_at"])
        case _:
            events.meeting_ended(session, "HOST_ENDED_MEETING", session["ended_at"])


def _simulated(event: str, app_id: str) -> Mapping[str, Any]:
    """Return the last payload of this event in a meeting that has everything: chat, speech, recording, livestream.

    The meeting takes place in a world of its own, in an app of this id: a receiver may refuse events of other apps.
    """
    world = World(app_id=app_id)
    payloads: dict[str, Mapping[str, Any]] = {}
    services = Services(world, publish=lambda _app_id, event, payload, _at: payloads.update({event: payload}))
    world.next_ids.extend(f"{PLACEHOLDER_ID_PREFIX}{number:012}" for number in range(1, 100))
    with world.transaction() as now:
        meeting_id, participant_id = _meeting(world, now)
        peer = services.lifecycle.join(meeting_id, participant_id, now)
        world.advance(60)
        services.lifecycle.chat(peer["session_id"], peer["id"], "Hello", world.now())
        services.lifecycle.speak(peer["session_id"], peer["id"], "Good morning", 1000, 2000)
        services.lifecycle.end(meeting_id, world.now())
        world.advance(60)
    world.store.close()
    return payloads[event]


def _meeting(world: World, now: str) -> tuple[str, str]:
    """Create a meeting and a participant. Returns their ids."""
    meeting = {"id": world.new_id(), "app_id": world.credentials.app_id, "title": "A sample", "status": "ACTIVE"}
    world.store.insert("meetings", {**meeting, "fields": _SETTINGS, "created_at": now, "updated_at": now})
    participant = {"id": world.new_id(), "meeting_id": meeting["id"], "custom_participant_id": "user-1"}
    preset = {"preset_id": world.new_id(), "preset_name": "group_call_host", "name": "Alice"}
    world.store.insert("participants", {**participant, **preset, "created_at": now, "updated_at": now})
    return meeting["id"], participant["id"]


_SETTINGS = (
    '{"record_on_start": true, "live_stream_on_start": true, "transcribe_on_end": true, "summarize_on_end": true,'
    ' "session_keep_alive_time_in_secs": 60}'
)
