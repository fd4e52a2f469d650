"""What to calculate the costs of, and how: the keywords of `client.analytics.costs()` and `Archive.costs()`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias, TypedDict

from realtimekit.costs.period import period_of
from realtimekit.costs.prices import Prices, read_prices
from realtimekit.costs.result import By, validate_by

PricesLike: TypeAlias = Prices | str | os.PathLike[str] | None


class CostOptions(TypedDict, total=False):
    """The period, the groups and the prices."""

    month: str | None
    """The sessions that started in this month, in UTC: "2026-11". The current one unless given."""
    since: datetime | None
    """Instead: the sessions that started from then on."""
    until: datetime | None
    """And those that started before then: now unless given."""
    by: By
    """What the groups are: "meeting" unless given, "preset", "day" or "participant"."""
    prices: PricesLike
    """A file of prices, or what `read_prices` returns. The published prices unless given."""
    now: datetime | None
    """The end of what goes on: this machine's time unless given."""


class Question(NamedTuple):
    """Options that were checked.

    Attributes:
        since: the beginning of the period.
        until: its end.
        by: what to group by.
        prices: what a minute costs.
        now: the end of what goes on.
    """

    since: datetime
    until: datetime
    by: By
    prices: Prices
    now: datetime


def check_options(options: CostOptions) -> Question:
    """Return the options with their defaults.

    Raises:
        ValueError: the month, `by` or the prices are not valid, the period is empty, or a time has no time zone.
        OSError: the file of prices cannot be read.
    """
    now = options.get("now") or datetime.now(UTC)
    since, until = period_of(options.get("month"), options.get("since"), options.get("until"), now)
    by, prices = validate_by(options.get("by", "meeting")), to_prices(options.get("prices"))
    return Question(since, until, by, prices, now)


def to_prices(given: PricesLike) -> Prices:
    """Return prices that are given as such, or as a file; the published ones for None."""
    return given if isinstance(given, Prices) else read_prices(given)
