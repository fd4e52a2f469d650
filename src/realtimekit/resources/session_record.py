"""The fields that `Session` and `ActiveSession` share."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from realtimekit.flow import F
from realtimekit.resource import Resource


class SessionRecord(Resource[F], repr_fields=("id", "status", "meeting_display_name", "started_at")):
    """A session: what happened while participants were in a meeting."""

    id: str
    associated_id: str | None
    """The id of the meeting."""
    meeting_display_name: str | None
    type: Literal["meeting", "livestream", "participant"] | str | None
    status: Literal["LIVE", "ENDED"] | str
    live_participants: int | None
    max_concurrent_participants: int | None
    minutes_consumed: float | None
    transcription_minutes_consumed: float | None
    """Not documented, but seen: 0 where a transcript has 0 bytes although people spoke."""
    organization_id: str | None
    """The id of the app."""
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None
