"""From rounds to figures: medians, their spread, the ratios within each round, and whether a goal is met."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.contenders import FLOORS, OFFICIAL

if TYPE_CHECKING:
    from benchmarks.cases import Metric
    from benchmarks.running import Rounds


class Figure(NamedTuple):
    """A median, and between what the middle half of the rounds lies."""

    middle: float
    low: float
    high: float


class Compared(NamedTuple):
    """What one contender did in one metric."""

    value: Figure
    to_official: Figure | None  # the ratio; None where the official package is not in the case
    to_floor: Figure | None  # the ratio to the same transport, used alone
    met: bool | None  # None: there is no goal
    near_floor: bool | None


def figure(values: list[float]) -> Figure:
    """Of one or more values."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return Figure(median(values), low, high)


def compare(metric: Metric, rounds: Rounds) -> dict[str, Compared]:
    """Of all contenders that have the metric."""
    found = {}
    for contender, samples in rounds.items():
        if metric.name not in samples[0]:
            continue
        value = figure([sample[metric.name] * metric.scale for sample in samples])
        official = None if contender == OFFICIAL else _ratio(metric, rounds, contender, OFFICIAL)
        floor = _ratio(metric, rounds, contender, FLOORS.get(contender, ""))
        goal, met = metric.goals.get(contender), None
        if goal is not None and (judged := official if goal.ratio else value) is not None:
            met = judged.middle >= goal.limit if goal.least else judged.middle <= goal.limit
        near = None if floor is None or metric.above_floor is None else floor.middle <= metric.above_floor
        found[contender] = Compared(value, official, floor, met, near)
    return found


def _ratio(metric: Metric, rounds: Rounds, contender: str, other: str) -> Figure | None:
    if other not in rounds or metric.name not in rounds[other][0]:
        return None
    if not all(sample[metric.name] for sample in rounds[other]):  # nothing to be compared with: it counts failures
        return None
    pairs = zip(rounds[contender], rounds[other], strict=True)
    return figure([mine[metric.name] / theirs[metric.name] for mine, theirs in pairs])
