"""Medians and quartiles of all rounds, ratios within each round, and whether goals are met."""

from __future__ import annotations

from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.contenders import FLOORS, OFFICIAL

if TYPE_CHECKING:
    from benchmarks.cases import Metric
    from benchmarks.runner import Rounds


class Figure(NamedTuple):
    """A median and the quartiles around it."""

    middle: float
    low: float
    high: float


class Compared(NamedTuple):
    """The result of one contender in one metric."""

    value: Figure
    to_official: Figure | None  # ratio; None if the official package is not in the case
    to_floor: Figure | None  # ratio to the same transport without any SDK
    met: bool | None  # None if there is no goal
    near_floor: bool | None


def figure(values: list[float]) -> Figure:
    """Return the median and quartiles of one or more values."""
    low, _, high = quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return Figure(median(values), low, high)


def compare(metric: Metric, rounds: Rounds) -> dict[str, Compared]:
    """Compare all contenders that have the metric."""
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
    if not all(sample[metric.name] for sample in rounds[other]):  # a count of failures may be 0
        return None
    pairs = zip(rounds[contender], rounds[other], strict=True)
    return figure([mine[metric.name] / theirs[metric.name] for mine, theirs in pairs])
