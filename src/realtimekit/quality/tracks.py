"""Tracks: the samples of one direction and kind as columns of numbers, and their course in time.

It reads the decoded JSON itself, not the records: a two-hour call has tens of thousands of samples, and they are
looked at all together. Whatever is missing, null or no number is passed over.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from math import inf, isfinite
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from realtimekit.quality.units import Units, milliseconds, rtt_unit
from realtimekit.values import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Direction: TypeAlias = Literal["sent", "received"]
Media: TypeAlias = Literal["audio", "video", "screenshare_audio", "screenshare_video"]
Column: TypeAlias = list[float | None]
Parts: TypeAlias = "Callable[[Track], tuple[Column, Column]]"  # of each sample, what is summed up, and by what

_MOST = 1e15
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DIRECTIONS: dict[Direction, str] = {"sent": "producer", "received": "consumer"}
MEDIA: tuple[Media, ...] = ("audio", "video", "screenshare_audio", "screenshare_video")


def number(value: Any) -> float | None:
    """A number, of a number or of its text; None of anything else, and of what no measurement can be."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if isfinite(found) and abs(found) < _MOST else None


def dig(block: Any, *names: str) -> Any:
    """What lies below these names; None where there is nothing."""
    for name in names:
        block = block.get(name) if isinstance(block, dict) else None
    return block


class Step(NamedTuple):
    """A step of a measure's course; times in seconds since 1970. The measure is `above / below`, so steps add up."""

    start: float
    end: float
    above: float
    below: float


class Stretch(NamedTuple):
    """A part of the call; times in seconds since 1970."""

    start: float
    end: float
    value: float


