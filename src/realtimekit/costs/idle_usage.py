"""Idle usage of a session: participants who stayed, and recordings that continued, after all others left.

All of them are charged until they leave or stop: an agent that nobody disconnects keeps its session alive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit.attendance import (
    AttendanceInterval,
    Record,
    group_by_person,
    last_text,
    merge_intervals,
    presence,
    text_of,
)
from realtimekit.costs.prices import Prices
from realtimekit.costs.usage import MINUTE, RUNNING, SessionRecords, participant_item, preset_of, recording_item
from realtimekit.values import format_times, try_parse_time

MIN_DURATION = timedelta(minutes=10)  # shorter times are people who leave one after the other

Reason: TypeAlias = Literal["recorder", "hidden", "alone", "recording"]


class IdleUsage(NamedTuple):
    """A participant who stayed, or a recording that continued, when everybody else had left.

    Attributes:
        reason: "recorder" (a preset of a recorder or livestreamer), "hidden" (a preset that hides its participants, as
            agents have), "alone" (the last one in the session), or "recording".
        session_id: the session.
        id: the peer id of the participant, or the id of the recording.
        name: of the participant, or of the recording's file.
        since: when everybody else had left.
        until: when it ended; None if it continues.
        minutes: how long it lasted.
        cost: of these minutes; None if there is no price.
    """

    reason: Reason
    session_id: str | None
    id: str | None
    name: str | None
    since: datetime
    until: datetime | None
    minutes: float
    cost: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return format_times(self._asdict())


class _Person(NamedTuple):
    """Somebody in the session, with what a preset says about their kind."""

    participants: list[Record]
    intervals: list[AttendanceInterval]
    kind: Reason  # "alone" for whoever can be seen

    def last(self, now: datetime) -> datetime:
        return self.intervals[-1].end or now


def find_idle_usage(
    records: SessionRecords, presets: Mapping[str, Record], prices: Prices, now: datetime
) -> list[IdleUsage]:
    """Return the idle usage of a session.

    Args:
        records: what the API knows of it.
        presets: the presets of the app, by name.
        prices: what a minute costs.
        now: the time up to which live sessions are counted.
    """
    ended_at = try_parse_time(records.session.get("ended_at"))
    people = [person for person in _people(records, presets, ended_at) if person.intervals]
    idle_since, remaining = _idle_since(people, ended_at, now)
    if idle_since is None:
        return []
    session_id = text_of(records.session, "id")
    found: list[IdleUsage] = []
    for person in remaining:
        minutes = _minutes_since(person, idle_since, now)
        if minutes * MINUTE >= MIN_DURATION:
            cost = prices.cost(participant_item(person.participants[-1], presets), minutes)
            names = last_text(person.participants, "id"), last_text(person.participants, "display_name")
            since = max(idle_since, person.intervals[0].start)
            found.append(IdleUsage(person.kind, session_id, *names, since, person.intervals[-1].end, minutes, cost))
    for recording in records.recordings:
        started, stopped = (try_parse_time(recording.get(name)) for name in ("started_time", "stopped_time"))
        end = stopped or (now if recording.get("status") in RUNNING else None)
        if started is not None and end is not None and end - max(idle_since, started) >= MIN_DURATION:
            since = max(idle_since, started)
            minutes = (end - since) / MINUTE
            names = text_of(recording, "id"), text_of(recording, "output_file_name")
            cost = prices.cost(recording_item(recording), minutes)
            found.append(IdleUsage("recording", session_id, *names, since, stopped, minutes, cost))
    return found


def _people(records: SessionRecords, presets: Mapping[str, Record], ended_at: datetime | None) -> Iterator[_Person]:
    for participants in group_by_person(records.participants):
        intervals = merge_intervals(interval for one in participants for interval in presence(one, ended_at))
        yield _Person(participants, intervals, _kind(preset_of(participants[-1], presets)))


def _kind(preset: Record) -> Reason:
    permissions = preset.get("permissions")
    if not isinstance(permissions, Mapping):
        return "alone"
    if permissions.get("recorder_type") in ("RECORDER", "LIVESTREAMER") or permissions.get("is_recorder") is True:
        return "recorder"
    return "hidden" if permissions.get("hidden_participant") is True else "alone"


def _idle_since(
    people: list[_Person], ended_at: datetime | None, now: datetime
) -> tuple[datetime | None, list[_Person]]:
    """Return since when nobody was there whom others could see, or only one person; and who stayed, as a candidate."""
    visible = sorted((person for person in people if person.kind == "alone"), key=lambda person: person.last(now))
    hidden = [person for person in people if person.kind != "alone"]
    if not visible:
        return min((person.intervals[0].start for person in hidden), default=ended_at), hidden
    if not hidden and len(visible) > 1:
        alone_since, last = visible[-2].last(now), visible[-1]
        stayed = any(interval.start <= alone_since for interval in last.intervals)  # did not come later
        if stayed and _minutes_since(last, alone_since, now) * MINUTE >= MIN_DURATION:
            return alone_since, [last]
    return visible[-1].last(now), hidden


def _minutes_since(person: _Person, since: datetime, now: datetime) -> float:
    return sum((max((end or now) - max(start, since), timedelta(0)) / MINUTE for start, end in person.intervals), 0.0)
