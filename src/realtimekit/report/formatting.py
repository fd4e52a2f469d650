"""Formats times, durations and numbers for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta


def format_time(time: datetime | None) -> str:
    """Format as "14:03:05"."""
    return "" if time is None else f"{time:%H:%M:%S}"


def format_date(time: datetime | None) -> str:
    """Format as "2 March 2026"."""
    return "" if time is None else f"{time.day} {time:%B %Y}"


def format_duration(duration: timedelta | float | None) -> str:
    """Format a timedelta or seconds as "2 h 5 min", "12 min" or "40 s"."""
    if duration is None:
        return ""
    seconds = round(duration if isinstance(duration, int | float) else duration.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def format_number(value: float | None) -> str:
    """Format a measured number with few digits: "4.2", "0.05", "132"; a dash for None."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.1f}".removesuffix(".0")
