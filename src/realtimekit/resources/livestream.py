"""Livestreams: a meeting, or another source, streamed to many viewers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Generic, Literal, NamedTuple, TypeAlias, Unpack

from realtimekit import responses
from realtimekit.associations import has_many
from realtimekit.errors import DecodeError
from realtimekit.execution import Call
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.operation import operation
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.livestream_session import LivestreamSession

LivestreamStatus: TypeAlias = Literal["LIVE", "IDLE", "ERRORED", "INVOKED"] | str


class LivestreamFilters(ScopedOptions, total=False):
    """The query of `GET /livestreams`."""

    exclude_meetings: bool
    status: LivestreamStatus
    start_time: datetime | str
    end_time: datetime | str
    sort_order: Literal["ASC", "DSC"]  # only this list spells it DSC
    page_no: int  # the page to start from; for a single page use `.page(n)`
    per_page: int


class NewLivestream(ScopedOptions, total=False):
    """The body of `POST /livestreams`."""

    name: str | None  # letters, digits, - and _


class Livestreams(Relation["Livestream[F]", F]):
    """The livestreams of an app: `client.livestreams`."""

    _descending = "DSC"

    def where(self, **filters: Unpack[LivestreamFilters]) -> Livestreams[F]:
        """Return the livestreams that match these filters: `GET /livestreams`.

        Args:
            filters: `status` ("LIVE", "IDLE", "ERRORED", "INVOKED"), `exclude_meetings` (leave out those of meetings),
                `start_time` and `end_time` (aware datetimes, or strings in ISO 8601), `page_no` (the page to start
                from) and `per_page`; `sort_order` ("ASC", "DSC"), for which there is `order_by("created_at")`, with "-"
                descending; and the options of every call: `app_id`, `account_id`, `timeout` (seconds), `extra_query`,
                `extra_headers`.

        Raises:
            ValueError: a time is invalid or has no time zone.
        """
        return self._where(filters)

    def order_by(self, field: Literal["created_at", "-created_at"], /) -> Livestreams[F]:
        """Sort by creation time, the oldest first; with "-" the newest first."""
        return self._order_by(field, by=False)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Livestream[F]]:
        """Return one livestream: `GET /livestreams/{livestream_id}`. Its sessions are `livestream.sessions`.

        Raises:
            NotFoundError: there is no livestream with this id.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewLivestream]) -> Flow[Livestream[F]]:
        """Create a livestream without a meeting, to be fed over RTMP: `POST /livestreams`."""
        return self._create(fields)

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Livestream[F]:
        """Return a livestream of which only the id is known. Nothing is sent."""
        return self._ref(id, options)

    def _items_from(self, body: Any) -> Sequence[dict[str, Any] | None] | None:
        data = responses.unwrap(body)
        # The schema has one object here, the example a list.
        return [data] if isinstance(data, dict) and "id" in data else super()._items_from(body)


class LivestreamSessionRelation(
    Relation["LivestreamSession[F]", F],
    of=LivestreamSession,
    path="/{app_id}/livestreams/{livestream_id}",
    items_key="sessions",
):
    """The sessions of one livestream: `livestream.sessions`, `GET /livestreams/{livestream_id}`."""

    def _items_from(self, body: Any) -> Sequence[dict[str, Any] | None] | None:
        return _parse_sessions(responses.unwrap(body))


class Livestream(
    Resource[F],
    path="/{app_id}/livestreams(/{livestream_id})",
    collection=Livestreams,
    item_key="livestream",
    repr_fields=("id", "name", "status"),
):
    """A livestream. `stream_key` is a secret: anyone who has it can stream here."""

    id: str
    name: str | None
    status: LivestreamStatus | None
    meeting_id: str | None
    playback_url: str | None
    ingest_server: str | None
    stream_key: str | None
    disabled: bool | None
    created_at: datetime | None
    updated_at: datetime | None

    sessions: LivestreamSessionRelation[F] = has_many()

    find = on_default_client(Livestreams[Sync].find)
    where = on_default_client(Livestreams[Sync].where)
    all = all_on_default_client(Livestreams[Sync].where)
    ref = on_default_client(Livestreams[Sync].ref)
    create = on_default_client(Livestreams[Sync].create)

    @operation
    def active_livestream_session(self, **options: Unpack[RequestOptions]) -> Flow[ActiveLivestreamSession[F]]:
        """Return the session that is live: `GET /livestreams/{livestream_id}/active-livestream-session`.

        The response also contains the livestream, which is merged into this record, too.

        Example:
            active = client.livestreams.find("live-1").active_livestream_session()
            active.session.reload().viewer_seconds

        Raises:
            NotFoundError: no session is live.
        """
        body = yield from self._execute(Call("GET", "/active-livestream-session", options=options))
        data = responses.unwrap(body)
        if not isinstance(data, dict) or not isinstance(data.get("session"), dict):
            raise DecodeError(f"the response with the active session of {self!r} contains no session")
        if isinstance(data.get("livestream"), dict):
            self._update_from(body)
        scope = self._scope_for(LivestreamSession)
        active = ActiveLivestreamSession[F]._from_data(self._client, data["session"], scope)
        active.__dict__["livestream"] = self
        return active


class ActiveLivestreamSession(LivestreamSession[F]):
    """The session that is live, with its livestream: `livestream.active_livestream_session()`. Read-only.

    It has the fields of the session; `reload()` also works after the session has ended.
    """

    @cached_property
    def session(self) -> LivestreamSession[F]:
        """The session as a record of its own, with its own `reload()`."""
        return LivestreamSession[F]._from_data(self._client, dict(self._data), self._scope)

    @cached_property
    def livestream(self) -> Livestream[F]:
        """The livestream from which this was loaded; in a copy or a pickle, only its id is known before `reload()`.

        It is not a field, so that serializing a session does not reveal the stream key.
        """
        return Livestream[F]._from_data(self._client, {"id": self.livestream_id}, self._scope)


class LivestreamDetails(NamedTuple, Generic[F]):
    """A meeting's livestream and one page of its sessions."""

    livestream: Livestream[F] | None
    sessions: list[LivestreamSession[F]]


def parse_livestream_details(body: Any, meeting: Resource[F]) -> LivestreamDetails[F]:
    """Parse the response to `GET /meetings/{meeting_id}/livestream`."""
    data = responses.unwrap(body)
    sessions = _parse_sessions(data)
    if sessions is None:
        raise DecodeError(f"the response with the livestream of {meeting!r} contains no sessions")
    livestream: Any = data.get("livestream", data.get("livestreams"))
    if isinstance(livestream, list):  # a list in the schema, one object in the example
        livestream = livestream[0] if livestream else None
    scope = meeting._scope_for(Livestream)
    return LivestreamDetails(
        Livestream[F]._from_data(meeting._client, livestream, scope) if isinstance(livestream, dict) else None,
        [LivestreamSession[F]._from_data(meeting._client, session, scope) for session in sessions],
    )


def _parse_sessions(data: Any) -> list[dict[str, Any]] | None:
    """Return `sessions`: a list in the examples, one object (once named `session`) in the schema."""
    found = data.get("sessions", data.get("session")) if isinstance(data, dict) else None
    return responses.unwrap_list([found] if isinstance(found, dict) else found)
