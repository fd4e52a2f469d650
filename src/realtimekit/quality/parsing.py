"""Lenient parsing of a report's values: whatever is missing, null or malformed becomes None."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from math import isfinite
from typing import Any

from realtimekit.values import EPOCH, parse_timestamp

MAX_NUMBER = 1e15  # no measurement is as large


def parse_number(value: Any) -> float | None:
    """Convert a number, or a string with a number, to a float; None if it is neither, or larger than `MAX_NUMBER`."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) and abs(number) < MAX_NUMBER else None


@lru_cache(maxsize=1024)  # what is measured at the same time has the same timestamp
def parse_time(text: str) -> float | None:
    """Convert a timestamp to seconds since 1970; None if it cannot be parsed."""
    try:
        time = parse_timestamp(text)
    except ValueError:
        return None
    # A timestamp such as "0001-01-01" means that there is none.
    return (time - EPOCH).total_seconds() if 2000 <= time.year < 2100 else None


def to_datetime(seconds: float) -> datetime:
    """Convert seconds since 1970 to a datetime in UTC."""
    return EPOCH + timedelta(seconds=seconds)


def get_in(value: Any, *keys: str) -> Any:
    """Return what is nested below these keys; None if one of them is missing."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def drop_none(values: Iterable[float | None]) -> list[float]:
    """Return the values that are not None."""
    return [value for value in values if value is not None]
