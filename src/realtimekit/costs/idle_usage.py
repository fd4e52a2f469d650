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
from realtimekit.values import format_time, try_parse_time

MIN_DURATION = timedelta(minutes=10)  # shorter times are people who leave one after the other

Reason: TypeAlias = Literal["recorder", "hidden", "alone", "recording"]


class IdleUsage(NamedTuple):
    """A participant who stayed, or a recording that went on, when everybody else had left.

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
        times = {"since": self.since, "until": self.until}
        formatted = {name: None if time is None else format_time(time, name) for name, time in times.items()}
        return {**self._asdict(), **formatted}


class _Guest(NamedTuple):
    """A person in the session, with what a preset says about their kind."""

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
        now: the end of what goes on.
    """
    ended_at = try_parse_time(records.session.get("ended_at"))
    guests = [guest for guest in _guests(records, presets, ended_at) if guest.intervals]
    deserted, remaining = _deserted(guests, ended_at, now)
    if deserted is None:
        return []
    session_id = text_of(records.session, "id")
    found: list[IdleUsage] = []
    for guest in remaining:
        minutes = _minutes_since(guest, deserted, now)
        if minutes * MINUTE >= MIN_DURATION:
            cost = prices.cost(participant_item(guest.participants[-1], presets), minutes)
            names = last_text(guest.participants, "id"), last_text(guest.participants, "display_name")
            since = max(deserted, guest.intervals[0].start)
            found.append(IdleUsage(guest.kind, session_id, *names, since, guest.intervals[-1].end, minutes, cost))
    for recording in records.recordings:
        started, stopped = (try_parse_time(recording.get(name)) for name in ("started_time", "stopped_time"))
        end = stopped or (now if recording.get("status") in RUNNING else None)
        if started is not None and end is not None and end - max(deserted, started) >= MIN_DURATION:
            since = max(deserted, started)
            minutes = (end - since) / MINUTE
            names = text_of(recording, "id"), text_of(recording, "output_file_name")
            cost = prices.cost(recording_item(recording), minutes)
            found.append(IdleUsage("recording", session_id, *names, since, stopped, minutes, cost))
    return found


def _guests(records: SessionRecords, presets: Mapping[str, Record], ended_at: datetime | None) -> Iterator[_Guest]:
    for participants in group_by_person(records.participants):
        intervals = merge_intervals(interval for one in participants for interval in presence(one, ended_at))
        yield _Guest(participants, intervals, _kind(preset_of(participants[-1], presets)))


def _kind(preset: Record) -> Reason:
    permissions = preset.get("permissions")
    if not isinstance(permissions, Mapping):
        return "alone"
    if permissions.get("recorder_type") in ("RECORDER", "LIVESTREAMER") or permissions.get("is_recorder") is True:
        return "recorder"
    return "hidden" if permissions.get("hidden_participant") is True else "alone"


def _deserted(guests: list[_Guest], ended_at: datetime | None, now: datetime) -> tuple[datetime | None, list[_Guest]]:
    """Return since when nobody was there whom others could see, or only one person; and who stayed, as a candidate."""
    visible = sorted((guest for guest in guests if guest.kind == "alone"), key=lambda guest: guest.last(now))
    hidden = [guest for guest in guests if guest.kind != "alone"]
    if not visible:
        return min((guest.intervals[0].start for guest in hidden), default=ended_at), hidden
    if not hidden and len(visible) > 1:
        alone_since, last = visible[-2].last(now), visible[-1]
        stayed = any(interval.start <= alone_since for interval in last.intervals)  # did not come later
        if stayed and _minutes_since(last, alone_since, now) * MINUTE >= MIN_DURATION:
            return alone_since, [last]
    return visible[-1].last(now), hidden


def _minutes_since(guest: _Guest, since: datetime, now: datetime) -> float:
    return sum((max((end or now) - max(start, since), timedelta(0)) / MINUTE for start, end in guest.intervals), 0.0)
