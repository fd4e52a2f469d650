"""Meetings: the rooms that people join."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Unpack

from realtimekit.flow import F, Flow, Sync, fluent, operation
from realtimekit.keywords import Options, Scoped
from realtimekit.relation import Relation
from realtimekit.resource import HasOne, Resource, has_many, has_one, listed, on_default_client
from realtimekit.resources.active_session import ActiveSession
from realtimekit.resources.participant import Participants

if TYPE_CHECKING:
    from collections.abc import Mapping


class MeetingFilters(Scoped, total=False):
    """The query of `GET /meetings`."""

    search: str  # a meeting's id, or words of its title
    status: Literal["ACTIVE", "INACTIVE"] | str
    start_time: datetime | str
    end_time: datetime | str
    page_no: int  # the page to start from; one page alone is `.page(n)`
    per_page: int


class _Fields(Options, total=False):
    persist_chat: bool
    summarize_on_end: bool
    transcribe_on_end: bool
    session_keep_alive_time_in_secs: float  # 60 to 600; how long a session outlives its last participant
    recording_config: Mapping[str, Any]
    ai_config: Mapping[str, Any]


class MeetingFields(_Fields, total=False):
    """The body of `PUT /meetings/{meeting_id}`."""

    title: str | None
    record_on_start: bool | None
    live_stream_on_start: bool | None


class NewMeeting(MeetingFields, Scoped, total=False):
    """The body of `POST /meetings`."""


class MeetingChanges(_Fields, total=False):
    """The body of `PATCH /meetings/{meeting_id}`: nothing can be set to null here."""

    title: str
    record_on_start: bool
    live_stream_on_start: bool
    status: Literal["ACTIVE", "INACTIVE"] | str


class Meetings(Relation["Meeting[F]", F]):
    """The meetings of an app: `client.meetings`."""

    def where(self, **filters: Unpack[MeetingFilters]) -> Meetings[F]:
        """Those that match: `GET /meetings`.

        Raises:
            ValueError: a time that is none, or that has no time zone.
        """
        return self._where(filters)

    @operation
    def find(self, id: str, /, **options: Unpack[Scoped]) -> Flow[Meeting[F]]:  # noqa: A002
        """`GET /meetings/{meeting_id}`.

        Raises:
            NotFoundError: there is none with this id.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewMeeting]) -> Flow[Meeting[F]]:
        """`POST /meetings`."""
        return self._create(fields)

    def ref(self, id: str, /, **options: Unpack[Scoped]) -> Meeting[F]:  # noqa: A002
        """A meeting known by its id alone: nothing is sent until it is asked for what it has."""
        return self._reference(id, options)


class Meeting(
    Resource[F], path="/{app_id}/meetings(/{meeting_id})", collection=Meetings, telling=("id", "title", "status")
):
    """A room that people join, again and again; each time is a session. The API cannot delete a meeting."""

    id: str
    title: str | None
    status: Literal["ACTIVE", "INACTIVE"] | str | None
    record_on_start: bool | None
    live_stream_on_start: bool | None
    persist_chat: bool | None
    summarize_on_end: bool | None
    transcribe_on_end: bool | None
    session_keep_alive_time_in_secs: float | None
    recording_config: dict[str, Any] | None
    ai_config: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime

    participants: Participants[F] = has_many()
    active_session: HasOne[ActiveSession[F], F] = has_one(kept=False)

    find = on_default_client(Meetings[Sync].find)
    where = on_default_client(Meetings[Sync].where)
    all = listed(Meetings[Sync].where)
    ref = on_default_client(Meetings[Sync].ref)
    create = on_default_client(Meetings[Sync].create)

    @fluent
    def update(self, **changes: Unpack[MeetingChanges]) -> Flow[None]:
        """`PATCH /meetings/{meeting_id}`: change these fields alone."""
        return self._write("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[MeetingFields]) -> Flow[None]:
        """`PUT /meetings/{meeting_id}`: set all fields; what is not given is set to its default."""
        return self._write("PUT", fields)
