"""JSON and query values on the wire, as Python values and back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

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


def wire_time(moment: datetime, name: str) -> str:
    """A datetime as the API takes it: ISO 8601 in UTC with milliseconds, "2026-06-03T10:00:00.000Z".

    Raises:
        ValueError: the datetime has no time zone, so nobody can say which moment it means.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{name}={moment.isoformat()!r} has no time zone; use e.g. datetime.now(timezone.utc)")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def query_value(name: str, value: Any) -> str:  # noqa: PLR0911 - one for each type
    """One value of a query string: times in ISO 8601, booleans as true and false, lists joined by commas."""
    match value:
        case Enum():
            return query_value(name, value.value)
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
            return wire_time(value, name)
        case date():
            return value.isoformat()
        case list() | tuple() | set() | frozenset():
            return ",".join(query_value(name, item) for item in value)
        case _:
            raise TypeError(f"{name}= cannot be sent in a query: {type(value).__name__} is none of the types it takes")


def json_default(value: Any) -> str:
    """What `json.dumps` calls for a value it does not know: times become text, anything else is refused."""
    match value:
        case datetime():
            return wire_time(value, "a time in the body")
        case date():
            return value.isoformat()
        case _:
            raise TypeError(f"a {type(value).__name__} cannot be sent as JSON")
