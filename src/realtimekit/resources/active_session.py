"""The active session: a meeting that is live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Unpack

from realtimekit import responses
from realtimekit.errors import DecodeError
from realtimekit.execution import Call
from realtimekit.flow import F, Flow
from realtimekit.kwargs import RequestOptions, drop_none
from realtimekit.operation import operation
from realtimekit.record import Record
from realtimekit.resources.session_record import SessionRecord


class AffectedParticipant(Record, repr_fields=("id", "name")):
    """A participant who was removed or muted."""

    id: str
    name: str | None
    email: str | None
    picture: str | None
    created_at: datetime | None
    updated_at: datetime | None


class KickResult(Record, repr_fields=("action",)):
    """The result of a kick."""

    action: str | None
    participants: list[AffectedParticipant] | None


class MuteResult(Record, repr_fields=("action",)):
    """The result of a mute."""

    action: str | None
    participants: list[AffectedParticipant] | None


class PollVote(Record, repr_fields=("id", "name")):
    """A participant who voted."""

    id: str
    name: str | None


class PollOption(Record, repr_fields=("text", "count")):
    """One option of a poll, and its votes."""

    text: str
    count: int | None
    votes: list[PollVote] | None


class Poll(Record, repr_fields=("id", "question")):
    """A poll in a live session."""

    id: str
    question: str
    options: list[PollOption]
    anonymous: bool | None
    hide_votes: bool | None
    created_by: str | None
    voted: list[str] | None
    """The ids of those who have voted."""


class ActiveSession(SessionRecord[F], path="/{app_id}/meetings/{meeting_id}/active-session"):
    """The live session of a meeting: `meeting.active_session`, `GET /meetings/{meeting_id}/active-session`.

    Each read loads it again. NotFoundError while nobody is in the meeting.
    """

    def _known_meeting_id(self) -> Any:
        return self._scope.get("meeting_id")

    @operation
    def kick(
        self,
        *,
        participant_ids: Sequence[str] = (),
        custom_participant_ids: Sequence[str] = (),
        **options: Unpack[RequestOptions],
    ) -> Flow[KickResult]:
        """Remove participants: `POST .../active-session/kick`. One of the two lists is enough.

        Raises:
            ValueError: both lists are empty.
            NotFoundError: one of the participants is not in the session.
        """
        body = _participants_body("kick", participant_ids, custom_participant_ids)
        return KickResult((yield from self._act_on("kick", body, options)))

    @operation
    def kick_all(self, **options: Unpack[RequestOptions]) -> Flow[int]:
        """Remove all participants: `POST .../active-session/kick-all`. Returns how many were removed."""
        return (yield from self._act_on_all("kick-all", None, options, "kicked_participants_count"))

    @operation
    def mute(
        self,
        *,
        participant_ids: Sequence[str] = (),
        custom_participant_ids: Sequence[str] = (),
        **options: Unpack[RequestOptions],
    ) -> Flow[MuteResult]:
        """Mute participants: `POST .../active-session/mute`. One of the two lists is enough.

        Raises:
            ValueError: both lists are empty.
        """
        body = _participants_body("mute", participant_ids, custom_participant_ids)
        return MuteResult((yield from self._act_on("mute", body, options)))

    @operation
    def mute_all(self, *, allow_unmute: bool, **options: Unpack[RequestOptions]) -> Flow[int]:
        """Mute all participants: `POST .../active-session/mute-all`. Returns how many were muted.

        Args:
            allow_unmute: whether they may unmute themselves.
        """
        body = {"allow_unmute": allow_unmute}
        return (yield from self._act_on_all("mute-all", body, options, "muted_participants_count"))

    @operation
    def create_poll(
        self,
        question: str,
        options: Sequence[str],
        *,
        anonymous: bool | None = None,
        hide_votes: bool | None = None,
        **request_options: Unpack[RequestOptions],
    ) -> Flow[Poll]:
        """Start a poll among the participants: `POST .../active-session/poll`.

        Args:
            question: the question.
            options: the answers to choose from.
            anonymous: whether it is hidden who voted for what.
            hide_votes: whether the votes are hidden.
        """
        fields = {
            "question": question,
            "options": _listed("options", options, "answers"),
            "anonymous": anonymous,
            "hide_votes": hide_votes,
        }
        call = Call("POST", "/poll", body=drop_none(fields), options=request_options)
        poll = responses.unwrap((yield from self._execute(call)), "poll")
        if not isinstance(poll, dict):
            raise DecodeError("the poll was created, but the response does not contain it")
        return Poll(poll)

    def _act_on(self, action: str, body: dict[str, list[str]], options: RequestOptions) -> Flow[dict[str, Any]]:
        data = responses.unwrap((yield from self._execute(Call("POST", f"/{action}", body=body, options=options))))
        if not isinstance(data, dict):
            raise DecodeError(f"the {action} was carried out, but the response does not contain its result")
        return data

    def _act_on_all(self, action: str, body: dict[str, bool] | None, options: RequestOptions, count: str) -> Flow[int]:
        data = responses.unwrap((yield from self._execute(Call("POST", f"/{action}", body=body, options=options))))
        try:
            return int(data[count])
        except (KeyError, TypeError, ValueError):
            raise DecodeError(f"the {action} was carried out, but the response contains no count") from None


def _participants_body(
    action: str, participant_ids: Sequence[str], custom_participant_ids: Sequence[str]
) -> dict[str, list[str]]:
    """Return the body that names the participants, without empty lists."""
    given = {"participant_ids": participant_ids, "custom_participant_ids": custom_participant_ids}
    lists = {name: _listed(name, ids, "ids") for name, ids in given.items()}
    if not participant_ids and not custom_participant_ids:
        raise ValueError(f"nobody to {action}: pass participant_ids or custom_participant_ids, or call {action}_all()")
    return {name: ids for name, ids in lists.items() if ids}


def _listed(name: str, values: object, what: str) -> list[str]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        kind = "one string" if isinstance(values, str) else type(values).__name__
        raise TypeError(f"{name} must be a list of {what}, not {kind}")
    return list(values)
