"""A metric over time: buckets of one sampling period each, and the intervals in which the metric was bad."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from realtimekit.quality.parsing import to_datetime


class Bucket(NamedTuple):
    """The samples of one sampling period; times in seconds since 1970.

    The metric is `numerator / denominator`, so that buckets can be added up.
    """

    start: float
    end: float
    numerator: float
    denominator: float

    @property
    def value(self) -> float:
        """The metric."""
        return self.numerator / self.denominator


class Interval(NamedTuple):
    """A time in which a metric was bad.

    Attributes:
        start: when it began, in UTC.
        end: when it ended, in UTC.
        value: the metric over the interval.
    """

    start: datetime
    end: datetime
    value: float


class TimeSeries(NamedTuple):
    """A metric over time.

    Attributes:
        buckets: in chronological order; those without a measurement are left out.
        period: seconds from one sample of a stream to the next.
    """

    buckets: list[Bucket]
    period: float

    def __repr__(self) -> str:
        return f"<TimeSeries buckets={len(self.buckets)} period={self.period:g}>"

    def intervals(
        self, is_bad: Callable[[float], bool], *, min_seconds: float, max_gap_seconds: float
    ) -> list[Interval]:
        """Return the intervals of at least `min_seconds` in which the metric was bad.

        Two intervals that are at most `max_gap_seconds` apart are merged, unless the good time between them would make
        the merged interval good.
        """
        merged: list[Bucket] = []
        gap = (0.0, 0.0)  # the sums of the good time since the last interval
        for bucket in self.buckets:
            start, end, numerator, denominator = bucket
            if not is_bad(bucket.value):
                gap = gap[0] + numerator, gap[1] + denominator
                continue
            last, joined = merged[-1] if merged else None, None
            if last and start - last.end <= max(max_gap_seconds, self.period):
                sums = last.numerator + gap[0] + numerator, last.denominator + gap[1] + denominator
                joined = Bucket(last.start, end, *sums)
            if joined and is_bad(joined.value):
                merged[-1] = joined
            else:
                merged.append(bucket)
            gap = (0.0, 0.0)
        # Half a second of tolerance: samples are not taken at exact times.
        return [
            Interval(to_datetime(found.start), to_datetime(found.end), found.value)
            for found in merged
            if found.end - found.start >= min_seconds - 0.5
        ]
