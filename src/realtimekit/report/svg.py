"""Plots as SVG, drawn by pygal and colored by the page's own style sheet, so that they follow its theme."""

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
    from realtimekit.report.plot_data import Plot

TITLES = {
    "low_mos": "Quality score (MOS)",
    "packet_loss": "Packets lost, %",
    "high_rtt": "Round-trip time, ms",
    "high_jitter": "Jitter, ms",
}
WIDTH, HEIGHT = 380, 145
_MIN_RANGE = {"packet_loss": 10.0, "high_rtt": 400.0, "high_jitter": 40.0}  # the upper end of a good call's plot
_DECIMALS = re.compile(r"(\.\d)\d+")


@cache
def load_pygal() -> Any:
    """Import pygal, which has no types, when there is something to draw."""
    loaded = "pygal" in sys.modules
    pygal = import_module("pygal")
    import_module("pygal.style")
    if not loaded:
        # pygal installs an import hook for its map plugins. It is of a kind that Python 3.12 ignores, and that makes
        # Python 3.11 warn at every import of the program. A program that uses pygal for maps has imported it before.
        sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    return pygal


def render_plot(plot: Plot) -> Markup:
    """Return the plot as SVG, hidden from screen readers: its numbers are in a table next to it."""
    pygal = load_pygal()
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
    visible = low <= plot.threshold <= ticks[-1]
    chart.add("threshold", [(start, plot.threshold), (end, plot.threshold)] if visible else [])
    for series in plot.series:
        chart.add("", _clip(series.points, low, ticks[-1]))
    classes = ["threshold", *(f"{series.media} {series.direction}" for series in plot.series)]
    return Markup(_strip(chart.render_tree(), classes))  # noqa: S704 - it is made of numbers and contains no text from outside


def _axis(plot: Plot) -> tuple[float, list[float]]:
    """The start of the y axis, and its labels, the last of which is its end."""
    if plot.kind == "low_mos":
        return 1.0, [1.0, 2.0, 3.0, 4.0, 5.0]
    highest = max((value for series in plot.series for _, value in series.points if value is not None), default=0.0)
    highest = max(highest, _MIN_RANGE[plot.kind], 1.1 * plot.threshold)
    unit = 10.0 ** (ceil(log10(highest)) - 1)
    step = next(unit * part for part in (0.5, 1, 2, 2.5, 5) if highest <= 4 * unit * part)
    return 0.0, [step * number for number in range(ceil(highest / step) + 1)]


def _clip(points: list[tuple[float, float | None]], low: float, high: float) -> list[tuple[float, float | None]]:
    """Clip the values to the y axis, and double a point between two gaps, which would not be drawn otherwise."""
    found: list[tuple[float, float | None]] = []
    for index, (time, value) in enumerate(points):
        neighbors = (index - 1, index + 1)
        alone = all(not 0 <= other < len(points) or points[other][1] is None for other in neighbors)
        point = (time, None if value is None else min(high, max(low, value)))
        found += [point, point] if alone and value is not None else [point]
    return found


def _strip(tree: Any, classes: list[str]) -> str:
    """Return the drawing without pygal's style sheets, scripts and hover layers, and with shorter coordinates."""
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
