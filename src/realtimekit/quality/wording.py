"""Wording of findings: numbers, durations, times and lists for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta, tzinfo

from realtimekit.quality.time_series import Interval


def format_number(value: float) -> str:
    """Format with two significant digits, but all digits before the decimal point: 128, 12, 5.3, 0.25."""
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def format_duration(seconds: float) -> str:
    """Format a duration: "40 seconds", "6 minutes"."""
    count, unit = (seconds, "second") if seconds < 120 else (seconds / 60, "minute")
    return f"{count:.0f} {unit}s"


def format_intervals(intervals: Sequence[Interval], tz: tzinfo, template: str) -> str:
    """Format intervals in a time zone: "from 14:03 to 14:07 and from 14:20:10 to 14:21:00 UTC"."""
    zone = f"{intervals[-1].end.astimezone(tz):%Z}"
    return f"{join_words([_format_interval(interval, tz, template) for interval in intervals])} {zone}".rstrip()


def _format_interval(interval: Interval, tz: tzinfo, template: str) -> str:
    start, end = interval.start.astimezone(tz), interval.end.astimezone(tz)
    form = "%H:%M" if interval.end - interval.start >= timedelta(seconds=120) else "%H:%M:%S"
    return template.format(f"{start:{form}}", f"{end:{form}}")


def join_words(words: Sequence[str]) -> str:
    """Join words: "audio", "audio and video", "audio, video and screen share video"."""
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
