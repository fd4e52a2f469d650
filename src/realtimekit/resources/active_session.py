"""Active session: a meeting that is going on."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from realtimekit import protocol
from realtimekit.errors import DecodeError
from realtimekit.flow import F, Flow, operation
from realtimekit.keywords import Options
from realtimekit.record import Record
from realtimekit.resources.session_record import SessionRecord

if TYPE_CHECKING:
    from collections.abc import Sequence


class KickedParticipant(Record, telling=("id", "name")):
    """Somebody who was removed."""

    id: str
    name: str | None
    email: str | None
    picture: str | None
    created_at: datetime | None
    updated_at: datetime | None


class Kicked(Record, telling=("action",)):
    """The answer to a kick."""

    action: str | None
    participants: list[KickedParticipant] | None


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
        **options: Unpack[Options],
    ) -> Flow[Kicked]:
        """Remove some: `POST .../active-session/kick`. One of the two lists is enough.

        Raises:
            ValueError: neither list names anybody.
            NotFoundError: somebody named is not there.
        """
        body = {"participant_ids": participant_ids, "custom_participant_ids": custom_participant_ids}
        for name, ids in body.items():
            if isinstance(ids, str):
                raise TypeError(f"{name} is a list of ids, not one string")
        if not participant_ids and not custom_participant_ids:
            raise ValueError("nobody to kick: give participant_ids or custom_participant_ids (or call kick_all())")
        named = {name: list(ids) for name, ids in body.items() if ids}
        data = protocol.unwrap((yield from self._call("POST", "/kick", body=named, options=options)))
        if not isinstance(data, dict):
            raise DecodeError("the kick was carried out, but the answer does not say of whom")
        return Kicked(data)

    @operation
    def kick_all(self, **options: Unpack[Options]) -> Flow[int]:
        """Remove everybody: `POST .../active-session/kick-all`. Returns how many."""
        data = protocol.unwrap((yield from self._call("POST", "/kick-all", options=options)))
        try:
            return int(data["kicked_participants_count"])
        except (KeyError, TypeError, ValueError):
            raise DecodeError("kick-all was carried out, but the answer does not say how many it removed") from None
