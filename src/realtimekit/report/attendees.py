"""Attendees: the people who took part, and when they were present. A person may have joined as several participants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from realtimekit.attendance import AttendanceInterval, group_by_person, last_text, merge_intervals, presence
from realtimekit.flow import Sync
from realtimekit.resources.session_participant import SessionParticipant

__all__ = ["AttendanceInterval", "Attendee", "group_participants"]


class Attendee(NamedTuple):
    """A person who took part, as one or several participants.

    Attributes:
        name: the last display name; None if there was none.
        preset_name: the last preset.
        ids: the ids of all participants and of the user, by which transcripts and chats may refer to the person.
        attendance: the times of presence, in chronological order, without overlaps.
    """

    name: str | None
    preset_name: str | None
    ids: frozenset[str]
    attendance: list[AttendanceInterval]


def group_participants(participants: Iterable[SessionParticipant[Sync]], ended_at: datetime | None) -> list[Attendee]:
    """Return the attendees behind participants, in the order in which they first joined.

    Args:
        participants: read with their `peer_events`, if these are to count.
        ended_at: when the session ended: those who did not leave before, left then.
    """
    attendees = [_attendee(group, ended_at) for group in group_by_person(one._data for one in participants)]
    return sorted(attendees, key=lambda one: (not one.attendance, one.attendance[0].start if one.attendance else None))


def _attendee(participants: list[dict[str, object]], ended_at: datetime | None) -> Attendee:
    names = ("custom_participant_id", "user_id", "id")
    ids = frozenset(str(value) for one in participants for name in names if (value := one.get(name)))
    attendance = merge_intervals(interval for one in participants for interval in presence(one, ended_at))
    preset_name = last_text(participants, "preset_name") or last_text(participants, "role")
    return Attendee(last_text(participants, "display_name"), preset_name, ids, attendance)
