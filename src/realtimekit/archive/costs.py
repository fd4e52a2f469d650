"""What the sessions of an archive cost."""

from __future__ import annotations

from realtimekit.archive.kept_sessions import read_sessions
from realtimekit.archive.store import Store
from realtimekit.costs.options import CostOptions, check_options
from realtimekit.costs.result import Calculation, Costs

_TABLES = ("participants", "recordings", "livestream_sessions")
_NOTE = "live sessions are not in the archive, and presets are known by the events of the participants alone"


def read_costs(store: Store, options: CostOptions) -> Costs:
    """Return what the sessions of a period cost: see `Archive.costs`."""
    asked = check_options(options)
    calculation = Calculation({}, asked.prices, asked.by, asked.now)
    for records in read_sessions(store, since=asked.since, until=asked.until, tables=_TABLES, meetings=True):
        calculation.add(records)
    return calculation.result(asked.since, asked.until, [_NOTE])
