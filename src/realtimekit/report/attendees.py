"""Attendees: the people who took part, and when they were present. A person may have joined as several participants."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from realtimekit.flow import Sync
from realtimekit.report.fields import get_field
from realtimekit.resources.session_participant import SessionParticipant


class AttendanceInterval(NamedTuple):
    """From joining to leaving.

    Attributes:
        start: when the attendee joined.
        end: when the attendee left; None if they are still present.
    """

    start: datetime
    end: datetime | None


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
    groups: dict[Any, list[SessionParticipant[Sync]]] = {}
    for index, participant in enumerate(participants):
        custom, user, own = (get_field(participant, name) for name in ("custom_participant_id", "user_id", "id"))
        groups.setdefault(custom or user or own or index, []).append(participant)
    attendees = [_attendee(group, ended_at) for group in groups.values()]
    return sorted(attendees, key=lambda one: (not one.attendance, one.attendance[0].start if one.attendance else None))


def _attendee(participants: list[SessionParticipant[Sync]], ended_at: datetime | None) -> Attendee:
    names = ("custom_participant_id", "user_id", "id")
    ids = frozenset(str(value) for one in participants for name in names if (value := get_field(one, name)))
    attendance = _merge([interval for one in participants for interval in _attendance(one, ended_at)])
    return Attendee(
        _last_value(participants, "display_name"), _last_value(participants, "preset_name"), ids, attendance
    )


def _last_value(participants: list[SessionParticipant[Sync]], name: str) -> str | None:
    return next((value for one in reversed(participants) if (value := get_field(one, name))), None)


def _attendance(participant: SessionParticipant[Sync], ended_at: datetime | None) -> list[AttendanceInterval]:
    """From the participant's events, which may have several intervals; from its own times if there are no events."""
    pairs = [
        (get_field(event, "created_at"), get_field(event, "event_name"))
        for event in get_field(participant, "peer_events") or []
    ]
    events = sorted((time, name) for time, name in pairs if time and name in {"PEER_JOINING", "PEER_LEAVING"})
    attendance: list[AttendanceInterval] = []
    joined: datetime | None = None
    for time, name in events:
        if name == "PEER_JOINING":
            joined = joined or time
        elif joined:
            attendance.append(AttendanceInterval(joined, time))
            joined = None
    if not attendance and not joined:
        joined = get_field(participant, "joined_at") or get_field(participant, "created_at")
    if joined:
        left = get_field(participant, "left_at") or ended_at
        attendance.append(AttendanceInterval(joined, None if left is None else max(joined, left)))
    return attendance


def _merge(intervals: list[AttendanceInterval]) -> list[AttendanceInterval]:
    """Sort the intervals, and merge those that overlap, such as those of two devices."""
    merged: list[AttendanceInterval] = []
    for interval in sorted(intervals, key=lambda interval: interval.start):
        last = merged[-1] if merged else None
        if last and (last.end is None or interval.start <= last.end):
            end = None if last.end is None or interval.end is None else max(last.end, interval.end)
            merged[-1] = AttendanceInterval(last.start, end)
        else:
            merged.append(interval)
    return merged
