"""Plots as SVG, drawn by pygal and coloured by the page's own style sheet, so that they follow its theme."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from functools import cache
from importlib import import_module
from math import ceil, log10
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from markupsafe import Markup

if TYPE_CHECKING:
    from realtimekit.report.series import Plot

TITLES = {
    "low_mos": "Quality score (MOS)",
    "packet_loss": "Packets lost, %",
    "high_rtt": "Round trip, ms",
    "high_jitter": "Jitter, ms",
}
WIDTH, HEIGHT = 380, 145
_LOWEST_TOP = {"packet_loss": 10.0, "high_rtt": 400.0, "high_jitter": 40.0}  # what a good call's plot reaches to
_DECIMALS = re.compile(r"(\.\d)\d+")


@cache
def library() -> Any:
    """pygal, which has no types; loaded when there is something to draw."""
    loaded = "pygal" in sys.modules
    pygal = import_module("pygal")
    import_module("pygal.style")
    if not loaded:
        # It leaves a finder for its map plugins behind, of a kind that Python 3.12 passes over, and 3.11 too, but with
        # a warning at each import in the whole program. Who loads pygal for maps has done so before.
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def svg(plot: Plot) -> Markup:
    """The plot, for those who see it; its numbers stand in a table beside it."""
    pygal = library()
    times = [time for series in plot.series for time, _ in series.points]
    start, end = min(times), max(*times, min(times) + plot.step)
    low, ticks = _axis(plot)
    chart = pygal.XY(
        width=WIDTH,
        height=HEIGHT,
        margin=2,
        js=(),
        css=(),
        style=pygal.style.Style(label_font_size=11, major_label_font_size=11),
        show_dots=False,
        show_legend=False,
        allow_interruptions=True,
        range=(low, ticks[-1]),
        xrange=(start, end),
        x_labels=[start + (end - start) * part / 4 for part in (0.25, 2, 3.75)],
        x_value_formatter=lambda time: f"{datetime.fromtimestamp(time, UTC):%H:%M}",
        y_labels=ticks,
        value_formatter=lambda value: f"{value:g}",
    )
    chart.add("limit", [(start, plot.limit), (end, plot.limit)] if low <= plot.limit <= ticks[-1] else [])
    for series in plot.series:
        chart.add("", _visible(series.points, low, ticks[-1]))
    classes = ["limit", *(f"{series.media} {series.direction}" for series in plot.series)]
    return Markup(_drawing(chart.render_tree(), classes))  # noqa: S704 - made of numbers; holds no text of anybody's


def _axis(plot: Plot) -> tuple[float, list[float]]:
    """Where it begins, and its labels, the last of which is its end."""
    if plot.kind == "low_mos":
        return 1.0, [1.0, 2.0, 3.0, 4.0, 5.0]
    highest = max((value for series in plot.series for _, value in series.points if value is not None), default=0.0)
    highest = max(highest, _LOWEST_TOP[plot.kind], 1.1 * plot.limit)
    unit = 10.0 ** (ceil(log10(highest)) - 1)
    step = next(unit * part for part in (0.5, 1, 2, 2.5, 5) if highest <= 4 * unit * part)
    return 0.0, [step * number for number in range(ceil(highest / step) + 1)]


def _visible(points: list[tuple[float, float | None]], low: float, high: float) -> list[tuple[float, float | None]]:
    """One alone between two gaps would be no line: it becomes a dot."""
    found: list[tuple[float, float | None]] = []
    for at, (time, value) in enumerate(points):
        alone = all(not 0 <= near < len(points) or points[near][1] is None for near in (at - 1, at + 1))
        point = (time, None if value is None else min(high, max(low, value)))
        found += [point, point] if alone and value is not None else [point]
    return found


def _drawing(tree: Any, classes: list[str]) -> str:
    """What pygal drew, without its style sheets, scripts, hover layers and the sixth digit of its coordinates."""
    plot = next(group for group in tree.iter("g") if group.get("class") == "plot")
    svg = ET.Element("svg", {"viewBox": f"0 0 {WIDTH} {HEIGHT}", "class": "plot", "aria-hidden": "true"})
    svg.append(plot)
    plot.attrib.pop("class")
    for parent in list(plot.iter()):
        for child in list(parent):
            if child.tag in {"title", "desc"} or child.get("class") == "background":
                parent.remove(child)
    for group, name in zip((g for g in plot if (g.get("class") or "").startswith("series")), classes, strict=True):
        group.set("class", name)
        for path in group:
            path.attrib.pop("class", None)
    for element in plot.iter():
        for name in ("d", "x", "y"):
            if name in element.attrib:
                element.set(name, _DECIMALS.sub(r"\1", element.attrib[name]))
        if element.get("class") == "":
            element.attrib.pop("class")
    return ET.tostring(svg, encoding="unicode")
