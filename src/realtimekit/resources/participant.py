"""Participants: who may join a meeting, and the token with which they do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack, cast

from realtimekit.execution import Call
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, ScopedOptions, split_kwargs
from realtimekit.operation import fluent, operation
from realtimekit.record import field
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.participant_token import ParticipantToken
from realtimekit.resources.preset import naming_presets

if TYPE_CHECKING:
    from collections.abc import Mapping


class InMeeting(ScopedOptions, total=False):
    """What calls on a meeting's participants take; `meeting_id` where no meeting is given by the way there."""

    meeting_id: str


class ParticipantFilters(InMeeting, total=False):
    """The query of `GET /meetings/{meeting_id}/participants`."""

    page_no: int
    per_page: int


class _Required(RequestOptions):
    custom_participant_id: str
    preset_name: str


class ParticipantFields(_Required, total=False):
    """The body of `PUT .../participants/{participant_id}`."""

    name: str | None
    picture: str | None


class NewParticipant(ParticipantFields, InMeeting, total=False):
    """The body of `POST .../participants`."""


class ParticipantChanges(RequestOptions, total=False):
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
    def find(self, id: str, /, **options: Unpack[InMeeting]) -> Flow[Participant[F]]:
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

        Raises:
            ValidationError, NotFoundError: where it is about the preset, it names those that the app has.
        """
        return self._added(fields)

    @operation
    def ensure(self, **fields: Unpack[NewParticipant]) -> Flow[Participant[F]]:
        """The participant with this custom_participant_id, found or else created; with a new token in either case.

        One who is found gets the preset, name and picture that are given here, where theirs differ: `PATCH
        .../participants/{participant_id}`, else `POST .../token`. The API cannot look for a custom_participant_id, so
        this walks through the meeting's participants; and two who ensure the same one at the same time can still
        create two.

        Raises:
            ValidationError, NotFoundError: as `create`.
        """
        given, rest = split_kwargs(fields, frozenset({"preset_name", "name", "picture"}))
        options, ids = split_kwargs(rest, OPTION_NAMES)
        patience, _ = split_kwargs(options, frozenset({"timeout"}))
        wanted = ids.pop("custom_participant_id")
        everybody = self._where({**ids, **patience})
        found = yield from everybody._find_first(lambda one: one.custom_participant_id == wanted)
        if found is None:
            return (yield from self._added(fields))
        changes = {name: value for name, value in given.items() if found._data.get(name) != value}
        if changes:
            yield from found._changed_to("PATCH", {**changes, **options})
        if not changes or found.token is None:
            yield from found._refresh_link(cast("RequestOptions", patience))
        return found

    def _added(self, fields: NewParticipant) -> Flow[Participant[F]]:
        ids = self._path_ids(self._split_scope(fields)[0])
        creation = self._create({"name": fields["custom_participant_id"], **fields})
        return naming_presets(creation, self._client, ids, fields)

    def ref(self, id: str, /, **options: Unpack[InMeeting]) -> Participant[F]:
        """A participant known by their id alone: nothing is sent."""
        return self._ref(id, options)


class Participant(
    Resource[F],
    path="/{app_id}/meetings/{meeting_id}/participants(/{participant_id})",
    collection=Participants,
    repr_fields=("id", "name", "preset_name"),
):
    """Somebody who may join a meeting.

    `token` is there on a participant just created, ensured, updated or replaced, or after `regenerate_token()`. It is
    a credential: `token.reveal()` is for that person's browser alone.
    """

    id: str
    custom_participant_id: str | None = field("custom_participant_id", "client_specific_id")  # a guide has the old name
    name: str | None
    picture: str | None
    preset_name: str | None
    created_at: datetime | None
    updated_at: datetime | None
    token: ParticipantToken | None = field("token", converter=ParticipantToken._read)

    find = on_default_client(Participants[Sync].find)
    where = on_default_client(Participants[Sync].where)
    all = all_on_default_client(Participants[Sync].where)
    ref = on_default_client(Participants[Sync].ref)
    create = on_default_client(Participants[Sync].create)
    ensure = on_default_client(Participants[Sync].ensure)

    @fluent
    def update(self, **changes: Unpack[ParticipantChanges]) -> Flow[None]:
        """`PATCH .../participants/{participant_id}`: change these fields alone."""
        return self._changed_to("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[ParticipantFields]) -> Flow[None]:
        """`PUT .../participants/{participant_id}`: set all fields; what is not given is set to its default."""
        return self._changed_to("PUT", {"name": fields["custom_participant_id"], **fields})

    def _changed_to(self, method: str, fields: Mapping[str, Any]) -> Flow[None]:
        return naming_presets(self._write(method, fields), self._client, self._scope, fields)

    @operation
    def destroy(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """`DELETE .../participants/{participant_id}`: remove them; their tokens stop working."""
        yield from self._execute(Call("DELETE", options=options))

    @fluent
    def regenerate_token(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """`POST .../participants/{participant_id}/token`: get a new `token`. Older ones stay valid (100 days)."""
        return self._refresh_link(options)

    def _refresh_link(self, options: RequestOptions) -> Flow[None]:
        return self._merge_call(Call("POST", "/token", options=options))
