"""Summary: where the summary of a session can be downloaded, and how to have one made."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from realtimekit.flow import F, Flow, fluent
from realtimekit.keywords import Options
from realtimekit.record import wire
from realtimekit.resources.artefact import Artefact


class Summary(
    Artefact[F],
    path="/{app_id}/sessions/{session_id}/summary",
    telling=("sessionId", "status", "summaryDownloadUrlExpiry"),
):
    """The summary of a session: `session.summary`, `GET /sessions/{session_id}/summary`. Kept for 7 days."""

    session_id: str | None = wire("sessionId", "session_id")
    download_url: str | None = wire("summaryDownloadUrl", "summary_download_url")
    download_url_expiry: datetime | None = wire("summaryDownloadUrlExpiry", "summary_download_url_expiry")
    status: str | None
    """What the server said when the summary was asked for."""

    @fluent
    def generate(self, **options: Unpack[Options]) -> Flow[None]:
        """Ask for the summary to be made (again): `POST /sessions/{session_id}/summary`. Needs a transcript.

        It takes a while: `reload()` later for its download URL.
        """
        return self._generate(options)

    def _generate(self, options: Options) -> Flow[None]:
        self._take((yield from self._call("POST", options=options)))
