"""The timeline: when everybody was present, spoke and wrote, as bars in percent of the session's duration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from realtimekit.report.conversation import list_entries
from realtimekit.report.fields import get_field

if TYPE_CHECKING:
    from realtimekit.report.conversation import Entry
    from realtimekit.report.data import ReportData

_TICK_STEPS = [
    timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
]
_MAX_TICKS = 6  # as many labels as fit on a phone
_MIN_GAP = 0.2  # percent: bars that are closer to each other are merged
_MAX_DURATION = timedelta(days=3660)


class Bar(NamedTuple):
    """The start and the width of a bar, in percent."""

    x: float
    width: float


class Row(NamedTuple):
    """The row of one attendee.

    Attributes:
        presence: how long they were present.
        speaking_time: how long they spoke, without counting overlaps twice; None if that is not known.
        attendance: bars for when they were present.
        speech: bars for when they spoke.
        messages: positions for when they wrote, in percent.
    """

    presence: timedelta
    speaking_time: timedelta | None
    attendance: list[Bar]
    speech: list[Bar]
    messages: list[float]


class Tick(NamedTuple):
    """A label of the time axis, with its position in percent."""

    x: float
    label: str


class Timeline(NamedTuple):
    """One row for each of `report.attendees`, in the same order."""

    start: datetime
    end: datetime
    ticks: list[Tick]
    rows: list[Row]


def build_timeline(data: ReportData) -> Timeline | None:
    """Return the timeline; None if it is not known when anybody was present."""
    intervals = [interval for attendee in data.attendees for interval in attendee.attendance]
    if not intervals:
        return None
    start, end = _bounds(data)
    duration = max(end - start, timedelta(seconds=1))
    entries = list_entries(data)
    has_ends = any(segment.end for segment in data.segments or [])

    def position(time: datetime) -> float:
        fraction: float = (time - start) / duration
        return round(100 * min(1.0, max(0.0, fraction)), 2)

    def bar(first: datetime, last: datetime | None) -> Bar:
        x = position(first)
        return Bar(x, round(max(0.3, position(last or end) - x), 2))

    def row(index: int) -> Row:
        own = [entry for entry in entries if entry.attendee == index and entry.start]
        speech = [bar(entry.start, entry.end or entry.start) for entry in own if entry.start and not entry.is_chat]
        messages = [position(entry.start) for entry in own if entry.start and entry.is_chat]
        attendance = data.attendees[index].attendance
        presence = sum(((interval.end or end) - interval.start for interval in attendance), timedelta())
        speaking_time = _speaking_time(own) if has_ends else None
        return Row(presence, speaking_time, [bar(*interval) for interval in attendance], _merge(speech), messages)

    ticks = [Tick(position(time), label) for time, label in _ticks(start, end)]
    return Timeline(start, end, ticks, [row(index) for index in range(len(data.attendees))])


def _bounds(data: ReportData) -> tuple[datetime, datetime]:
    """The start and end of the timeline."""
    intervals = [interval for attendee in data.attendees for interval in attendee.attendance]
    started_at, ended_at = get_field(data.session, "started_at"), get_field(data.session, "ended_at")
    times = [interval.start for interval in intervals] + [interval.end for interval in intervals if interval.end]
    all_left = all(interval.end for interval in intervals)
    start = min(times + ([started_at] if started_at else []))
    end = max(times + ([ended_at] if ended_at else [] if all_left else [data.created_at]))
    return max(start, end - _MAX_DURATION), end


def _speaking_time(entries: list[Entry]) -> timedelta:
    total, covered_until = timedelta(), None
    for entry in entries:
        if not entry.is_chat and entry.start and entry.end:
            start = max(entry.start, covered_until) if covered_until else entry.start
            total += max(timedelta(), entry.end - start)
            covered_until = max(covered_until, entry.end) if covered_until else entry.end
    return total


def _merge(bars: list[Bar]) -> list[Bar]:
    """Merge bars that are too close to each other to be told apart."""
    merged: list[Bar] = []
    for bar in sorted(bars):
        if merged and bar.x <= merged[-1].x + merged[-1].width + _MIN_GAP:
            end = max(merged[-1].x + merged[-1].width, bar.x + bar.width)
            merged[-1] = Bar(merged[-1].x, round(end - merged[-1].x, 2))
        else:
            merged.append(bar)
    return merged


def _ticks(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Round times between the start and the end, with their labels."""
    step = next((step for step in _TICK_STEPS if (end - start) / step <= _MAX_TICKS), (end - start) / _MAX_TICKS)
    form = "%H:%M" if step < timedelta(days=1) else "%d %b"
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + -((midnight - start) // step) * step
    times = [first + number * step for number in range(_MAX_TICKS + 2)]
    return [(time, f"{time.astimezone(UTC):{form}}") for time in times if start <= time <= end]
