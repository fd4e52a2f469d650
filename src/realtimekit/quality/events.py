"""Events: findings that have one cause and coincide are details of one finding."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple, TypeAlias

from realtimekit.quality.finding import Finding, worst_first
from realtimekit.quality.time_series import Interval
from realtimekit.quality.tracks import MEDIA, ROLES, media_name
from realtimekit.quality.wording import format_duration, format_intervals, join_words

_Span: TypeAlias = tuple[datetime, datetime]  # a start and an end
MAX_LISTED_INTERVALS = 3  # a text lists up to this many; otherwise it names the worst


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


class _Cluster(NamedTuple):
    """Findings that coincide, and when at least one of them was bad."""

    findings: list[Finding]
    spans: list[_Span]


def group_by_event(findings: list[Finding], max_gap_seconds: float, tz: tzinfo) -> list[Finding]:
    """Return one finding for each event, with its details; a finding that coincides with no other stays as it is.

    Args:
        findings: the findings of one report.
        max_gap_seconds: intervals that are at most this far apart coincide.
        tz: the time zone of the times in the texts.
    """
    gap = timedelta(seconds=max_gap_seconds)
    timed = [_Cluster([finding], _merge(_spans(finding), gap)) for finding in findings if finding.intervals]
    events = [
        (cause, cluster)
        for cause in CAUSES
        for cluster in _join_coinciding([one for one in timed if one.findings[0].kind in cause.kinds], gap)
    ]
    consequences: list[list[Finding]] = [[] for _ in events]
    for one in timed:
        if one.findings[0].kind in CONSEQUENCES:
            shared = [(_shared_time(cluster, one, gap), number) for number, (_, cluster) in enumerate(events)]
            near = [(time, -number) for time, number in shared if time is not None]
            if near:
                consequences[-max(near)[1]] += one.findings
    grouped: list[Finding] = []
    ids: set[int] = set()
    for (cause, cluster), further in zip(events, consequences, strict=True):
        details = cluster.findings + further
        if len(details) > 1:
            grouped.append(_event(cause, worst_first(details), gap, tz))
            ids.update(map(id, details))
    return grouped + [finding for finding in findings if id(finding) not in ids]


def _join_coinciding(clusters: list[_Cluster], gap: timedelta) -> list[_Cluster]:
    """Join the clusters that coincide."""
    joined: list[_Cluster] = []
    for cluster in clusters:
        apart: list[_Cluster] = []
        whole = cluster
        for other in joined:
            if _shared_time(other, cluster, gap) is None:
                apart.append(other)
            else:
                whole = _Cluster(other.findings + whole.findings, _merge(other.spans + whole.spans, gap))
        joined = [*apart, whole]
    return joined


def _shared_time(one: _Cluster, other: _Cluster, gap: timedelta) -> timedelta | None:
    """Return the time in which both were bad; None if they do not coincide."""
    both = _merge(one.spans + other.spans, gap)
    if len(both) == len(one.spans) + len(other.spans):
        return None
    return _total(one.spans) + _total(other.spans) - _total(both)


def _spans(finding: Finding) -> list[_Span]:
    return [(interval.start, interval.end) for interval in finding.intervals]


def _merge(spans: list[_Span], gap: timedelta) -> list[_Span]:
    """Return the spans in their order, with those that are at most `gap` apart as one."""
    merged: list[_Span] = []
    for start, end in sorted(spans):
        if merged and start - merged[-1][1] <= gap:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _total(spans: Iterable[_Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())


def _event(cause: Cause, details: list[Finding], gap: timedelta, tz: tzinfo) -> Finding:
    # The times of a severe event are those of its severe details; longer, milder ones are only details.
    first = details[0]
    worst = [_merge(_spans(detail), gap) for detail in details if detail.severity == first.severity]
    spans = _merge([span for detail in worst for span in detail], gap)
    seconds = _total(spans).total_seconds()
    intervals = [Interval(start, end, _count_within(worst, start, end)) for start, end in spans]
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


def _count_within(details: list[list[_Span]], start: datetime, end: datetime) -> float:
    """Return how many details were bad at some time from start to end."""
    return float(sum(any(start <= time[0] <= end for time in spans) for spans in details))


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
