"""Time codes: how long after the start of a session something was said, as "01:02:03"."""

from __future__ import annotations

import re
from datetime import timedelta

_TIME_CODE = re.compile(r"(?:(?:(\d{1,4}):)?(\d{1,2}):)?(\d{1,6}(?:\.\d{1,6})?)")


def format_time_code(time: timedelta) -> str:
    """Return a time as "HH:MM:SS"."""
    seconds = int(time.total_seconds())
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def parse_time_code(name: str, text: str) -> timedelta:
    """Parse "HH:MM:SS", "MM:SS" or seconds, with or without a fraction.

    Raises:
        ValueError: it is neither.
    """
    found = _TIME_CODE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f'{name}={text[:50]!r} is not a time code such as "00:12:30" or "12:30"')
    hours, minutes, seconds = found.groups()
    return timedelta(hours=int(hours or 0), minutes=int(minutes or 0), seconds=float(seconds))


def milliseconds(time: timedelta) -> int:
    """Return a time in milliseconds."""
    return round(time.total_seconds() * 1000)
