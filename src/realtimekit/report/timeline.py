"""Who was there when, as bars: places along the time of the session, in percent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from realtimekit.report.people import known
from realtimekit.report.thread import remarks_of

if TYPE_CHECKING:
    from realtimekit.report.gathering import Report
    from realtimekit.report.thread import Remark

_STEPS = [timedelta(minutes=minutes) for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)]
_TICKS = 6  # labels that fit on a phone
_FINEST = 0.2  # percent: two remarks so close to each other are drawn as one
_LONGEST = timedelta(days=3660)


class Bar(NamedTuple):
    """From and how far, in percent of the whole."""

    x: float
    width: float


class Row(NamedTuple):
    """Somebody's line.

    Attributes:
        present: how long they were there.
        spoke: how long they spoke; what overlaps counts once. None where that is not known.
        stays: when they were there.
        said: when they spoke.
        wrote: when they wrote.
    """

    present: timedelta
    spoke: timedelta | None
    stays: list[Bar]
    said: list[Bar]
    wrote: list[float]


class Tick(NamedTuple):
    """A moment on the axis."""

    x: float
    label: str


class Timeline(NamedTuple):
    """One row for each of `report.people`, in that order."""

    start: datetime
    end: datetime
    ticks: list[Tick]
    rows: list[Row]


def timeline_of(report: Report) -> Timeline | None:
    """The timeline; None where nobody's times are known."""
    stays = [stay for person in report.people for stay in person.stays]
    if not stays:
        return None
    started, ended = known(report.session, "started_at"), known(report.session, "ended_at")
    moments = [stay.start for stay in stays] + [stay.end for stay in stays if stay.end]
    start = min(moments + ([started] if started else []))
    end = max(moments + ([ended] if ended else [] if all(stay.end for stay in stays) else [report.made]))
    start = max(start, end - _LONGEST)
    whole = max(end - start, timedelta(seconds=1))
    remarks = remarks_of(report)
    timed = any(segment.end for segment in report.segments or [])

    def at(moment: datetime) -> float:
        share: float = (moment - start) / whole
        return round(100 * min(1.0, max(0.0, share)), 2)

    def bar(first: datetime, last: datetime | None) -> Bar:
        x = at(first)
        return Bar(x, round(max(0.3, at(last or end) - x), 2))

    def row(number: int) -> Row:
        own = [remark for remark in remarks if remark.person == number and remark.at]
        said = [bar(one.at, one.until or one.at) for one in own if one.at and not one.written]
        wrote = [at(one.at) for one in own if one.at and one.written]
        there = report.people[number].stays
        present = sum(((stay.end or end) - stay.start for stay in there), timedelta())
        spoke = _spoken(own) if timed else None
        return Row(present, spoke, [bar(*stay) for stay in there], _near_ones_joined(said), wrote)

    ticks = [Tick(at(moment), label) for moment, label in _ticks(start, end)]
    return Timeline(start, end, ticks, [row(number) for number in range(len(report.people))])


def _spoken(remarks: list[Remark]) -> timedelta:
    total, until = timedelta(), None
    for remark in remarks:
        if not remark.written and remark.at and remark.until:
            since = max(remark.at, until) if until else remark.at
            total += max(timedelta(), remark.until - since)
            until = max(until, remark.until) if until else remark.until
    return total


def _near_ones_joined(bars: list[Bar]) -> list[Bar]:
    found: list[Bar] = []
    for bar in sorted(bars):
        if found and bar.x <= found[-1].x + found[-1].width + _FINEST:
            end = max(found[-1].x + found[-1].width, bar.x + bar.width)
            found[-1] = Bar(found[-1].x, round(end - found[-1].x, 2))
        else:
            found.append(bar)
    return found


def _ticks(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Round times between the two."""
    step = next((step for step in _STEPS if (end - start) / step <= _TICKS), (end - start) / _TICKS)
    form = "%H:%M" if step < timedelta(days=1) else "%d %b"
    midnight = start.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = midnight + -((midnight - start) // step) * step
    moments = [first + number * step for number in range(_TICKS + 2)]
    return [(moment, f"{moment.astimezone(UTC):{form}}") for moment in moments if start <= moment <= end]
