"""Tracks: the samples of one direction and kind of media as columns of numbers, and metrics over time.

Tracks read the decoded JSON itself, not the records, because a two-hour call has tens of thousands of samples. Values
that are missing, null or not numbers are skipped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from itertools import pairwise
from math import inf
from operator import itemgetter
from typing import Any, Literal, TypeAlias

from realtimekit.kwargs import validate_type
from realtimekit.quality.parsing import MAX_NUMBER, drop_none, get_in, parse_number, parse_time
from realtimekit.quality.time_series import Bucket, TimeSeries
from realtimekit.quality.units import Units, detect_rtt_unit, milliseconds_per

Direction: TypeAlias = Literal["sent", "received"]
Media: TypeAlias = Literal["audio", "video", "screenshare_audio", "screenshare_video"]
Column: TypeAlias = list[float | None]
Ratio: TypeAlias = "Callable[[Track], tuple[Column, Column]]"  # the numerators and denominators of all samples

ROLES: dict[Direction, str] = {"sent": "producer", "received": "consumer"}
MEDIA: tuple[Media, ...] = ("audio", "video", "screenshare_audio", "screenshare_video")


def media_name(media: Media) -> str:
    """Return the name of a kind of media for people, e.g. "screen share video"."""
    return media.replace("screenshare_", "screen share ")


class Track:
    """All samples of one direction and kind of media, of any number of streams."""

    def __init__(self, direction: Direction, media: Media, samples: Any, aggregates: Any, units: Units) -> None:
        rows = samples if isinstance(samples, list) else []
        self.direction: Direction = direction
        self.media: Media = media
        self.rows: list[dict[str, Any]] = [row for row in rows if isinstance(row, dict)]
        self.aggregates = aggregates
        self._units = units
        self._columns: dict[str, Column] = {}
        self._time_series: dict[tuple[Ratio, float], TimeSeries] = {}

    def __repr__(self) -> str:
        return f"<Track {self.name} samples={len(self.rows)}>"

    @property
    def name(self) -> str:
        """The name for people, e.g. "audio sent"."""
        return f"{media_name(self.media)} {self.direction}"

    def aggregate(self, *keys: str) -> float | None:
        """Return one of the server's aggregates."""
        return parse_number(get_in(self.aggregates, *keys))

    def column(self, name: str) -> Column:
        """Return one field of each sample as numbers."""
        if name not in self._columns:
            self._columns[name] = self._read_column(name)
        return self._columns[name]

    def _read_column(self, name: str) -> Column:
        try:  # at C speed, where every value is a number
            numbers = list(map(float, map(itemgetter(name), self.rows)))
            if sum(map(abs, numbers)) < MAX_NUMBER:  # so no number is too large, infinite or NaN
                return list[float | None](numbers)
        except (KeyError, TypeError, ValueError, OverflowError):
            pass
        return [parse_number(row.get(name)) for row in self.rows]

    def counter(self, name: str) -> Column:
        """Return the increments of a counter. A negative one means that the counter was reset, and counts as 0."""
        values = self.column(name)
        present = drop_none(values)
        if not present or min(present) >= 0:
            return values
        return [0.0 if value is not None and value < 0 else value for value in values]

    @cached_property
    def times(self) -> Column:
        """When each sample was taken, in seconds since 1970."""
        texts = [text if isinstance(text := row.get("timestamp"), str) else "" for row in self.rows]
        parsed = {text: parse_time(text) for text in set(texts)}  # streams that are measured together share a timestamp
        return [parsed[text] for text in texts]

    @cached_property
    def streams(self) -> list[Any]:
        """The id of the stream of each sample."""
        key = "producer_id" if self.direction == "sent" else "consumer_id"
        return [str(row.get(key) or row.get("ssrc") or "") for row in self.rows]

    @cached_property
    def period(self) -> float:
        """The sampling period: the median seconds from one sample of a stream to the next; 0 if it is not known."""
        by_stream: dict[Any, list[float]] = {}
        for stream, time in zip(self.streams, self.times, strict=True):
            if time is not None:
                by_stream.setdefault(stream, []).append(time)
        gaps = [after - before for times in by_stream.values() for before, after in pairwise(sorted(times))]
        positive = sorted(gap for gap in gaps if gap > 0)
        return positive[len(positive) // 2] if positive else 0.0  # not `statistics.median`: it takes 30 ms to load

    # --- network metrics ----------------------------------------------------------------------------------------------

    @cached_property
    def mos(self) -> Column:
        """Mean opinion scores, as the server reports them."""
        return self.column("mos_quality")

    @cached_property
    def packets(self) -> Column:
        """The packets sent, or the packets that should have been received."""
        if self.direction == "sent":
            return self.counter("packets_sent")
        columns = zip(self.counter("packets_received"), self.counter("packets_lost"), strict=True)
        return [None if received is None else received + (lost or 0) for received, lost in columns]

    @cached_property
    def packets_lost(self) -> Column:
        """The packets that did not arrive, at most `packets`."""
        columns = zip(self.counter("packets_lost"), self.packets, strict=True)
        return [None if lost is None or packets is None else min(lost, packets) for lost, packets in columns]

    @cached_property
    def packet_loss_percent(self) -> Column:
        """Packet loss in percent."""
        columns = zip(self.packets_lost, self.packets, strict=True)
        return [100 * lost / packets if lost is not None and packets else None for lost, packets in columns]

    @cached_property
    def rtt_ms(self) -> Column:
        """Round-trip times in milliseconds. 0 counts as not measured: it is sent until the other side has responded."""
        values = self.column("rtt")
        unit = detect_rtt_unit(self._units.rtt, drop_none(values), self.aggregate("rtt", "avg"))
        factor = milliseconds_per(unit)
        return [value * factor if value and value > 0 else None for value in values]

    @cached_property
    def jitter_ms(self) -> Column:
        """Jitter in milliseconds."""
        factor = milliseconds_per(self._units.jitter)
        return [None if value is None or value < 0 else value * factor for value in self.column("jitter")]

    @cached_property
    def jitter_buffer_ms(self) -> Column:
        """The mean time that a unit of media spent in the jitter buffer, in milliseconds."""
        factor = milliseconds_per(self._units.jitter_buffer_delay)
        columns = zip(self.counter("jitter_buffer_delay"), self.counter("jitter_buffer_emitted_count"), strict=True)
        return [
            factor * delay / emitted if delay is not None and emitted and emitted >= 1 else None
            for delay, emitted in columns
        ]

    # --- metrics over time --------------------------------------------------------------------------------------------

    @cached_property
    def has_time_series(self) -> bool:
        """Whether there are metrics over time: not for a single sample, nor for samples without timestamps."""
        return self.period > 0

    def time_series(self, ratio: Ratio, factor: float = 1.0) -> TimeSeries:
        """Return a metric over time, with all streams added up.

        Args:
            ratio: returns the numerators and denominators of the metric.
            factor: what to multiply the quotient by.
        """
        if (ratio, factor) not in self._time_series:
            self._time_series[ratio, factor] = TimeSeries(self._buckets(*ratio(self), factor), self.period)
        return self._time_series[ratio, factor]

    @cached_property
    def _bucket_bounds(self) -> tuple[list[int | None], list[tuple[float, float]]]:
        """The index of each sample's bucket, and the start and end of each bucket, in chronological order."""
        first = min(drop_none(self.times), default=0.0)
        period = self.period or 1.0
        numbers = [None if time is None else round((time - first) / period) for time in self.times]
        order = {number: index for index, number in enumerate(sorted({n for n in numbers if n is not None}))}
        indexes = [None if number is None else order[number] for number in numbers]
        bounds = [(inf, -inf)] * len(order)
        for time, index in {(time, index) for time, index in zip(self.times, indexes, strict=True)}:
            if time is not None and index is not None:
                bounds[index] = min(bounds[index][0], time), max(bounds[index][1], time)
        # A sample measures the period before its timestamp.
        return indexes, [(start - self.period, end) for start, end in bounds]

    def _buckets(self, numerators: Column, denominators: Column, factor: float) -> list[Bucket]:
        indexes, bounds = self._bucket_bounds
        numerator_sums, denominator_sums = [0.0] * len(bounds), [0.0] * len(bounds)
        for index, numerator, denominator in zip(indexes, numerators, denominators, strict=True):
            if numerator is not None and denominator and index is not None:
                numerator_sums[index] += numerator
                denominator_sums[index] += denominator
        return [
            Bucket(start, end, factor * numerator, denominator)
            for (start, end), numerator, denominator in zip(bounds, numerator_sums, denominator_sums, strict=True)
            if denominator
        ]


def tracks_of(quality: Any, units: Units | None = None) -> list[Track]:
    """Return the eight tracks of a report's decoded `quality`; unused ones have no samples and no aggregates."""
    if units is None:
        units = Units()
    validate_type("units", units, Units, "a Units(...)")
    return [
        Track(direction, media, get_in(quality, name), get_in(quality, f"{name}_cumulative"), units)
        for direction, role in ROLES.items()
        for media in MEDIA
        for name in [f"{media}_{role}"]
    ]
