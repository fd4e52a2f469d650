"""Participants: who may join a meeting, and the tokens to join with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack, cast

from realtimekit.execution import Call
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, ScopedOptions, split_kwargs
from realtimekit.lazy import LazyModule
from realtimekit.operation import fluent, operation
from realtimekit.record import field
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.participant_token import ParticipantToken
from realtimekit.resources.preset import with_preset_names

if TYPE_CHECKING:
    from realtimekit.resources import session
else:
    session = LazyModule("realtimekit.resources.session")


class MeetingScopedOptions(ScopedOptions, total=False):
    """The options of calls on the participants of a meeting; `meeting_id` is for `client.participants`."""

    meeting_id: str


class ParticipantFilters(MeetingScopedOptions, total=False):
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


class NewParticipant(ParticipantFields, MeetingScopedOptions, total=False):
    """The body of `POST .../participants`."""


class ParticipantChanges(RequestOptions, total=False):
    """The body of `PATCH .../participants/{participant_id}`."""

    name: str | None
    picture: str | None
    preset_name: str | None


def _with_name(fields: ParticipantFields) -> dict[str, Any]:
    """Return the fields with a name: without one, or with null, the front ends reject the token (error 0002)."""
    name = fields.get("name")
    return {**fields, "name": fields["custom_participant_id"] if name is None else name}


class Participants(Relation["Participant[F]", F]):
    """The participants of a meeting: `meeting.participants`, or `client.participants` with `meeting_id=`."""

    def where(self, **filters: Unpack[ParticipantFilters]) -> Participants[F]:
        """Return the participants: `GET /meetings/{meeting_id}/participants`. The API has no filters here.

        Args:
            filters: `page_no` (the page to start from) and `per_page`; and the options of every call: `meeting_id`,
                `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.
        """
        return self._where(filters)

    @operation
    def find(self, id: str, /, **options: Unpack[MeetingScopedOptions]) -> Flow[Participant[F]]:
        """Return one participant: `GET /meetings/{meeting_id}/participants/{participant_id}`.

        Raises:
            NotFoundError: the meeting has no such participant.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewParticipant]) -> Flow[Participant[F]]:
        """Add a participant, with the token to join with: `POST /meetings/{meeting_id}/participants`.

        If there is no `name`, or it is None, the custom_participant_id is sent as the name: without one the API returns
        a token that its front ends reject (error 0002).

        Raises:
            ValidationError, NotFoundError: if it concerns the preset, the message lists the presets of the app.
        """
        return self._create_participant(fields)

    @operation
    def ensure(self, **fields: Unpack[NewParticipant]) -> Flow[Participant[F]]:
        """Find or create the participant with this custom_participant_id; either way with a new token.

        An existing participant gets the preset, name and picture passed here if they differ: `PATCH
        .../participants/{participant_id}`, otherwise `POST .../token`. The API cannot search for a
        custom_participant_id, so this reads the meeting's participants page by page. Two concurrent calls can still
        create two participants.

        Raises:
            ValidationError, NotFoundError: as `create`.
        """
        wanted, rest = split_kwargs(fields, frozenset({"preset_name", "name", "picture"}))
        if wanted.get("name") is None:
            wanted.pop("name", None)  # not a name to set: without one the token would be rejected
        options, ids = split_kwargs(rest, OPTION_NAMES)
        timeout, _ = split_kwargs(options, frozenset({"timeout"}))
        custom_id = ids.pop("custom_participant_id")
        participants = self._where({**ids, **timeout})
        found = yield from participants._find_first(lambda participant: participant.custom_participant_id == custom_id)
        if found is None:
            return (yield from self._create_participant(fields))
        changes = {name: value for name, value in wanted.items() if found._data.get(name) != value}
        if changes:
            yield from found._write_participant("PATCH", {**changes, **options})
        if not changes or found._data.get("token") is None:
            yield from found._regenerate_token(cast("RequestOptions", timeout))
        return found

    def _create_participant(self, fields: NewParticipant) -> Flow[Participant[F]]:
        ids = self._path_ids(self._split_scope(fields)[0])
        creation = self._create(_with_name(fields))
        return with_preset_names(creation, self._client, ids, fields)

    def ref(self, id: str, /, **options: Unpack[MeetingScopedOptions]) -> Participant[F]:
        """Return a participant of whom only the id is known. Nothing is sent."""
        return self._ref(id, options)


class Participant(
    Resource[F],
    path="/{app_id}/meetings/{meeting_id}/participants(/{participant_id})",
    collection=Participants,
    repr_fields=("id", "name", "preset_name"),
):
    """Somebody who may join a meeting.

    `token` is present after `create`, `ensure`, `update`, `replace` and `regenerate_token`; otherwise reading it raises
    `DecodeError`, and `"token" in participant` is False. It is a credential: `token.reveal()` is only for that person's
    browser.
    """

    id: str
    custom_participant_id: str | None = field("custom_participant_id", "client_specific_id")  # the old name
    name: str | None
    picture: str | None
    preset_name: str | None
    created_at: datetime | None
    updated_at: datetime | None
    token: ParticipantToken = field(
        "token",
        converter=ParticipantToken._from_json,
        absent="the API sends one to create, ensure, update and replace; regenerate_token() gets a new one",
    )

    find = on_default_client(Participants[Sync].find)
    where = on_default_client(Participants[Sync].where)
    all = all_on_default_client(Participants[Sync].where)
    ref = on_default_client(Participants[Sync].ref)
    create = on_default_client(Participants[Sync].create)
    ensure = on_default_client(Participants[Sync].ensure)

    @property
    def sessions(self) -> session.Sessions[F]:
        """The sessions of the meeting in which the participant took part. Reading the attribute sends nothing.

        The API cannot filter sessions by participant: the sessions of the meeting are read (`GET /sessions`), and the
        participants of each, until one has the id of this participant (as `user_id`) or its `custom_participant_id`.
        `prefetch(4)` reads several pages at once.

        Example:
            [session.started_at for session in participant.sessions.order_by("-created_at").limit(3)]
        """
        from realtimekit.resources.selections import WithParticipant

        meeting_id = self._path_ids()["meeting_id"]
        return session.Sessions[F]._of(self, {"associated_id": meeting_id}, WithParticipant(self))

    @fluent
    def update(self, **changes: Unpack[ParticipantChanges]) -> Flow[None]:
        """Change only these fields: `PATCH .../participants/{participant_id}`."""
        return self._write_participant("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[ParticipantFields]) -> Flow[None]:
        """Set all fields, the missing ones to their defaults: `PUT .../participants/{participant_id}`."""
        return self._write_participant("PUT", _with_name(fields))

    def _write_participant(self, method: str, fields: Mapping[str, Any]) -> Flow[None]:
        return with_preset_names(self._write(method, fields), self._client, self._scope, fields)

    @operation
    def destroy(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Remove the participant: `DELETE .../participants/{participant_id}`. Their tokens stop working."""
        yield from self._execute(Call("DELETE", options=options))

    @fluent
    def regenerate_token(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Get a new `token`: `POST .../participants/{participant_id}/token`. Older ones stay valid (100 days)."""
        return self._regenerate_token(options)

    def _regenerate_token(self, options: RequestOptions) -> Flow[None]:
        # Not `written=True`: without the token in its response, the call has failed.
        self._update_from((yield from self._execute(Call("POST", "/token", options=options))))
