"""The metrics of a call over time, downsampled to what a plot can show.

A two-hour call has thousands of samples for each participant. A plot has about a hundred points, each the worst value
of its time, so that everything in the findings can be seen. Metrics and thresholds are those of the findings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from realtimekit.quality.metrics import RATIO_METRICS, RatioMetric
from realtimekit.quality.parsing import drop_none
from realtimekit.quality.thresholds import LOWER_IS_WORSE, Thresholds
from realtimekit.quality.tracks import Direction, Media, Track

PLOT_KINDS = ("low_mos", "packet_loss", "high_rtt", "high_jitter")
MAX_POINTS = 120


class Series(NamedTuple):
    """The line of one direction and kind of media.

    Attributes:
        direction: "sent" or "received".
        media: the kind of media.
        points: seconds since 1970, and the worst value of that time; None interrupts the line where nothing was
            measured.
    """

    direction: Direction
    media: Media
    points: list[tuple[float, float | None]]

    def __repr__(self) -> str:
        return f"<Series {self.media} {self.direction} points={len(self.points)}>"


class Plot(NamedTuple):
    """The plot of one metric.

    Attributes:
        kind: the kind of its findings: "low_mos", "packet_loss", "high_rtt" or "high_jitter".
        threshold: the value from which it is a finding.
        step: seconds from one point to the next, if none is missing.
        series: its lines.
    """

    kind: str
    threshold: float
    step: float
    series: list[Series]

    def __repr__(self) -> str:
        return f"<Plot kind={self.kind!r} series={self.series!r}>"


def build_plots(tracks: Iterable[Track], thresholds: Thresholds, max_points: int = MAX_POINTS) -> list[Plot]:
    """Return the plots of a peer report's tracks; those without a value are left out.

    Args:
        tracks: as `quality.tracks.tracks_of` returns them.
        thresholds: the thresholds of the findings.
        max_points: the maximum number of points of a line.
    """
    tracks = [track for track in tracks if track.rows and drop_none(track.times)]
    if not tracks:
        return []
    first = min(min(drop_none(track.times)) for track in tracks)
    last = max(max(drop_none(track.times)) for track in tracks)
    step = max((last - first) / max_points, *(track.period for track in tracks), 1.0)
    plots = []
    for kind in PLOT_KINDS:
        metrics = [metric for metric in RATIO_METRICS if metric.kind == kind]
        series = [
            Series(track.direction, track.media, points)
            for track in tracks
            for metric in metrics
            if metric.applies_to(track) and (points := _downsample(track, metric, first, step))
        ]
        if series:
            threshold = getattr(thresholds, metrics[0].threshold)
            plots.append(Plot(kind, float(threshold.warning), step, series))
    return plots


def _downsample(track: Track, metric: RatioMetric, first: float, step: float) -> list[tuple[float, float | None]]:
    worse = min if metric.threshold in LOWER_IS_WORSE else max
    worst: dict[int, float] = {}
    for bucket in metric.time_series(track).buckets:
        index = int((bucket.end - first) / step)
        worst[index] = worse(worst.get(index, bucket.value), bucket.value)
    points: list[tuple[float, float | None]] = []
    previous: int | None = None
    for index, value in sorted(worst.items()):
        if previous is not None and index > previous + 2:  # a single empty step may be due to inexact timestamps
            points.append((first + (previous + 1.5) * step, None))
        points.append((first + (index + 0.5) * step, value))
        previous = index
    return points
