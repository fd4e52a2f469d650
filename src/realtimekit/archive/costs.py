"""What the sessions of an archive cost."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from realtimekit.archive.kept_sessions import read_sessions
from realtimekit.archive.store import Store
from realtimekit.costs.prices import Prices, read_prices
from realtimekit.costs.result import By, Calculation, Costs, period_of

_TABLES = ("participants", "recordings", "livestream_sessions")
_NOTE = "live sessions are not in the archive, and presets are known by the events of the participants alone"


def read_costs(
    store: Store,
    *,
    month: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    by: By = "meeting",
    prices: Prices | str | os.PathLike[str] | None = None,
    now: datetime | None = None,
) -> Costs:
    """Return what the sessions of a period cost: see `Archive.costs`."""
    at = now or datetime.now(UTC)
    begin, end = period_of(month, since, until, at)
    calculation = Calculation({}, prices if isinstance(prices, Prices) else read_prices(prices), by, at)
    for records in read_sessions(store, since=begin, until=end, tables=_TABLES):
        calculation.add(records)
    return calculation.result(begin, end, [_NOTE])
