"""What can be given to options: functions, as click's own class of types is generic in its newer versions alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from typing import Any

import click

from realtimekit.values import parse_timestamp

MADE_BY_THE_SERVER = frozenset({"id", "created_at", "updated_at"})  # what `show --json` has and a body has not


def a_count(value: str) -> int:
    """How many to show."""
    if not value.isascii() or not value.isdigit() or not int(value):
        raise click.BadParameter(f"{value!r} is no whole number above 0; --all shows all there are")
    return int(value)


def a_range(value: str) -> str:
    """From how many to how many, as the API has it."""
    low, colon, high = value.partition(":")
    if not (colon and low.isascii() and low.isdigit() and high.isascii() and high.isdigit()):
        raise click.BadParameter(f"{value!r} is not FROM:TO, such as 2:10")
    if int(low) > int(high):
        raise click.BadParameter(f"{value!r} holds nothing: {low} is more than {high}")
    return value


def a_start(value: str) -> datetime:
    """A date, from its beginning, or a time; UTC where it has no zone, as every time printed here is."""
    try:
        return parse_timestamp(value)
    except ValueError:
        text = f"{value!r} is no date or time in ISO 8601, such as 2026-06-03 or 2026-06-03T10:00Z"
        raise click.BadParameter(text) from None


def an_end(value: str) -> datetime:
    """As `a_start`, but a date to its end."""
    moment = a_start(value)
    return datetime.combine(moment, time.max, UTC) if len(value.strip()) <= len("2026-06-03") else moment


def seconds(value: str) -> float:
    """A time to wait."""
    try:
        number = float(value)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise click.BadParameter(f"{value!r} is no number of seconds above 0")
    return number


def json_fields(value: str) -> dict[str, Any]:
    """The fields of a body, in a file of JSON; `-` is stdin. What `show --json` printed will do."""
    try:
        with click.open_file(value, "rb") as file:
            found = json.loads(file.read())
    except OSError as error:
        raise click.BadParameter(f"{value}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise click.BadParameter(f"{value} holds no JSON: {error}") from None
    if not isinstance(found, dict):
        raise click.BadParameter(f"{value} holds no JSON object")
    return {name: field for name, field in found.items() if name not in MADE_BY_THE_SERVER}
