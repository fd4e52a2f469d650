"""Parameter types. They are functions, because click's `ParamType` is generic only in newer versions."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlsplit

import click

from realtimekit.cli.enums import suggest
from realtimekit.paths import encode_segment
from realtimekit.values import parse_timestamp

SERVER_FIELDS = frozenset({"id", "created_at", "updated_at"})  # `show --json` prints them; a request body has none

# Times relative to now: 7d is 7 days ago.
_AGO = re.compile(r"(\d{1,6}) ?([mhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DAYS = {"today": 0, "yesterday": 1}  # days ago, in UTC like all dates


def resource_id(value: str) -> str:
    """An id. The SDK would refuse an invalid one as well, but as a programming error."""
    try:
        encode_segment("id", value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a valid id") from None
    return value


def positive_int(value: str) -> int:
    """How many of something."""
    if not value.isascii() or not value.isdigit() or not int(value):
        raise click.BadParameter(f"{value!r} is not a whole number above 0")
    return int(value)


def record_limit(value: str) -> int:
    """How many records to show."""
    try:
        return positive_int(value)
    except click.BadParameter as error:
        raise click.BadParameter(f"{error.message}; use --all to show every record") from None


def count_range(value: str) -> str:
    """A range of counts, FROM:TO, as the API takes it."""
    low, colon, high = value.partition(":")
    if not (colon and low.isascii() and low.isdigit() and high.isascii() and high.isdigit()):
        raise click.BadParameter(f"{value!r} is not FROM:TO, such as 2:10")
    if int(low) > int(high):
        raise click.BadParameter(f"{value!r} is an empty range: {low} is more than {high}")
    return value


def start_time(value: str) -> datetime:
    """A time, or the beginning of a date; in UTC unless it has an offset, as all times are printed in UTC."""
    parsed, _ = _parse_time(value)
    return parsed


def end_time(value: str) -> datetime:
    """A time, or the end of a date; in UTC unless it has an offset."""
    parsed, is_date = _parse_time(value)
    return datetime.combine(parsed, time.max, UTC) if is_date else parsed


def _parse_time(value: str) -> tuple[datetime, bool]:
    """Return a time, and whether it was given as a date: then it is the start of that day."""
    text, now = value.strip().lower(), datetime.now(UTC)
    try:
        if ago := _AGO.fullmatch(text):
            return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])}), False
        if text in _DAYS:
            return datetime.combine(now - timedelta(_DAYS[text]), time.min, UTC), True
        return parse_timestamp(value), len(text) <= len("2026-06-03")
    except (ValueError, OverflowError):
        form = "a date or time in ISO 8601, such as 2026-06-03 or 2026-06-03T10:00Z, or 7d (7 days ago), 12h, yesterday"
        raise click.BadParameter(f"{value!r} is not {form}{suggest(text, _DAYS)}") from None


def positive_seconds(value: str) -> float:
    """A duration in seconds, above 0."""
    number = _finite(value)
    if number is None or number <= 0:
        raise click.BadParameter(f"{value!r} is not a number of seconds above 0")
    return number


def clock_seconds(value: str) -> float:
    """A duration in seconds by which a clock can be advanced; 0 is allowed."""
    number = _finite(value)
    if number is None or number < 0:
        raise click.BadParameter(f"{value!r} is not a number of seconds, 0 or more: the clock cannot go back")
    return number


def _finite(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def prices_file(value: str) -> Any:
    """A file of prices, as `realtimekit.costs.Prices`."""
    from realtimekit.costs import read_prices

    try:
        return read_prices(value)
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror}") from None
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def month(value: str) -> str:
    """A month, in UTC."""
    from realtimekit.costs.period import period_of

    try:
        period_of(value, None, None, datetime.now(UTC))
    except ValueError:
        raise click.BadParameter(f"{value!r} is not a month such as 2026-11") from None
    return value


def duration(value: str) -> timedelta:
    """Parse a duration such as "90s", "15m", "2h" or "7d"."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd])", value.strip().lower())
    if found is None or not int(found[1]):
        raise click.BadParameter(f"{value!r} is not a duration such as 15m, 2h or 7d")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def http_url(value: str) -> str:
    """An http or https URL with a host."""
    try:
        parts = urlsplit(value)
        valid = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        valid = False
    if not valid or not value.isprintable() or " " in value:
        raise click.BadParameter(f"{value!r} is not an http:// or https:// URL")
    return value


def json_value(value: str) -> Any:
    """Any JSON, as the argument itself."""
    try:
        return json.loads(value, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise click.BadParameter(f"{value!r} is not JSON, such as '{{\"raised\": true}}' or '\"text\"'") from None


def _no_number(name: str) -> float:
    raise ValueError(name)  # NaN and Infinity, which Python reads and JSON does not have


def json_object(value: str) -> dict[str, Any]:
    """The fields of a request body, read from a JSON file; `-` is stdin. The output of `show --json` works."""
    try:
        with click.open_file(value, "rb") as file:
            document = json.loads(file.read())
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{value} does not contain valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise click.BadParameter(f"{value} does not contain a JSON object")
    return {name: field for name, field in document.items() if name not in SERVER_FIELDS}
