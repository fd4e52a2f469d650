"""Session participants: who was in a session, and when."""

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


class SessionScopedOptions(ScopedOptions, total=False):
    """The options of calls on the participants of a session; `session_id` is for `client.session_participants`."""

    session_id: str


class SessionParticipantFilters(SessionScopedOptions, total=False):
    """The query of `GET /sessions/{session_id}/participants`."""

    search: str
    include_peer_events: bool
    view: Literal["raw", "consolidated"] | str
    sort_by: Literal["joinedAt", "duration"] | str
    sort_order: Literal["ASC", "DESC"]
    page_no: int  # the page to start from; for a single page use `.page(n)`
    per_page: int


class SessionParticipants(Relation["SessionParticipant[F]", F]):
    """The participants of a session: `session.participants`, or `client.session_participants` with `session_id=`."""

    def where(self, **filters: Unpack[SessionParticipantFilters]) -> SessionParticipants[F]:
        """Return the participants that match these filters: `GET /sessions/{session_id}/participants`.

        Args:
            filters: `search`, `include_peer_events`, `view` ("raw", "consolidated"), `page_no` (the page to start from)
                and `per_page`; `sort_by` ("joinedAt", "duration") and `sort_order` ("ASC", "DESC"), for which there is
                `order_by("joined_at")`, `order_by("duration")`, with "-" descending; and the options of every call:
                `session_id`, `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.
        """
        return self._where(filters)

    def order_by(
        self, field: Literal["joined_at", "-joined_at", "duration", "-duration"] | str, /
    ) -> SessionParticipants[F]:
        """Sort by this field, ascending; with "-" descending."""
        return self._order_by(field)

    @operation
    def find(
        self,
        id: str,
        /,
        *,
        include_peer_events: bool | None = None,
        **options: Unpack[SessionScopedOptions],
    ) -> Flow[SessionParticipant[F]]:
        """Return one participant: `GET /sessions/{session_id}/participants/{participant_id}`.

        Raises:
            NotFoundError: the session has no participant with this id.
        """
        return self._find(id, {"include_peer_events": include_peer_events}, options)

    def ref(self, id: str, /, **options: Unpack[SessionScopedOptions]) -> SessionParticipant[F]:
        """Return a participant of whom only the id is known. Nothing is sent."""
        return self._ref(id, options)


class SessionParticipant(
    Resource[F],
    path="/{app_id}/sessions/{session_id}/participants(/{participant_id})",
    collection=SessionParticipants,
    item_key="participant",
    items_key="participants",
    repr_fields=("id", "display_name", "joined_at"),
):
    """A participant of a session. Read-only. Webhooks call its id the peer id."""

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
    """Only with `include_peer_events=True`."""
    peer_report: dict[str, Any] | None
    """Only on participants found by peer id: `metadata` and `quality`, as the server sent them."""
    report: PeerReport | None = field("peer_report")
    """The same, typed; None on participants from a list, before `load_report()`."""

    find = on_default_client(SessionParticipants[Sync].find)
    where = on_default_client(SessionParticipants[Sync].where)
    all = all_on_default_client(SessionParticipants[Sync].where)
    ref = on_default_client(SessionParticipants[Sync].ref)

    @fluent
    def load_report(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Load the call quality into `report`: `GET /sessions/peer-report/{peer_id}`. Kept for 6 months.

        Raises:
            NotFoundError: there is no report, or no longer.
        """
        ids = self._path_ids()
        path = PathTemplate(BASE_PATH + "/{app_id}/sessions/peer-report/{participant_id}").member(ids)
        self._update_from((yield from execute(self._client.settings, Call("GET", path, options=options))))
