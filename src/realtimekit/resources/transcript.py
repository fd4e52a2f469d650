"""Transcript: where what was said in a session can be downloaded."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

from realtimekit.flow import F
from realtimekit.record import wire
from realtimekit.resources.artefact import Artefact

TranscriptFormat: TypeAlias = Literal["CSV", "JSON", "SRT", "VTT"] | str


class Transcript(
    Artefact[F],
    path="/{app_id}/sessions/{session_id}/transcript",
    telling=("sessionId", "transcript_download_url_expiry"),
):
    """The transcript of a session: `session.transcript`, `GET /sessions/{session_id}/transcript`. Kept for 7 days.

    As CSV; `session.transcript_as("VTT")` gives the other formats.
    """

    session_id: str | None = wire("sessionId", "session_id")
    download_url: str | None = wire("transcript_download_url", "transcriptDownloadUrl")
    download_url_expiry: datetime | None = wire("transcript_download_url_expiry", "transcriptDownloadUrlExpiry")
