"""Chat: where a session's messages can be downloaded."""

from __future__ import annotations

from datetime import datetime

from realtimekit.flow import F
from realtimekit.record import wire
from realtimekit.resources.artefact import Artefact


class Chat(Artefact[F], path="/{app_id}/sessions/{session_id}/chat", telling=("chat_download_url_expiry",)):
    """The chat of a session: `session.chat`, `GET /sessions/{session_id}/chat`. Kept for 7 days."""

    download_url: str | None = wire("chat_download_url", "chatDownloadUrl")
    download_url_expiry: datetime | None = wire("chat_download_url_expiry", "chatDownloadUrlExpiry")
