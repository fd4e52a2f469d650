"""Samples of what webhooks are told: about the newest of the app that there is to tell of, or about a meeting that is
played for it.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.events import Events

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row

MADE_UP = "00000000-0000-4000-8000-"
"""With this begin the ids in a sample of which nothing exists."""

_SESSIONS = "select * from sessions where app_id = ? and status = 'ENDED'"
_NOT_GONE = (
    "exists (select 1 from files where owner_id = sessions.id and name = ? and (gone_at is null or gone_at > ?))"
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


def send(emulator: Emulator, event: str, url: str) -> str:
    """Put one sample of an event on its way to a URL. Returns the id of the delivery."""
    with emulator.lock, emulator.store.transaction():
        now = emulator.now()
        emulator.settle(now)
        told = existing(emulator, event, now) or payload(event, emulator.app_id)
        return emulator.postman.post(str(uuid.uuid4()), url, event, told, now)


def existing(emulator: Emulator, event: str, now: str) -> Mapping[str, Any] | None:
    """What is told when this event happens, of the newest that it can be told of; None where there is nothing yet."""
    told: list[Mapping[str, Any]] = []
    events = Events(emulator, lambda _app_id, _name, payload, _at: told.append(payload))
    store, app_id = emulator.store, emulator.app_id
    if event == "recording.statusUpdate":
        if recording := store.row(f"{_RECORDINGS} order by stopped_time desc limit 1", app_id, now):
            events.recording(recording, now)
    elif event == "livestreaming.statusUpdate":
        if livestream := store.row(f"{_LIVESTREAMS} order by stopped_time desc limit 1", app_id):
            events.livestream(livestream, "OFFLINE", now)
    elif file := _FILES.get(event):
        if session := store.row(f"{_SESSIONS} and {_NOT_GONE} order by ended_at desc limit 1", app_id, file, now):
            tells = {"chat.csv": events.chat_synced, "transcript.csv": events.transcribed}
            tells.get(file, events.summarized)(session, now)
    elif session := store.row(f"{_SESSIONS} order by ended_at desc limit 1", app_id):
        peer = store.rows("select * from peers where session_id = ? order by joined_at, number", session["id"])[0]
        _course(events, event, session, peer)
        if event != "meeting.ended":
            told[0]["meeting"]["endedAt"] = None  # as it was then
    return told[0] if told else None


def _course(events: Events, event: str, session: Row, peer: Row) -> None:
    """What happened while a session lasted."""
    match event:
        case "meeting.started":
            events.started(session, session["started_at"])
        case "meeting.participantJoined":
            events.joined(peer, peer["joined_at"])
        case "meeting.participantLeft":
            events.left(peer, peer["left_at"])
        case _:
            events.ended(session, "HOST_ENDED_MEETING", session["ended_at"])


def payload(event: str, app_id: str | None = None) -> Mapping[str, Any]:
    """The last payload of this event in a meeting that has everything: chat, speech, a recording, a livestream.

    It is of this app: a receiver may refuse those of others.
    """
    from realtimekit.emulator.emulator import Emulator  # noqa: PLC0415 - which imports this module

    told: dict[str, Mapping[str, Any]] = {}
    with Emulator(app_id=app_id) as emulator:
        emulator.next_ids.extend(f"{MADE_UP}{number:012}" for number in range(1, 100))
        emulator.events = Events(emulator, lambda _app_id, name, payload, _at: told.update({name: payload}))
        now = emulator.now()
        with emulator.store.transaction():
            meeting = {"id": emulator.new_id(), "app_id": emulator.app_id, "title": "A sample", "status": "ACTIVE"}
            emulator.store.insert("meetings", {**meeting, "fields": _FIELDS, "created_at": now, "updated_at": now})
            person = {"id": emulator.new_id(), "meeting_id": meeting["id"], "custom_participant_id": "user-1"}
            preset = {"preset_id": emulator.new_id(), "preset_name": "group_call_host", "name": "Alice"}
            emulator.store.insert("participants", {**person, **preset, "created_at": now, "updated_at": now})
        session_id, peer_id = emulator.join(meeting["id"], person["id"])
        emulator.advance(60)
        emulator.chat(session_id, peer_id, "Hello")
        emulator.speech(session_id, peer_id, "Good morning", 1000, 2000)
        emulator.end(meeting["id"])
        emulator.advance(60)
    return told[event]


_FIELDS = (
    '{"record_on_start": true, "live_stream_on_start": true, "transcribe_on_end": true, "summarize_on_end": true,'
    ' "session_keep_alive_time_in_secs": 60}'
)
