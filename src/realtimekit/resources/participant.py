"""Participants: who may join a meeting, and the token with which they do."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from realtimekit.flow import F, Flow, Sync, fluent, operation
from realtimekit.keywords import Options, Scoped
from realtimekit.relation import Relation
from realtimekit.resource import Resource, listed, on_default_client


class InMeeting(Scoped, total=False):
    """What calls on a meeting's participants take; `meeting_id` where no meeting is given by the way there."""

    meeting_id: str


class ParticipantFilters(InMeeting, total=False):
    """The query of `GET /meetings/{meeting_id}/participants`."""

    page_no: int
    per_page: int


class _Required(Options):
    custom_participant_id: str
    preset_name: str


class ParticipantFields(_Required, total=False):
    """The body of `PUT .../participants/{participant_id}`."""

    name: str | None
    picture: str | None


class NewParticipant(ParticipantFields, InMeeting, total=False):
    """The body of `POST .../participants`."""


class ParticipantChanges(Options, total=False):
    """The body of `PATCH .../participants/{participant_id}`."""

    name: str | None
    picture: str | None
    preset_name: str | None


class Participants(Relation["Participant[F]", F]):
    """The participants of a meeting: `meeting.participants`, or `client.participants` with `meeting_id=`."""

    def where(self, **filters: Unpack[ParticipantFilters]) -> Participants[F]:
        """`GET /meetings/{meeting_id}/participants`: the API has no filters here, only paging."""
        return self._where(filters)

    @operation
    def find(self, id: str, /, **options: Unpack[InMeeting]) -> Flow[Participant[F]]:  # noqa: A002
        """`GET /meetings/{meeting_id}/participants/{participant_id}`.

        Raises:
            NotFoundError: the meeting has no such participant.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewParticipant]) -> Flow[Participant[F]]:
        """`POST /meetings/{meeting_id}/participants`: add somebody, and get the token to join with.

        Without a `name` the custom_participant_id is sent as the name: the API accepts none, but gives a token
        that its front ends refuse (error 0002).
        """
        return self._create({"name": fields["custom_participant_id"], **fields})

    def ref(self, id: str, /, **options: Unpack[InMeeting]) -> Participant[F]:  # noqa: A002
        """A participant known by their id alone: nothing is sent."""
        return self._reference(id, options)


class Participant(
    Resource[F],
    path="/{app_id}/meetings/{meeting_id}/participants(/{participant_id})",
    collection=Participants,
    telling=("id", "name", "preset_name"),
):
    """Somebody who may join a meeting.

    `token` is there on a participant just created, updated or replaced, or after `regenerate_token()`; it is a
    credential: give it to that person's browser, and keep it out of logs.
    """

    id: str
    custom_participant_id: str | None
    name: str | None
    picture: str | None
    preset_name: str | None
    created_at: datetime | None
    updated_at: datetime | None
    token: str | None

    find = on_default_client(Participants[Sync].find)
    where = on_default_client(Participants[Sync].where)
    all = listed(Participants[Sync].where)
    ref = on_default_client(Participants[Sync].ref)
    create = on_default_client(Participants[Sync].create)

    @fluent
    def update(self, **changes: Unpack[ParticipantChanges]) -> Flow[None]:
        """`PATCH .../participants/{participant_id}`: change these fields alone."""
        return self._write("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[ParticipantFields]) -> Flow[None]:
        """`PUT .../participants/{participant_id}`: set all fields; what is not given is set to its default."""
        return self._write("PUT", {"name": fields["custom_participant_id"], **fields})

    @operation
    def destroy(self, **options: Unpack[Options]) -> Flow[None]:
        """`DELETE .../participants/{participant_id}`: remove them; their tokens stop working."""
        yield from self._call("DELETE", options=options)

    @fluent
    def regenerate_token(self, **options: Unpack[Options]) -> Flow[None]:
        """`POST .../participants/{participant_id}/token`: get a new `token`. Older ones stay valid (100 days)."""
        self._take((yield from self._call("POST", "/token", options=options)))
