"""Events: findings that have one cause and coincide are details of one finding."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from realtimekit.quality.finding import Finding, worst_first
from realtimekit.quality.time_series import Interval
from realtimekit.quality.tracks import MEDIA, ROLES, media_name
from realtimekit.quality.wording import format_duration, format_intervals, join_words

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo

MAX_LISTED_INTERVALS = 3  # a text lists so many; of more, it names the worst


class Cause(NamedTuple):
    """What may have caused findings of several kinds.

    Attributes:
        kind: the kind of the finding about an event.
        text: how its text begins.
        kinds: the kinds of its details.
    """

    kind: str
    text: str
    kinds: frozenset[str]


CAUSES = (
    Cause(
        "bad_network",
        "the network was bad",
        frozenset({"packet_loss", "low_mos", "high_rtt", "high_jitter", "concealment", "bandwidth_limited"}),
    ),
    Cause("overloaded_device", "the device was overloaded", frozenset({"cpu_limited"})),
)
# These may follow from either cause: they are details of the event with which they share the most time.
CONSEQUENCES = frozenset({"low_frame_rate", "low_resolution", "frames_dropped", "frozen_video"})


def group_by_event(findings: list[Finding], max_gap_seconds: float, tz: tzinfo) -> list[Finding]:
    """Return the findings with the details of each event in one finding; what coincides with nothing stays as it is.

    Args:
        findings: the findings of one report.
        max_gap_seconds: intervals that are at most this far apart coincide.
        tz: the time zone of the times in the texts.
    """
    gap = timedelta(seconds=max_gap_seconds)
    timed = [finding for finding in findings if finding.intervals]
    events = [
        (cause, details)
        for cause in CAUSES
        for details in _clusters([finding for finding in timed if finding.kind in cause.kinds], gap)
    ]
    consequences: list[list[Finding]] = [[] for _ in events]
    for finding in timed:
        if finding.kind in CONSEQUENCES:
            shared = [_shared_time(details, [finding], gap) for _, details in events]
            near = [number for number, time in enumerate(shared) if time is not None]
            if near:
                consequences[max(near, key=lambda number: shared[number] or timedelta())].append(finding)
    grouped: list[Finding] = []
    ids: set[int] = set()
    for (cause, details), further in zip(events, consequences, strict=True):
        if len(details) + len(further) > 1:
            grouped.append(_event(cause, worst_first([*details, *further]), gap, tz))
            ids |= {id(detail) for detail in (*details, *further)}
    return [*grouped, *(finding for finding in findings if id(finding) not in ids)]


def _clusters(findings: list[Finding], gap: timedelta) -> list[list[Finding]]:
    """Return lists of findings that coincide, directly or through others in the list."""
    clusters: list[list[Finding]] = []
    for finding in findings:
        near = [cluster for cluster in clusters if _shared_time(cluster, [finding], gap) is not None]
        clusters = [cluster for cluster in clusters if not any(cluster is other for other in near)]
        clusters.append([*(one for cluster in near for one in cluster), finding])
    return clusters


def _shared_time(some: list[Finding], others: list[Finding], gap: timedelta) -> timedelta | None:
    """Return the time in which both were bad; None if they do not coincide."""
    one, other, both = (_merge(findings, gap) for findings in (some, others, [*some, *others]))
    if len(both) == len(one) + len(other):
        return None
    return _total(one) + _total(other) - _total(both)


def _merge(findings: Iterable[Finding], gap: timedelta) -> list[Interval]:
    """Return when at least one of the findings was bad, with the number of findings as the value."""
    merged: list[tuple[datetime, datetime, set[int]]] = []
    for start, end, number in sorted(
        (interval.start, interval.end, number)
        for number, finding in enumerate(findings)
        for interval in finding.intervals
    ):
        if merged and start - merged[-1][1] <= gap:
            first, last, numbers = merged[-1]
            merged[-1] = first, max(last, end), numbers | {number}
        else:
            merged.append((start, end, {number}))
    return [Interval(start, end, float(len(numbers))) for start, end, numbers in merged]


def _total(intervals: Iterable[Interval]) -> timedelta:
    return sum((interval.end - interval.start for interval in intervals), timedelta())


def _event(cause: Cause, details: list[Finding], gap: timedelta, tz: tzinfo) -> Finding:
    # A severe event was when something was severely bad; what was a little worse than usual for longer is a detail.
    first = details[0]
    intervals = _merge([detail for detail in details if detail.severity == first.severity], gap)
    seconds = _total(intervals).total_seconds()
    return Finding(
        cause.kind,
        first.severity,
        first.direction if all(detail.direction == first.direction for detail in details) else None,
        first.media if all(detail.media == first.media for detail in details) else None,
        intervals[0].start,
        intervals[-1].end,
        tuple(intervals),
        {"seconds": seconds, "intervals": float(len(intervals))},
        f"{cause.text} {_format_times(intervals, seconds, tz)}: {_format_tracks(details)}",
        details=tuple(details),
    )


def _format_times(intervals: list[Interval], seconds: float, tz: tzinfo) -> str:
    """E.g. "from 14:03 to 14:07 UTC"."""
    if len(intervals) <= MAX_LISTED_INTERVALS:
        return format_intervals(intervals, tz, "from {} to {}")
    worst = max(intervals, key=lambda interval: (interval.value, interval.end - interval.start))
    times = f"{len(intervals)} times, {format_duration(seconds)} in total"
    return f"{times}, the worst {format_intervals([worst], tz, 'from {} to {}')}"


def _format_tracks(details: list[Finding]) -> str:
    """E.g. "audio and video, sent and received", or "audio sent and received, video sent"."""
    found = {(detail.media, detail.direction) for detail in details}
    directions = {
        media_name(media): [direction for direction in ROLES if (media, direction) in found] for media in MEDIA
    }
    directions = {name: words for name, words in directions.items() if words}
    both = next(iter(directions.values()))
    if all(words == both for words in directions.values()):
        comma = "," if len(directions) > 1 and len(both) > 1 else ""
        return f"{join_words(list(directions))}{comma} {join_words(both)}"
    return ", ".join(f"{name} {join_words(words)}" for name, words in directions.items())