class Track:
    """All samples of one direction and kind, of however many streams."""

    def __init__(self, direction: Direction, media: Media, samples: Any, totals: Any, units: Units) -> None:
        rows = samples if isinstance(samples, list) else []
        self.direction: Direction = direction
        self.media: Media = media
        self.rows: list[dict[str, Any]] = [row for row in rows if isinstance(row, dict)]
        self.totals = totals
        self._units = units
        self._columns: dict[str, Column] = {}
        self._courses: dict[tuple[Parts, float], list[Step]] = {}

    @property
    def name(self) -> str:
        """E.g. "audio sent"."""
        return f"{self.media.replace('screenshare_', 'screen share ')} {self.direction}"

    def total(self, *names: str) -> float | None:
        """One of the server's totals."""
        return number(dig(self.totals, *names))

    def column(self, name: str) -> Column:
        """One number of each sample."""
        if name not in self._columns:
            self._columns[name] = self._read(name)
        return self._columns[name]

    def _read(self, name: str) -> Column:
        try:
            quick = list(map(float, map(itemgetter(name), self.rows)))
            if sum(map(abs, quick)) < _MOST:  # so none of them is too much, or no number
                return list[float | None](quick)
        except (KeyError, TypeError, ValueError, OverflowError):
            pass
        return [number(row.get(name)) for row in self.rows]

    def counted(self, name: str) -> Column:
        """What a counter grew by in each sample's interval. Below 0 it began anew: taken as 0, for none can shrink."""
        values = self.column(name)
        there = known(values)
        if not there or min(there) >= 0:
            return values
        return [0.0 if value is not None and value < 0 else value for value in values]

    @cached_property
    def times(self) -> Column:
        """Seconds since 1970."""
        texts = [text if isinstance(text := row.get("timestamp"), str) else "" for row in self.rows]
        known = {text: _seconds(text) for text in set(texts)}  # the streams of one moment share its text
        return [known[text] for text in texts]

    @cached_property
    def streams(self) -> list[Any]:
        """Which stream each sample belongs to."""
        own = "producer_id" if self.direction == "sent" else "consumer_id"
        return [str(row.get(own) or row.get("ssrc") or "") for row in self.rows]

    @cached_property
    def step(self) -> float:
        """Seconds from one sample of a stream to the next, as a rule; 0 where it cannot be told."""
        by_stream: dict[Any, list[float]] = {}
        for stream, time in zip(self.streams, self.times, strict=True):
            if time is not None:
                by_stream.setdefault(stream, []).append(time)
        gaps = [after - before for times in by_stream.values() for before, after in pairwise(sorted(times))]
        there = sorted(gap for gap in gaps if gap > 0)
        return there[len(there) // 2] if there else 0.0  # the median; `statistics` takes 30 ms to load

    # --- the network --------------------------------------------------------------------------------------------------

    @cached_property
    def mos(self) -> Column:
        """Mean opinion scores, as the server has them."""
        return self.column("mos_quality")

    @cached_property
    def packets(self) -> Column:
        """Packets that should have arrived."""
        if self.direction == "sent":
            return self.counted("packets_sent")
        received, lost = self.counted("packets_received"), self.counted("packets_lost")
        return [None if a is None else a + (b or 0) for a, b in zip(received, lost, strict=True)]

    @cached_property
    def lost(self) -> Column:
        """Packets that did not arrive; never more than there were."""
        pairs = zip(self.counted("packets_lost"), self.packets, strict=True)
        return [None if lost is None or all_ is None else min(lost, all_) for lost, all_ in pairs]

    @cached_property
    def loss_percent(self) -> Column:
        """Of the sample's packets."""
        pairs = zip(self.lost, self.packets, strict=True)
        return [100 * lost / all_ if lost is not None and all_ else None for lost, all_ in pairs]

    @cached_property
    def rtt_ms(self) -> Column:
        """Round trips. 0 is none: before the first answer of the other side there is nothing to measure."""
        values = self.column("rtt")
        factor = milliseconds(rtt_unit(self._units.rtt, [v for v in values if v is not None], self.total("rtt", "avg")))
        return [value * factor if value and value > 0 else None for value in values]

    @cached_property
    def jitter_ms(self) -> Column:
        """Jitter."""
        factor = milliseconds(self._units.jitter)
        return [None if value is None or value < 0 else value * factor for value in self.column("jitter")]

    @cached_property
    def jitter_buffer_ms(self) -> Column:
        """How long a unit of media waited to be played."""
        factor = milliseconds(self._units.jitter_buffer_delay)
        pairs = zip(self.counted("jitter_buffer_delay"), self.counted("jitter_buffer_emitted_count"), strict=True)
        return [
            factor * delay / units if delay is not None and units and units >= 1 else None for delay, units in pairs
        ]

    # --- the course in time -------------------------------------------------------------------------------------------

    @cached_property
    def timed(self) -> bool:
        """Whether there is a course in time at all: not for one sample alone, nor for samples without times."""
        return self.step > 0

    def course(self, parts: Parts, factor: float = 1.0) -> list[Step]:
        """A measure in steps over all streams, in order; those where nothing was measured are left out."""
        if (parts, factor) not in self._courses:
            self._courses[parts, factor] = self._steps(*parts(self), factor)
        return self._courses[parts, factor]

    @cached_property
    def _places(self) -> tuple[list[int | None], list[tuple[float, float]]]:
        """For each sample in which step it lies, and for each step its first and last moment, in order."""
        first = min(known(self.times), default=0.0)
        step = self.step or 1.0
        rounded = [None if time is None else round((time - first) / step) for time in self.times]
        order = {place: at for at, place in enumerate(sorted({place for place in rounded if place is not None}))}
        places = [None if place is None else order[place] for place in rounded]
        spans = [(inf, -inf)] * len(order)
        for time, at in {(time, at) for time, at in zip(self.times, places, strict=True)}:
            if time is not None and at is not None:
                spans[at] = min(spans[at][0], time), max(spans[at][1], time)
        # A sample tells of the time before it.
        return places, [(start - self.step, end) for start, end in spans]

    def _steps(self, above: Column, below: Column, factor: float) -> list[Step]:
        places, spans = self._places
        sums, weights = [0.0] * len(spans), [0.0] * len(spans)
        for at, a, b in zip(places, above, below, strict=True):
            if a is not None and b and at is not None:
                sums[at] += a
                weights[at] += b
        return [Step(*span, factor * a, b) for span, a, b in zip(spans, sums, weights, strict=True) if b]

    def spells(
        self, course: list[Step], bad: Callable[[float], bool], *, shortest: float, join: float
    ) -> list[Stretch]:
        """When a course was bad: stretches of at least `shortest` seconds.

        Two that are at most `join` seconds apart are one, where the time between does not make the whole good.
        """
        found: list[Stretch] = []
        sums = between = (0.0, 0.0)  # of the last spell, and of the good time after it
        for start, end, a, b in course:
            if not bad(a / b):
                between = between[0] + a, between[1] + b
                continue
            joined = sums[0] + between[0] + a, sums[1] + between[1] + b
            near = bool(found) and start - found[-1].end <= max(join, self.step)
            one = near and bad(joined[0] / joined[1])
            sums, between = joined if one else (a, b), (0.0, 0.0)
            found.append(Stretch(found.pop().start if one else start, end, sums[0] / sums[1]))
        # Half a second: the moments of measuring are not exact.
        return [spell for spell in found if spell.end - spell.start >= shortest - 0.5]


def tracks_of(quality: Any, units: Units | None = None) -> list[Track]:
    """The eight tracks of a report's `quality`; those of what never happened have no samples and no totals."""
    units = units or Units()
    return [
        Track(direction, media, dig(quality, name), dig(quality, f"{name}_cumulative"), units)
        for direction, role in DIRECTIONS.items()
        for media in MEDIA
        for name in [f"{media}_{role}"]
    ]


def known(values: Iterable[float | None]) -> list[float]:
    """Those that are there."""
    return [value for value in values if value is not None]


def moment(seconds: float) -> datetime:
    """The time, in UTC, of seconds since 1970."""
    return _EPOCH + timedelta(seconds=seconds)


def _seconds(text: str) -> float | None:
    try:
        time = parse_timestamp(text)
    except ValueError:
        return None
    return (time - _EPOCH).total_seconds() if 2000 <= time.year < 2100 else None  # "0001-01-01" is no measurement's
