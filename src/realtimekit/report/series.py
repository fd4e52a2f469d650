"""The course of a call, thinned out to what a plot can show.

A call of two hours has thousands of samples for each participant. A plot has about a hundred points, each the worst of
its time, so that what the findings tell of can be seen in it. Measures and limits are those of the findings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from realtimekit.quality.checks import COURSES
from realtimekit.quality.thresholds import LOW_IS_BAD
from realtimekit.quality.tracks import known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from realtimekit.quality.checks import Course
    from realtimekit.quality.thresholds import Thresholds
    from realtimekit.quality.tracks import Direction, Media, Track

KINDS = ("low_mos", "packet_loss", "high_rtt", "high_jitter")
POINTS = 120


class Series(NamedTuple):
    """One direction and kind of media.

    Attributes:
        points: seconds since 1970, and the worst value of that time; None breaks the line, where nothing was measured.
    """

    direction: Direction
    media: Media
    points: list[tuple[float, float | None]]


class Plot(NamedTuple):
    """One measure.

    Attributes:
        kind: of the findings that it can show: "low_mos", "packet_loss", "high_rtt" or "high_jitter".
        limit: from where on it is a problem.
        step: seconds from one point to the next, if nothing is missing.
    """

    kind: str
    limit: float
    step: float
    series: list[Series]


def plots_of(tracks: Iterable[Track], thresholds: Thresholds, points: int = POINTS) -> list[Plot]:
    """The plots of a peer report's tracks; those without a value are left out.

    Args:
        tracks: of `quality.tracks.tracks_of`.
        thresholds: the findings' limits.
        points: how many a line has at most.
    """
    tracks = [track for track in tracks if track.rows and known(track.times)]
    if not tracks:
        return []
    first = min(min(known(track.times)) for track in tracks)
    last = max(max(known(track.times)) for track in tracks)
    step = max((last - first) / points, *(track.step for track in tracks), 1.0)
    plots = []
    for kind in KINDS:
        of_kind = [check for check in COURSES if check.kind == kind]
        limit = of_kind[0].limit
        found = [
            Series(track.direction, track.media, line)
            for track in tracks
            for check in of_kind
            if check.of(track) and (line := _line(track, check, first, step))
        ]
        if found:
            plots.append(Plot(kind, float(getattr(thresholds, limit).warning), step, found))
    return plots


def _line(track: Track, check: Course, first: float, step: float) -> list[tuple[float, float | None]]:
    worse = min if check.limit in LOW_IS_BAD else max
    worst: dict[int, float] = {}
    for _start, end, above, below in check.course(track):
        at, value = int((end - first) / step), above / below
        worst[at] = worse(worst.get(at, value), value)
    line: list[tuple[float, float | None]] = []
    before: int | None = None
    for at, value in sorted(worst.items()):
        if before is not None and at > before + 2:  # one that is empty may be the clock's doing
            line.append((first + (before + 1.5) * step, None))
        line.append((first + (at + 0.5) * step, value))
        before = at
    return line
