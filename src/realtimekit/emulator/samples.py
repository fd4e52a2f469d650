"""Samples of what webhooks are told: from a meeting that is played for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.events import Events

if TYPE_CHECKING:
    from collections.abc import Mapping


def payload(event: str, app_id: str | None = None) -> Mapping[str, Any]:
    """The last payload of this event in a meeting that has everything: chat, speech, a recording, a livestream.

    It is of this app: a receiver may refuse those of others.
    """
    from realtimekit.emulator.emulator import Emulator  # noqa: PLC0415 - which imports this module

    told: dict[str, Mapping[str, Any]] = {}
    with Emulator(app_id=app_id) as emulator:
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
