"""Peer events: when a participant joined and left a session."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from realtimekit.record import Record


class PeerEvent(Record, repr_fields=("event_name", "created_at")):
    """One join or leave of a participant, loaded with `include_peer_events=True`."""

    id: str | None
    event_name: Literal["PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"] | str | None
    peer_id: str | None
    session_id: str | None
    participant_id: str | None
    socket_session_id: str | None
    preset_view_type: Literal["GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM", "CHAT"] | str | None
    minutes_consumed: float | None
    created_at: datetime | None
    updated_at: datetime | None
