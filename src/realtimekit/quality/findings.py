"""Finds out what went wrong in a call: findings in plain English, each with the numbers behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, timedelta, tzinfo
from typing import Any

from realtimekit.quality import metrics
from realtimekit.quality.candidate_paths import CandidatePath, indirect_paths
from realtimekit.quality.events import group_by_event
from realtimekit.quality.finding import Finding, Severity, worst_first
from realtimekit.quality.metrics import RatioMetric, StateMetric
from realtimekit.quality.parsing import drop_none, get_in, to_datetime
from realtimekit.quality.thresholds import LOWER_IS_WORSE, Threshold, Thresholds, validate_thresholds
from realtimekit.quality.time_series import Interval
from realtimekit.quality.tracks import Direction, Track
from realtimekit.quality.wording import format_duration, format_intervals


def detect_findings(tracks: Iterable[Track], metadata: Any, thresholds: Thresholds, tz: tzinfo = UTC) -> list[Finding]:
    """Return the findings of a report's tracks and decoded metadata, grouped by event, the worst first.

    Args:
        tracks: as `tracks_of` returns them.
        metadata: the report's decoded `metadata`.
        thresholds: from where on something is a finding.
        tz: the time zone of the times in the texts.

    Raises:
        TypeError, ValueError: a threshold is not valid.
    """
    validate_thresholds(thresholds)
    found: list[Finding | None] = []
    for track in tracks:
        if track.rows or track.aggregates:
            found += [
                _ratio_finding(track, metric, thresholds, tz)
                for metric in metrics.RATIO_METRICS
                if metric.applies_to(track)
            ]
            found += [
                _state_finding(track, metric, thresholds)
                for metric in metrics.STATE_METRICS
                if metric.applies_to(track)
            ]
            found.append(_doubtful_mos_finding(track))
    findings = [finding for finding in found if finding] + _connection_findings(metadata)
    return worst_first(group_by_event(findings, thresholds.max_gap_seconds, tz))


def _ratio_finding(track: Track, metric: RatioMetric, thresholds: Thresholds, tz: tzinfo) -> Finding | None:
    threshold: Threshold = getattr(thresholds, metric.threshold)
    lower_is_worse = metric.threshold in LOWER_IS_WORSE
    numbers = {"threshold": float(threshold.warning)}

    is_bad = _is_worse_than(threshold.warning, lower_is_worse=lower_is_worse)
    if track.has_time_series:
        intervals = metric.time_series(track).intervals(
            is_bad, min_seconds=thresholds.min_interval_seconds, max_gap_seconds=thresholds.max_gap_seconds
        )
        if not intervals:
            return None
        worst = (min if lower_is_worse else max)(intervals, key=lambda interval: interval.value)
        seconds = sum((interval.end - interval.start for interval in intervals), timedelta()).total_seconds()
        numbers |= {"value": worst.value, "seconds": seconds, "intervals": float(len(intervals))}
        when = format_intervals([worst], tz, "between {} and {}")
        text = f"{track.name} {metric.describe(worst.value)} {when}{_format_others(intervals, seconds)}"
        severity = _severity(worst.value, threshold, lower_is_worse=lower_is_worse)
        return _finding(track, metric, severity, intervals, numbers, text)
    # No time series: a single sample, samples without timestamps, or aggregates alone.
    value = metric.mean(track) if track.rows else track.aggregate(*metric.aggregate)
    if value is None or not is_bad(value):
        return None
    numbers["value"] = value
    text = f"{track.name} {metric.describe(value)} on average"
    severity = _severity(value, threshold, lower_is_worse=lower_is_worse)
    return _finding(track, metric, severity, [], numbers, text)


def _state_finding(track: Track, metric: StateMetric, thresholds: Thresholds) -> Finding | None:
    threshold: Threshold = getattr(thresholds, metric.threshold)
    flags = metric.flags(track)
    present = [flag for flag in flags if flag is not None]
    fraction = (
        track.aggregate(*metric.aggregate) if not track.rows else sum(present) / len(present) if present else None
    )
    if fraction is None or not fraction or 100 * fraction < threshold.warning:
        return None
    percent = 100 * fraction
    numbers = {"threshold": float(threshold.warning), "value": percent, "samples": float(len(present))}
    text, severity = metric.describe(track, percent), _severity(percent, threshold, lower_is_worse=False)
    if track.has_time_series:
        series = metric.time_series(track)
        intervals = series.intervals(lambda value: value > 0, min_seconds=0, max_gap_seconds=thresholds.max_gap_seconds)
        return _finding(track, metric, severity, intervals, numbers, text)
    finding = _finding(track, metric, severity, [], numbers, text)
    times = [time for time, flag in zip(track.times, flags, strict=True) if flag and time is not None]
    return finding._replace(start=to_datetime(min(times)), end=to_datetime(max(times))) if times else finding


def _doubtful_mos_finding(track: Track) -> Finding | None:
    # The one recorded report has a score of 1 in each sample of a muted microphone that lost no packets.
    doubtful = metrics.doubtful_scores(track)
    scores = drop_none(track.mos)
    if not scores or 2 * sum(doubtful) < len(scores):
        return None
    percent = 100 * sum(doubtful) / len(scores)
    text = f"{track.name} has a MOS of 1, the lowest possible, although no packets were lost: the score is ignored"
    numbers = {"value": percent, "samples": float(len(scores))}
    return Finding("doubtful_mos", "info", track.direction, track.media, None, None, (), numbers, text, "%")


def _connection_findings(metadata: Any) -> list[Finding]:
    found: dict[CandidatePath, list[Direction]] = {}
    keys: dict[Direction, str] = {"sent": "producing_transport", "received": "consuming_transport"}
    for direction, key in keys.items():
        pairs = get_in(metadata, "candidate_pairs", key)
        for path in indirect_paths(pairs if isinstance(pairs, list) else []):
            found.setdefault(path, []).append(direction)
    return [_connection_finding(path, directions) for path, directions in found.items()]


def _connection_finding(path: CandidatePath, directions: list[Direction]) -> Finding:
    kind, verb = ("relayed", "was relayed") if path.relayed else ("over_tcp", "went")
    severity: Severity = "info" if path.protocol == "udp" else "warning"
    text = f"media {' and '.join(directions)} {verb} over {path.protocol.upper()}"
    direction = directions[0] if len(directions) == 1 else None
    return Finding(kind, severity, direction, None, None, None, (), {}, text)


# --- helpers ----------------------------------------------------------------------------------------------------------


def _finding(
    track: Track,
    metric: RatioMetric | StateMetric,
    severity: Severity,
    intervals: list[Interval],
    numbers: dict[str, float],
    text: str,
) -> Finding:
    start, end = (intervals[0].start, intervals[-1].end) if intervals else (None, None)
    return Finding(
        metric.kind, severity, track.direction, track.media, start, end, tuple(intervals), numbers, text, metric.unit
    )


def _severity(value: float, threshold: Threshold, *, lower_is_worse: bool) -> Severity:
    return "severe" if _is_worse_than(threshold.severe, lower_is_worse=lower_is_worse)(value) else "warning"


def _is_worse_than(threshold: float, *, lower_is_worse: bool) -> Callable[[float], bool]:
    bound = threshold - 1e-9  # so that the mean of many 3.6s is 3.6
    return bound.__gt__ if lower_is_worse else bound.__le__  # in C: called for every bucket


def _format_others(intervals: list[Interval], seconds: float) -> str:
    if len(intervals) == 1:
        return ""
    return f", the worst of {len(intervals)} intervals, {format_duration(seconds)} in total"
