"""Session participants: who took part in a session, and when."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Unpack

from realtimekit.execution import Call, execute
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.operation import fluent, operation
from realtimekit.paths import PathTemplate
from realtimekit.quality.peer_report import PeerReport
from realtimekit.record import field
from realtimekit.relation import Relation
from realtimekit.resource import BASE_PATH, Resource, all_on_default_client, on_default_client
from realtimekit.resources.peer_event import PeerEvent


class InSession(ScopedOptions, total=False):
    """What calls on a session's participants take; `session_id` where no session is given by the way there."""

    session_id: str


class SessionParticipantFilters(InSession, total=False):
    """The query of `GET /sessions/{session_id}/participants`."""

    search: str
    include_peer_events: bool
    view: Literal["raw", "consolidated"] | str
    sort_by: Literal["joinedAt", "duration"] | str
    sort_order: Literal["ASC", "DESC"]
    page_no: int  # the page to start from; one page alone is `.page(n)`
    per_page: int


class SessionParticipants(Relation["SessionParticipant[F]", F]):
    """Who took part in a session: `session.participants`."""

    def where(self, **filters: Unpack[SessionParticipantFilters]) -> SessionParticipants[F]:
        """Those that match: `GET /sessions/{session_id}/participants`."""
        return self._where(filters)

    def order_by(
        self, field: Literal["joined_at", "-joined_at", "duration", "-duration"] | str, /
    ) -> SessionParticipants[F]:
        """Ascending by this field, or with "-" descending."""
        return self._order_by(field)

    @operation
    def find(
        self,
        id: str,
        /,
        *,
        include_peer_events: bool | None = None,
        **options: Unpack[InSession],
    ) -> Flow[SessionParticipant[F]]:
        """`GET /sessions/{session_id}/participants/{participant_id}`.

        Raises:
            NotFoundError: nobody with this id took part.
        """
        return self._find(id, {"include_peer_events": include_peer_events}, options)

    def ref(self, id: str, /, **options: Unpack[InSession]) -> SessionParticipant[F]:
        """Somebody known by their id alone: nothing is sent."""
        return self._ref(id, options)


class SessionParticipant(
    Resource[F],
    path="/{app_id}/sessions/{session_id}/participants(/{participant_id})",
    collection=SessionParticipants,
    item_key="participant",
    items_key="participants",
    repr_fields=("id", "display_name", "joined_at"),
):
    """Somebody who took part in a session. Read-only. Its id is what webhooks call the peer id."""

    id: str
    user_id: str | None
    custom_participant_id: str | None
    display_name: str | None
    preset_name: str | None = field("preset_name", "role")
    session_id: str | None
    joined_at: datetime | None
    left_at: datetime | None
    duration: float | None
    """Minutes."""
    created_at: datetime | None
    updated_at: datetime | None
    peer_events: list[PeerEvent] | None
    """Only where `include_peer_events` asked for it."""
    peer_report: dict[str, Any] | None
    """Only on a participant found by peer id: `metadata` and `quality`, as the server sent them."""
    report: PeerReport | None = field("peer_report")
    """The same, typed; None on a participant from a list, until `load_report()`."""

    find = on_default_client(SessionParticipants[Sync].find)
    where = on_default_client(SessionParticipants[Sync].where)
    all = all_on_default_client(SessionParticipants[Sync].where)
    ref = on_default_client(SessionParticipants[Sync].ref)

    @fluent
    def load_report(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Read the quality of their call into `report`: `GET /sessions/peer-report/{peer_id}`. Kept for 6 months.

        Raises:
            NotFoundError: there is none (any more).
        """
        ids = self._path_ids()
        path = PathTemplate(BASE_PATH + "/{app_id}/sessions/peer-report/{participant_id}").member(ids)
        self._update_from((yield from execute(self._client.settings, Call("GET", path, options=options))))
