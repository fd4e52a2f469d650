"""Livestream sessions: each time that a livestream was live."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from realtimekit.collection import Collection
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import ScopedOptions
from realtimekit.operation import operation
from realtimekit.resource import Resource, on_default_client


class LivestreamSessions(Collection["LivestreamSession[F]", F]):
    """Livestream sessions by id: `client.livestream_sessions`. The API lists only those of a session or livestream."""

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[LivestreamSession[F]]:
        """Return one livestream session: `GET /livestreams/sessions/{livestream-session-id}`.

        Raises:
            NotFoundError: there is no livestream session with this id.
        """
        return self._find(id, {}, options)


class LivestreamSession(
    Resource[F],
    path="/{app_id}/livestreams/sessions(/{livestream_session_id})",
    collection=LivestreamSessions,
    repr_fields=("id", "livestream_id", "started_time", "stopped_time"),
):
    """One session of a livestream, from its start until it was stopped. Read-only."""

    id: str
    livestream_id: str | None
    err_message: str | None
    ingest_seconds: float | None
    viewer_seconds: float | None
    invoked_time: datetime | None
    started_time: datetime | None
    stopped_time: datetime | None
    created_at: datetime | None
    updated_at: datetime | None

    find = on_default_client(LivestreamSessions[Sync].find)
