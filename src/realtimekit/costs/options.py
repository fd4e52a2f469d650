"""The options of `client.analytics.costs()` and `Archive.costs()`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import NamedTuple, TypeAlias, TypedDict

from realtimekit.costs.period import period_of
from realtimekit.costs.prices import Prices, read_prices
from realtimekit.costs.result import CostsBy, validate_by

PricesLike: TypeAlias = Prices | str | os.PathLike[str] | None


class CostOptions(TypedDict, total=False):
    """The period, the groups and the prices."""

    month: str | None
    """Sessions that started in this month, in UTC: "2026-11"; by default the current month."""
    since: datetime | None
    """Instead: sessions that started at this time or later."""
    until: datetime | None
    """Sessions that started before this time; by default now."""
    by: CostsBy
    """What to group by: "meeting" (the default), "preset", "day" or "participant"."""
    prices: PricesLike
    """A file of prices, or what `read_prices` returns; by default the published prices."""
    now: datetime | None
    """The time up to which live sessions are counted; by default this machine's time."""


class ResolvedOptions(NamedTuple):
    """Valid options, with their defaults.

    Attributes:
        since: the beginning of the period.
        until: its end.
        by: what to group by.
        prices: what a minute costs.
        now: the time up to which live sessions are counted.
    """

    since: datetime
    until: datetime
    by: CostsBy
    prices: Prices
    now: datetime


def resolve_options(options: CostOptions) -> ResolvedOptions:
    """Return the options with their defaults.

    Raises:
        ValueError: the month, `by` or the prices are not valid, the period is empty, or a time has no time zone.
        OSError: the file of prices cannot be read.
    """
    now = options.get("now") or datetime.now(UTC)
    since, until = period_of(options.get("month"), options.get("since"), options.get("until"), now)
    by, prices = validate_by(options.get("by", "meeting")), to_prices(options.get("prices"))
    return ResolvedOptions(since, until, by, prices, now)


def to_prices(given: PricesLike) -> Prices:
    """Return prices that are given as such, or as a file; the published ones for None."""
    return given if isinstance(given, Prices) else read_prices(given)
