"""Active session: a meeting that is going on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Unpack

from realtimekit import protocol
from realtimekit.errors import DecodeError
from realtimekit.execution import Call
from realtimekit.flow import F, Flow
from realtimekit.kwargs import RequestOptions
from realtimekit.operation import operation
from realtimekit.record import Record
from realtimekit.resources.session_record import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Sequence


class Concerned(Record, repr_fields=("id", "name")):
    """Somebody who was removed or muted."""

    id: str
    name: str | None
    email: str | None
    picture: str | None
    created_at: datetime | None
    updated_at: datetime | None


class Kicked(Record, repr_fields=("action",)):
    """The answer to a kick."""

    action: str | None
    participants: list[Concerned] | None


class Muted(Record, repr_fields=("action",)):
    """The answer to a mute."""

    action: str | None
    participants: list[Concerned] | None


class PollVote(Record, repr_fields=("id", "name")):
    """Who voted."""

    id: str
    name: str | None


class PollOption(Record, repr_fields=("text", "count")):
    """One answer that can be given, and who gave it."""

    text: str
    count: int | None
    votes: list[PollVote] | None


class Poll(Record, repr_fields=("id", "question")):
    """A question to those who are there."""

    id: str
    question: str
    options: list[PollOption]
    anonymous: bool | None
    hide_votes: bool | None
    created_by: str | None
    voted: list[str] | None
    """Who has voted."""


class ActiveSession(SessionRecord[F], path="/{app_id}/meetings/{meeting_id}/active-session"):
    """The live session of a meeting: `meeting.active_session`, `GET /meetings/{meeting_id}/active-session`.

    Each read loads it anew: it is about the present moment. NotFoundError while nobody is there.
    """

    @operation
    def kick(
        self,
        *,
        participant_ids: Sequence[str] = (),
        custom_participant_ids: Sequence[str] = (),
        **options: Unpack[RequestOptions],
    ) -> Flow[Kicked]:
        """Remove some: `POST .../active-session/kick`. One of the two lists is enough.

        Raises:
            ValueError: neither list names anybody.
            NotFoundError: somebody named is not there.
        """
        named = _named("kick", participant_ids, custom_participant_ids)
        return Kicked((yield from self._done("kick", named, options)))

    @operation
    def kick_all(self, **options: Unpack[RequestOptions]) -> Flow[int]:
        """Remove everybody: `POST .../active-session/kick-all`. Returns how many."""
        return (yield from self._done_to_all("kick-all", None, options, "kicked_participants_count"))

    @operation
    def mute(
        self,
        *,
        participant_ids: Sequence[str] = (),
        custom_participant_ids: Sequence[str] = (),
        **options: Unpack[RequestOptions],
    ) -> Flow[Muted]:
        """Mute some: `POST .../active-session/mute`. One of the two lists is enough.

        Raises:
            ValueError: neither list names anybody.
        """
        named = _named("mute", participant_ids, custom_participant_ids)
        return Muted((yield from self._done("mute", named, options)))

    @operation
    def mute_all(self, *, allow_unmute: bool, **options: Unpack[RequestOptions]) -> Flow[int]:
        """Mute everybody: `POST .../active-session/mute-all`. Returns how many.

        Args:
            allow_unmute: whether they may unmute themselves.
        """
        body = {"allow_unmute": allow_unmute}
        return (yield from self._done_to_all("mute-all", body, options, "muted_participants_count"))

    @operation
    def create_poll(
        self,
        question: str,
        options: Sequence[str],
        *,
        anonymous: bool | None = None,
        hide_votes: bool | None = None,
        **given: Unpack[RequestOptions],
    ) -> Flow[Poll]:
        """Ask those who are there: `POST .../active-session/poll`.

        Args:
            question: what is asked.
            options: the answers that can be given.
            anonymous: whether nobody sees who voted for what.
            hide_votes: whether nobody sees the votes.
        """
        if isinstance(options, str):
            raise TypeError("options is a list of answers, not one string")
        asked = {"question": question, "options": list(options), "anonymous": anonymous, "hide_votes": hide_votes}
        body = {name: value for name, value in asked.items() if value is not None}
        answer = yield from self._execute(Call("POST", "/poll", body=body, options=given))
        poll = protocol.unwrap(answer, "poll")
        if not isinstance(poll, dict):
            raise DecodeError("the poll was created, but the answer does not hold it")
        return Poll(poll)

    def _done(self, action: str, named: dict[str, list[str]], options: RequestOptions) -> Flow[dict[str, Any]]:
        data = protocol.unwrap((yield from self._execute(Call("POST", f"/{action}", body=named, options=options))))
        if not isinstance(data, dict):
            raise DecodeError(f"the {action} was carried out, but the answer does not say of whom")
        return data

    def _done_to_all(self, action: str, body: dict[str, bool] | None, options: RequestOptions, count: str) -> Flow[int]:
        data = protocol.unwrap((yield from self._execute(Call("POST", f"/{action}", body=body, options=options))))
        try:
            return int(data[count])
        except (KeyError, TypeError, ValueError):
            raise DecodeError(f"{action} was carried out, but the answer does not say of how many") from None


def _named(action: str, participant_ids: Sequence[str], custom_participant_ids: Sequence[str]) -> dict[str, list[str]]:
    """The body that names them: without a list that names nobody."""
    lists = {"participant_ids": participant_ids, "custom_participant_ids": custom_participant_ids}
    for name, ids in lists.items():
        if isinstance(ids, str):
            raise TypeError(f"{name} is a list of ids, not one string")
    if not participant_ids and not custom_participant_ids:
        raise ValueError(f"nobody to {action}: give participant_ids or custom_participant_ids (or call {action}_all())")
    return {name: list(ids) for name, ids in lists.items() if ids}
