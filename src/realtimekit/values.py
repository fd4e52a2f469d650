"""JSON and query values on the wire, as Python values and back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import Enum
from typing import Any, TypeAlias

TimeLike: TypeAlias = date | datetime | str | float

# The documented filters whose value is a point in time: a text that is no time can never be right there.
_TIME_FILTERS = frozenset({"start_time", "end_time"})


def parse_timestamp(text: str) -> datetime:
    """An aware datetime from any form seen on the wire.

    Seen: "2026-06-03T10:00:00.000Z", "2023-01-25 04:51:35.903816Z" (older webhooks) and, in the official examples,
    one with a stray quote at its end. A time without a zone is UTC, as all of the API's are.

    Raises:
        ValueError: the text is no ISO 8601 time.
    """
    moment = datetime.fromisoformat(text.strip(" \"'"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def parse_date(text: str) -> date:
    """The date at the start of "2023-07-15" or "2023-07-15T00:00:00Z": the analytics reports send both."""
    return date.fromisoformat(text.strip(" \"'")[:10])


def format_time(moment: datetime, name: str) -> str:
    """A datetime as the API takes it: ISO 8601 in UTC with milliseconds, "2026-06-03T10:00:00.000Z".

    Raises:
        ValueError: the datetime has no time zone, so nobody can say which moment it means.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{name}={moment.isoformat()!r} has no time zone; use e.g. datetime.now(timezone.utc)")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_utc_date(value: TimeLike, name: str) -> str:
    """A moment as the day that it is on in UTC, "2026-06-03".

    Raises:
        TypeError, ValueError: as `to_unix_seconds`.
    """
    day = _day_or_time(value, name)
    return (day.astimezone(UTC).date() if isinstance(day, datetime) else day).isoformat()


def to_unix_seconds(value: TimeLike, name: str, *, whole_day: bool = False) -> int:
    """A moment in whole Unix seconds: of a date its first one, or its last one for the end of a time (`whole_day`).

    Args:
        value: a date, an aware datetime, a text in ISO 8601 (UTC, where it has no zone) or Unix seconds.
        name: of the argument, for the errors.
        whole_day: whether a date means the end of its day.

    Raises:
        TypeError: it is none of these.
        ValueError: a datetime without a time zone, a text that is no time, a number that cannot be Unix seconds.
    """
    moment = _day_or_time(value, name)
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time(23, 59, 59) if whole_day else time(), UTC)
    return int(moment.timestamp())


def _day_or_time(value: TimeLike, name: str) -> date | datetime:
    match value:
        case datetime():
            format_time(value, name)  # refuses one without a time zone
            return value
        case date():
            return value
        case str():
            try:
                return date.fromisoformat(value) if len(value) == len("2026-06-03") else parse_timestamp(value)
            except ValueError:
                raise ValueError(f"{name}={value!r} is no ISO 8601 date or time, such as '2026-06-03'") from None
        case bool():
            pass
        case int() | float():
            try:
                return datetime.fromtimestamp(value, UTC)
            except (ValueError, OverflowError, OSError):
                raise ValueError(
                    f"{name}={value!r} cannot be a time in Unix seconds (milliseconds, perhaps?)"
                ) from None
    raise TypeError(f"{name} must be a date, a datetime, a text or a number, not {type(value).__name__}")


def encode_query_value(name: str, value: Any) -> str:  # noqa: PLR0911 - one per type
    """One value of a query string: times in ISO 8601, booleans as true and false, lists joined by commas."""
    match value:
        case Enum():
            return encode_query_value(name, value.value)
        case bool():
            return "true" if value else "false"
        case str():
            if name in _TIME_FILTERS:
                try:
                    parse_timestamp(value)
                except ValueError:
                    raise ValueError(
                        f"{name}={value!r} is no ISO 8601 time; pass a datetime or e.g. '2026-06-03T10:00:00Z'"
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
            raise TypeError(f"{name}= cannot be sent in a query: {type(value).__name__} is none of the types it takes")


def json_default(value: Any) -> str:
    """What `json.dumps` calls for a value it does not know: times become text, anything else is refused."""
    match value:
        case datetime():
            return format_time(value, "a time in the body")
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")
