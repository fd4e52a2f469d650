"""The tables of results in Markdown: printed, and written into README.md between two markers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks import cases
from benchmarks.ratios import compare

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.cases import Goal, Metric
    from benchmarks.ratios import Compared, Figure
    from benchmarks.runner import Rounds


def table(name: str, rounds: Rounds) -> str:
    """Return the table of a case: a column for each contender, and up to three rows for each metric."""
    case = cases.load(name)
    count = len(next(iter(rounds.values())))
    lines = [f"### {case.title[0].upper()}{case.title[1:]}", ""]
    lines += [_row(f"{count} rounds", list(rounds)), _row("---", ["---:"] * len(rounds))]
    for metric in case.metrics:
        found = compare(metric, rounds)
        lines.append(_row(metric.unit, [_value(metric, contender, found.get(contender)) for contender in rounds]))
        if metric.compared and any(compared.to_official for compared in found.values()):
            cells = [_to_official(metric, contender, found.get(contender)) for contender in rounds]
            lines.append(_row("… to cloudflare's", cells))
        if metric.above_floor is not None:
            cells = [_to_floor(metric, found.get(contender)) for contender in rounds]
            lines.append(_row("… to the transport alone", cells))
    return "\n".join(lines) + "\n"


def _row(head: str, cells: list[str]) -> str:
    return f"| {' | '.join([head, *cells])} |"


def _value(metric: Metric, contender: str, compared: Compared | None) -> str:
    if compared is None:
        return ""
    text = _figure(compared.value, metric.digits)
    goal = metric.goals.get(contender)
    return text + _verdict(goal if goal and not goal.ratio else None, compared.met, f".{metric.digits}f")


def _to_official(metric: Metric, contender: str, compared: Compared | None) -> str:
    if compared is None or compared.to_official is None:
        return ""
    goal = metric.goals.get(contender)
    return _figure(compared.to_official, 2) + _verdict(goal if goal and goal.ratio else None, compared.met, ".2f")


def _to_floor(metric: Metric, compared: Compared | None) -> str:
    if compared is None or compared.to_floor is None:
        return ""
    met = "met" if compared.near_floor else "**missed**"
    return f"{_figure(compared.to_floor, 2)}, ≤ {metric.above_floor} {met}"


def _figure(figure: Figure, digits: int) -> str:
    return f"{figure.middle:,.{digits}f} ({figure.low:,.{digits}f}–{figure.high:,.{digits}f})"


def _verdict(goal: Goal | None, met: bool | None, form: str) -> str:  # noqa: FBT001 - None, True and False
    if goal is None or met is None:
        return ""
    return f", {'≥' if goal.least else '≤'} {goal.limit:{form}} {'met' if met else '**missed**'}"


def write(readme: Path, tables: str) -> None:
    """Replace the tables in the README."""
    text = readme.read_text(encoding="utf-8")
    markers = "<!-- results -->\n{}\n<!-- end of results -->"
    pattern = "<!-- results -->.*<!-- end of results -->"
    readme.write_text(
        re.sub(pattern, lambda _: markers.format(tables.strip()), text, flags=re.DOTALL), encoding="utf-8"
    )
