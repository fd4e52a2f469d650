"""Attendance: who attended, and for how long, across devices, rejoins and sessions."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit import dataframes
from realtimekit.values import format_time, format_times, try_parse_time

Record: TypeAlias = Mapping[str, Any]  # a record as the API sends it
AttendanceBy: TypeAlias = Literal["person", "session"]

_MINUTE, _ZERO = timedelta(minutes=1), timedelta(0)
_EARLIEST, _LATEST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


class AttendanceInterval(NamedTuple):
    """From joining to leaving.

    Attributes:
        start: when somebody joined.
        end: when they left; None if they are still present.
    """

    start: datetime
    end: datetime | None


class Visit(NamedTuple):
    """One person in one session.

    Attributes:
        session_id: the session.
        title: of its meeting.
        intervals: the times of presence, in chronological order, without overlaps: those of two devices are merged.
        joins: how often the person joined, with any device.
        minutes: the length of the intervals; of one that is not over, up to now.
    """

    session_id: str | None
    title: str | None
    intervals: list[AttendanceInterval]
    joins: int
    minutes: float

    @property
    def joined_at(self) -> datetime | None:
        """When the person first joined; None if the platform does not say."""
        return self.intervals[0].start if self.intervals else None

    @property
    def left_at(self) -> datetime | None:
        """When the person last left; None if they are still present, or the platform does not say."""
        return self.intervals[-1].end if self.intervals else None


class Person(NamedTuple):
    """A person who attended, perhaps several times and with several devices.

    Attributes:
        name: the last display name; None if there was none.
        custom_participant_id: your own id of the person.
        user_ids: the ids of the person as a participant of meetings.
        preset_name: the last preset.
        visits: the sessions that the person attended, the earliest first.
    """

    name: str | None
    custom_participant_id: str | None
    user_ids: list[str]
    preset_name: str | None
    visits: list[Visit]

    @property
    def minutes(self) -> float:
        """The minutes that the person attended, in all sessions."""
        return sum(visit.minutes for visit in self.visits)

    @property
    def joins(self) -> int:
        """How often the person joined."""
        return sum(visit.joins for visit in self.visits)

    @property
    def joined_at(self) -> datetime | None:
        """When the person first joined."""
        return min((visit.joined_at for visit in self.visits if visit.joined_at), default=None)

    @property
    def left_at(self) -> datetime | None:
        """When the person last left; None if they are still present, or the platform does not say."""
        ends = [visit.left_at for visit in self.visits if visit.intervals]
        return None if not ends or None in ends else max(end for end in ends if end)


class Attendance(NamedTuple):
    """Who attended, and for how long.

    Attributes:
        sessions: how many sessions were counted, including those without participants.
        people: who attended, in the order of their first joining.
        at: the time up to which people who are still present are counted.
    """

    sessions: int
    people: list[Person]
    at: datetime

    def __repr__(self) -> str:
        return f"<Attendance sessions={self.sessions} people={len(self.people)}>"

    def _repr_html_(self) -> str:
        """Return the people as a table, for notebooks."""
        from realtimekit.notebook import html_table

        return html_table(repr(self), list(COLUMNS["person"]), [list(row.values()) for row in self.rows()])

    def rows(self, by: AttendanceBy = "person") -> list[dict[str, Any]]:
        """Return a dict for each person, or for each person and session.

        Args:
            by: "person" or "session".

        Raises:
            ValueError: `by` is neither.
        """
        if by not in COLUMNS:
            raise ValueError(f"by={by!r}: use 'person' or 'session'")
        if by == "person":
            return [_person_row(person) for person in self.people]
        return [_visit_row(person, visit) for person in self.people for visit in person.visits]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON: for each person, their visits, and for each of these the times of presence."""
        people = [
            {
                **format_times(_person_row(person)),
                "user_ids": person.user_ids,
                "visits": [*map(_visit_dict, person.visits)],
            }
            for person in self.people
        ]
        return {"sessions": self.sessions, "at": format_time(self.at, "at"), "people": people}

    def to_pandas(self, by: AttendanceBy = "session") -> Any:
        """Return a pandas.DataFrame with a row for each person and session, or for each person; times are in UTC.

        Raises:
            ImportError: pandas is not installed.
            ValueError: `by` is neither "session" nor "person".
        """
        return dataframes.to_pandas(self._columns(by), COLUMNS[by])

    def to_polars(self, by: AttendanceBy = "session") -> Any:
        """As `to_pandas`, but a polars.DataFrame.

        Raises:
            ImportError: polars is not installed.
            ValueError: `by` is neither "session" nor "person".
        """
        return dataframes.to_polars(self._columns(by), COLUMNS[by])

    def _columns(self, by: AttendanceBy) -> dict[str, list[Any]]:
        rows = self.rows(by)
        return {name: [row[name] for row in rows] for name in COLUMNS[by]}


