"""Costs: what sessions cost, from their participants' minutes, recordings, livestreams and transcripts.

`client.analytics.costs()`, `session.costs()` and `Archive.costs()` return `Costs`; `read_prices` reads a file of
prices.
"""

from realtimekit.costs.idle_usage import IdleUsage
from realtimekit.costs.options import CostOptions
from realtimekit.costs.prices import Price, Prices, read_prices
from realtimekit.costs.result import CostGroup, CostLine, Costs, Difference

__all__ = [
    "CostGroup",
    "CostLine",
    "CostOptions",
    "Costs",
    "Difference",
    "IdleUsage",
    "Price",
    "Prices",
    "read_prices",
]
