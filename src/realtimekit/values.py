"""Conversion between Python values and the values of JSON bodies and query strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from typing import Any, TypeAlias, cast

TimeLike: TypeAlias = date | datetime | str | float

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # the start of Unix time

# The documented filters whose value is a time: any other string is certainly a mistake there.
TIME_RANGE = ("start_time", "end_time")


def parse_timestamp(text: str) -> datetime:
    """Parse any form of timestamp that the API sends into an aware datetime.

    Seen so far: "2026-06-03T10:00:00.000Z", "2023-01-25 04:51:35.903816Z" (older webhooks) and, in the official
    examples, one with a stray quote at its end. A time without a zone is UTC, as all times of the API are.

    Raises:
        ValueError: the string is not an ISO 8601 time.
    """
    text = text.strip(" \"'")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = _parse_other_form(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def try_parse_time(value: Any) -> datetime | None:
    """Return an aware datetime from a datetime or a timestamp of the API; None for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    try:
        return parse_timestamp(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


_END_OF_DAY = re.compile(r"(.+[Tt ])24(:?00(?::?00(?:[.,]0+)?)?)(?![\d:.,])(.*)")
_LEAP_SECOND = re.compile(r"(.+[Tt ]\d\d:?\d\d:?)60(?!\d)(.*)")


def _parse_other_form(text: str) -> datetime:
    """Parse what ISO 8601 or RFC 3339 allow and Python rejects: 24:00:00, the leap second 23:59:60, a lowercase "z"."""
    if text.endswith("z"):
        return parse_timestamp(text[:-1] + "Z")
    try:
        if match := _END_OF_DAY.fullmatch(text):
            return datetime.fromisoformat(f"{match[1]}00{match[2]}{match[3]}") + timedelta(days=1)
        if match := _LEAP_SECOND.fullmatch(text):
            time = datetime.fromisoformat(f"{match[1]}59{match[2]}")
            in_utc = time.astimezone(UTC) if time.tzinfo else time
            if (in_utc.hour, in_utc.minute) == (23, 59):
                return time + timedelta(seconds=1)
    except OverflowError:
        pass  # at the end of the year 9999
    raise ValueError(f"{text!r} is not an ISO 8601 time")


def parse_date(text: str) -> date:
    """Parse the date at the start of "2023-07-15" or "2023-07-15T00:00:00Z": the analytics reports send both."""
    return date.fromisoformat(text.strip(" \"'")[:10])


def format_time(value: datetime, name: str) -> str:
    """Format a datetime as the API expects it: ISO 8601 in UTC with milliseconds, "2026-06-03T10:00:00.000Z".

    Raises:
        TypeError: it is not a datetime.
        ValueError: the datetime has no time zone, or is not in the years 1 to 9999 in UTC.
    """
    if not isinstance(cast("object", value), datetime):  # from callers that do not check types
        raise TypeError(f"{name} must be a datetime with a time zone, not {type(value).__name__}")
    if value.tzinfo is None:
        raise ValueError(f"{name}={value.isoformat()!r} has no time zone; use e.g. datetime.now(timezone.utc)")
    return _to_utc(value, name).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def validate_time_range(
    start: datetime | None,
    end: datetime | None,
    names: tuple[str, str] = ("since", "until"),
    *,
    inclusive: bool = False,
) -> None:
    """Check the two ends of a time range; None is no limit.

    Args:
        start: its start.
        end: its end.
        names: of the two arguments, for error messages.
        inclusive: whether the end is part of the range, so that both may be the same.

    Raises:
        TypeError: one of them is not a datetime.
        ValueError: one of them has no time zone, or the range is empty.
    """
    for name, time_ in zip(names, (start, end), strict=True):
        if time_ is not None:
            format_time(time_, name)
    if start is None or end is None or start < end or (inclusive and start == end):
        return
    relation = "later than" if inclusive else "not before"
    raise ValueError(f"{names[0]}={start.isoformat()} is {relation} {names[1]}={end.isoformat()}: the range is empty")


def format_times(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same values, with each datetime as `format_time` formats it."""
    return {name: format_time(value, name) if isinstance(value, datetime) else value for name, value in values.items()}


def _to_utc(value: datetime, name: str) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name}={value.isoformat()!r} is not in the years 1 to 9999 in UTC") from None


def to_utc_date(value: TimeLike, name: str) -> str:
    """Convert a time to its date in UTC, "2026-06-03".

    Raises:
        TypeError, ValueError: as `to_unix_seconds`.
    """
    parsed = _parse_time_like(value, name)
    return (_to_utc(parsed, name).date() if isinstance(parsed, datetime) else parsed).isoformat()


def to_unix_seconds(value: TimeLike, name: str, *, end_of_day: bool = False) -> int:
    """Convert a time to whole Unix seconds.

    Args:
        value: a date, an aware datetime, a string in ISO 8601 (in UTC if it has no zone) or Unix seconds.
        name: the name of the argument, for error messages.
        end_of_day: whether a date means its last second instead of its first.

    Raises:
        TypeError: the value has none of these types.
        ValueError: the datetime has no time zone, the string is not a time, or the number cannot be Unix seconds.
    """
    parsed = _parse_time_like(value, name)
    if not isinstance(parsed, datetime):
        parsed = datetime.combine(parsed, time(23, 59, 59) if end_of_day else time(), UTC)
    return int(parsed.timestamp())


def _parse_time_like(value: TimeLike, name: str) -> date | datetime:
    match value:
        case datetime():
            format_time(value, name)  # raises if there is no time zone
            return value
        case date():
            return value
        case str():
            try:
                return date.fromisoformat(value) if len(value) == len("2026-06-03") else parse_timestamp(value)
            except ValueError:
                raise ValueError(f"{name}={value!r} is not an ISO 8601 date or time, such as '2026-06-03'") from None
        case bool():
            pass
        case int() | float():
            try:
                return datetime.fromtimestamp(value, UTC)
            except (ValueError, OverflowError, OSError):
                raise ValueError(
                    f"{name}={value!r} cannot be a time in Unix seconds (milliseconds, perhaps?)"
                ) from None
    raise TypeError(f"{name} must be a date, a datetime, a string or a number, not {type(value).__name__}")


def encode_query_value(name: str, value: Any) -> str:  # noqa: PLR0911 - one per type
    """Encode one value of a query string: times in ISO 8601, booleans as true and false, lists joined by commas."""
    match value:
        case Enum():
            return encode_query_value(name, value.value)
        case bool():
            return "true" if value else "false"
        case str():
            if name in TIME_RANGE:
                try:
                    parse_timestamp(value)
                except ValueError:
                    raise ValueError(
                        f"{name}={value!r} is not an ISO 8601 time; pass a datetime or e.g. '2026-06-03T10:00:00Z'"
                    ) from None
            return value
        case int() | float():
            return str(value)
        case datetime():
            return format_time(value, name)
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return ",".join(encode_query_value(name, item) for item in value)
        case _:
            raise TypeError(f"{name}= cannot be sent in a query string: its type is {type(value).__name__}")


def json_default(value: Any) -> str:
    """Serialize times for `json.dumps`; any other type that it does not know raises a TypeError."""
    match value:
        case datetime():
            return format_time(value, "a time in the body")
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")