COLUMNS: dict[str, dict[str, dataframes.Kind]] = {
    "person": {
        "name": "string",
        "custom_participant_id": "string",
        "preset_name": "string",
        "sessions": "integer",
        "joins": "integer",
        "minutes": "number",
        "joined_at": "time",
        "left_at": "time",
    },
    "session": {
        "name": "string",
        "custom_participant_id": "string",
        "preset_name": "string",
        "session_id": "string",
        "title": "string",
        "joins": "integer",
        "minutes": "number",
        "joined_at": "time",
        "left_at": "time",
    },
}


def _person_row(person: Person) -> dict[str, Any]:
    values = {name: getattr(person, name, None) for name in COLUMNS["person"]}
    return {**values, "sessions": len(person.visits)}


def _visit_row(person: Person, visit: Visit) -> dict[str, Any]:
    return {name: getattr(visit if hasattr(visit, name) else person, name) for name in COLUMNS["session"]}


def _visit_dict(visit: Visit) -> dict[str, Any]:
    intervals = [format_times(interval._asdict()) for interval in visit.intervals]
    return {**format_times(visit._asdict()), "intervals": intervals}


# --- measuring --------------------------------------------------------------------------------------------------------


def measure_attendance(sessions: Iterable[tuple[Record, Sequence[Record]]], now: datetime) -> Attendance:
    """Return who was in sessions, and how long.

    Args:
        sessions: each with its participants, read with their `peer_events`, if these are to count.
        now: until when those count who are still present.
    """
    count = 0
    stays: list[Stay] = []
    for session, participants in sessions:
        count += 1
        ended_at = try_parse_time(session.get("ended_at"))
        session_id, title = text_of(session, "id"), text_of(session, "meeting_display_name")
        stays += [
            Stay({name: one.get(name) for name in _NEEDED}, session_id or count, title, presence(one, ended_at))
            for one in participants
        ]
    return measure_stays(count, stays, now)


def measure_stays(sessions: int, stays: Sequence[Stay], now: datetime) -> Attendance:
    """Return who was in sessions, and how long.

    Args:
        sessions: how many there are.
        stays: of their participants.
        now: until when those count who are still present.
    """
    people = [_person(group, now) for group in group_by_person(stays, itemgetter(0))]
    people.sort(key=lambda person: (person.joined_at is None, person.joined_at or now))
    return Attendance(sessions, people, now)


_NEEDED = ("user_id", "custom_participant_id", "display_name", "preset_name", "joined_at", "created_at")


class Stay(NamedTuple):
    """What is kept of a participant of a session: a year of them fits into memory, their events would not.

    Attributes:
        participant: the fields that are needed.
        session: its id, or the number of one that has none.
        title: of its meeting.
        intervals: when the participant was present.
    """

    participant: Record
    session: str | int
    title: str | None
    intervals: list[AttendanceInterval]


def _person(stays: list[Stay], now: datetime) -> Person:
    by_session: dict[str | int, list[Stay]] = {}
    for stay in stays:
        by_session.setdefault(stay.session, []).append(stay)
    visits = [_visit(group, now) for group in by_session.values()]
    visits.sort(key=lambda visit: visit.intervals[0].start if visit.intervals else _LATEST)
    records = sorted((stay.participant for stay in stays), key=_joined)
    user_ids = dict.fromkeys(user_id for record in records if (user_id := text_of(record, "user_id")))
    return Person(
        last_text(records, "display_name"),
        last_text(records, "custom_participant_id"),
        list(user_ids),
        last_text(records, "preset_name"),
        visits,
    )


def _visit(stays: list[Stay], now: datetime) -> Visit:
    intervals = stays[0].intervals if len(stays) == 1 else [each for stay in stays for each in stay.intervals]
    joins = len(intervals)
    if joins > 1:
        intervals = merge_intervals(intervals)
    minutes = 0.0
    for start, end in intervals:
        minutes += max((end or now) - start, _ZERO) / _MINUTE
    session_id = stays[0].session
    return Visit(session_id if isinstance(session_id, str) else None, stays[0].title, intervals, joins, minutes)


