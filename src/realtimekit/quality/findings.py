"""What went wrong in a call: findings in plain English, each with the numbers behind it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit.quality import metrics
from realtimekit.quality.candidate_paths import indirect_paths
from realtimekit.quality.metrics import RatioMetric, StateMetric
from realtimekit.quality.parsing import drop_none, get_in, to_datetime
from realtimekit.quality.thresholds import LOWER_IS_WORSE, Threshold, Thresholds, validate_thresholds
from realtimekit.quality.time_series import Interval
from realtimekit.quality.tracks import Direction, Media, Track

Severity: TypeAlias = Literal["info", "warning", "severe"]
_WORST_FIRST: tuple[Severity, ...] = ("severe", "warning", "info")


class Finding(NamedTuple):
    """One thing that went wrong.

    Attributes:
        kind: "packet_loss", "low_mos", "high_rtt", "high_jitter", "low_frame_rate", "low_resolution", "frames_dropped",
            "concealment", "frozen_video", "cpu_limited", "bandwidth_limited", "relayed", "over_tcp", "doubtful_mos".
        severity: "info", "warning" or "severe".
        direction: "sent" or "received".
        media: None if it is about the connection.
        start: when it began; None if there are only aggregates.
        end: when it ended; None like `start`.
        intervals: the bad intervals, for metrics that vary over the call.
        numbers: the numbers behind it; `value` is the one in the text, `threshold` the one that it reached.
        text: one line for people.
    """

    kind: str
    severity: Severity
    direction: Direction | None
    media: Media | None
    start: datetime | None
    end: datetime | None
    intervals: tuple[Interval, ...]
    numbers: dict[str, float]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that can be dumped as JSON; times are ISO 8601 strings."""
        intervals = [
            {"start": start.isoformat(), "end": end.isoformat(), "value": value} for start, end, value in self.intervals
        ]
        start, end = (None if time is None else time.isoformat() for time in (self.start, self.end))
        return {**self._asdict(), "start": start, "end": end, "intervals": intervals}


def detect_findings(tracks: Iterable[Track], metadata: Any, thresholds: Thresholds, tz: tzinfo = UTC) -> list[Finding]:
    """Return the findings of a report's tracks and decoded metadata, the worst first.

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
    return sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.severity))


def _ratio_finding(track: Track, metric: RatioMetric, thresholds: Thresholds, tz: tzinfo) -> Finding | None:
    threshold: Threshold = getattr(thresholds, metric.threshold)
    lower_is_worse = metric.threshold in LOWER_IS_WORSE
    numbers = {"threshold": float(threshold.warning)}

    def is_bad(value: float) -> bool:
        value = round(value, 9)  # so that the mean of many 3.6s is 3.6
        return value < threshold.warning if lower_is_worse else value >= threshold.warning

    if track.has_time_series:
        intervals = metric.time_series(track).intervals(
            is_bad, min_seconds=thresholds.min_interval_seconds, max_gap_seconds=thresholds.max_gap_seconds
        )
        if not intervals:
            return None
        worst = (min if lower_is_worse else max)(intervals, key=lambda interval: interval.value)
        seconds = sum((interval.end - interval.start for interval in intervals), timedelta()).total_seconds()
        numbers |= {"value": worst.value, "seconds": seconds, "intervals": float(len(intervals))}
        when = _format_interval(worst, tz)
        text = f"{track.name} {metric.describe(worst.value)} {when}{_format_others(intervals, seconds)}"
        severity = _severity(worst.value, threshold, lower_is_worse=lower_is_worse)
        return _finding(track, metric.kind, severity, tuple(intervals), numbers, text)
    # No time series: a single sample, samples without timestamps, or aggregates alone.
    value = metric.mean(track) if track.rows else track.aggregate(*metric.aggregate)
    if value is None or not is_bad(value):
        return None
    numbers["value"] = value
    text = f"{track.name} {metric.describe(value)} on average"
    severity = _severity(value, threshold, lower_is_worse=lower_is_worse)
    return _finding(track, metric.kind, severity, (), numbers, text)


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
    times = [time for time, flag in zip(track.times, flags, strict=True) if flag and time is not None]
    numbers = {"threshold": float(threshold.warning), "value": percent, "samples": float(len(present))}
    text = metric.describe(track, percent)
    finding = _finding(track, metric.kind, _severity(percent, threshold, lower_is_worse=False), (), numbers, text)
    if not times:
        return finding
    return finding._replace(start=to_datetime(min(times) - track.period), end=to_datetime(max(times)))


def _doubtful_mos_finding(track: Track) -> Finding | None:
    # The one recorded report has a score of 1 in each sample of a muted microphone that lost no packets.
    doubtful = metrics.doubtful_scores(track)
    scores = drop_none(track.mos)
    if not scores or 2 * sum(doubtful) < len(scores):
        return None
    percent = 100 * sum(doubtful) / len(scores)
    text = f"{track.name} has a MOS of 1, the lowest possible, although no packets were lost: the score is ignored"
    return _finding(track, "doubtful_mos", "info", (), {"value": percent, "samples": float(len(scores))}, text)


def _connection_findings(metadata: Any) -> list[Finding]:
    found = []
    for direction, key in (("sent", "producing_transport"), ("received", "consuming_transport")):
        pairs = get_in(metadata, "candidate_pairs", key)
        for relayed, protocol in indirect_paths(pairs if isinstance(pairs, list) else []):
            name = protocol.upper()
            text = f"media {direction} was relayed over {name}" if relayed else f"media {direction} went over {name}"
            kind, severity = "relayed" if relayed else "over_tcp", "info" if protocol == "udp" else "warning"
            found.append(Finding(kind, severity, direction, None, None, None, (), {}, text))  # type: ignore[arg-type]
    return found


# --- helpers ----------------------------------------------------------------------------------------------------------


def _finding(
    track: Track, kind: str, severity: Severity, intervals: tuple[Interval, ...], numbers: dict[str, float], text: str
) -> Finding:
    start, end = (intervals[0].start, intervals[-1].end) if intervals else (None, None)
    return Finding(kind, severity, track.direction, track.media, start, end, intervals, numbers, text)


def _severity(value: float, threshold: Threshold, *, lower_is_worse: bool) -> Severity:
    value = round(value, 9)
    return "severe" if (value < threshold.severe if lower_is_worse else value >= threshold.severe) else "warning"


def _format_interval(interval: Interval, tz: tzinfo) -> str:
    start, end = interval.start.astimezone(tz), interval.end.astimezone(tz)
    form = "%H:%M" if interval.end - interval.start >= timedelta(seconds=120) else "%H:%M:%S"
    return f"between {start:{form}} and {end:{form}} {end:%Z}".rstrip()


def _format_others(intervals: list[Interval], seconds: float) -> str:
    if len(intervals) == 1:
        return ""
    return f", the worst of {len(intervals)} intervals, {metrics.format_duration(seconds)} in total"