def _joined(participant: Record) -> datetime:
    return try_parse_time(participant.get("joined_at") or participant.get("created_at")) or _EARLIEST


def group_by_person(items: Iterable[Any], participant_of: Any = lambda item: item) -> list[list[Any]]:
    """Return the participants that are one person together, in the order of their first appearance.

    One person has one `custom_participant_id`; where it is missing, one `user_id`. Who has neither stays apart.

    Args:
        items: participants, or what belongs to one.
        participant_of: returns the participant of an item, as a mapping.
    """
    listed = [(item, participant_of(item)) for item in items]
    custom_ids: dict[str, str] = {}  # by user id: some sessions may name only the latter
    for _, participant in listed:
        user, custom = text_of(participant, "user_id"), text_of(participant, "custom_participant_id")
        if user and custom:
            custom_ids.setdefault(user, custom)
    groups: dict[Hashable, list[Any]] = {}
    for number, (item, participant) in enumerate(listed):
        key = person_key(participant, custom_ids)
        groups.setdefault(("nobody", number) if key is None else key, []).append(item)
    return list(groups.values())


def person_key(participant: Record, custom_ids: Mapping[str, str] | None = None) -> tuple[str, str] | None:
    """Return what identifies the person behind a participant; None if nothing does.

    Args:
        participant: a record with `custom_participant_id` and `user_id`.
        custom_ids: the known custom ids by user id.
    """
    user = text_of(participant, "user_id")
    custom = text_of(participant, "custom_participant_id") or (custom_ids or {}).get(user or "")
    return ("custom", custom) if custom else ("user", user) if user else None


def last_text(records: Sequence[Record], name: str) -> str | None:
    """Return the last text that a field has in several records; None if there is none."""
    return next((value for record in reversed(records) if (value := text_of(record, name))), None)


def text_of(record: Record, name: str) -> str | None:
    """Return a field that holds text; None if it is empty, or anything else."""
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def presence(participant: Record, ended_at: datetime | None) -> list[AttendanceInterval]:
    """Return when a participant was present.

    The participant's events may show several intervals; without events, the participant's own times count.

    Args:
        participant: as the API sends it.
        ended_at: when the session ended: who did not leave before, left then. None if it is live.
    """
    attendance: list[AttendanceInterval] = []
    joined: datetime | None = None
    for time, changes in _changes(participant):
        # Who leaves and joins again at the same time was there before, and is afterwards.
        for is_joining in sorted(changes, reverse=joined is None):
            if is_joining:
                joined = joined or time
            elif joined:
                attendance.append(AttendanceInterval(joined, time))
                joined = None
    if not attendance and not joined:
        joined = try_parse_time(participant.get("joined_at")) or try_parse_time(participant.get("created_at"))
    if joined:
        left = try_parse_time(participant.get("left_at"))
        if left is None or (attendance and left <= joined):  # of the time before
            left = ended_at
        attendance.append(AttendanceInterval(joined, None if left is None else max(joined, left)))
    return attendance


def _changes(participant: Record) -> list[tuple[datetime, list[bool]]]:
    """Return when a participant joined (True) or left (False), in the order of time."""
    events = participant.get("peer_events")
    found: dict[datetime, list[bool]] = {}
    for event in events if isinstance(events, list) else ():
        name = event.get("event_name") if isinstance(event, Mapping) else None
        if name in ("PEER_JOINING", "PEER_LEAVING") and (time := try_parse_time(event.get("created_at"))):
            found.setdefault(time, []).append(name == "PEER_JOINING")
    return sorted(found.items())


def merge_intervals(intervals: Iterable[AttendanceInterval]) -> list[AttendanceInterval]:
    """Sort intervals, and merge those that overlap, such as those of two devices."""
    merged: list[AttendanceInterval] = []
    for interval in sorted(intervals, key=itemgetter(0)):
        last = merged[-1] if merged else None
        if last and (last.end is None or interval.start <= last.end):
            end = None if last.end is None or interval.end is None else max(last.end, interval.end)
            merged[-1] = AttendanceInterval(last.start, end)
        else:
            merged.append(interval)
    return merged
