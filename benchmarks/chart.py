"""The chart of README.md: time, memory and CPU relative to the official package."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks import cases
from benchmarks.contenders import FAST, OFFICIAL, OURS
from benchmarks.ratios import compare

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.runner import Rounds

# (case, metric, label in the chart)
BARS = (
    ("cold_start", "wall", "cold start to the\nfirst record, time"),
    ("cold_start", "peak", "… memory"),
    ("cold_start", "installed", "… installed"),
    ("find", "cpu", "find, CPU"),
    ("listing", "cpu", "list 10,000,\nCPU an item"),
    ("concurrent_finds", "cpu", "100 finds at once,\nasync, CPU each"),
)
COLORS = {OFFICIAL: "#b8bcc4", OURS: "#f6821f", FAST: "#5b3fd6"}


def draw(results: dict[str, Rounds], path: Path) -> None:
    """Draw the chart as SVG."""
    mpl: Any = import_module("matplotlib")  # installed only in the environment of the benchmarks

    mpl.use("svg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "realtimekit", "font.family": "sans-serif"}
    plt: Any = import_module("matplotlib.pyplot")

    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for index, (name, contender) in enumerate((name, contender) for name in _shares(results) for contender in COLORS):
        share = _shares(results)[name][contender]
        row = index // len(COLORS) * (len(COLORS) + 1) + index % len(COLORS)
        axes.barh(row, share, 0.9, color=COLORS[contender], label=contender if index < len(COLORS) else None)
        axes.text(share + 0.01, row, f"{share:.0%}", va="center", fontsize=8)
    _style(axes, list(_shares(results)))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _shares(results: dict[str, Rounds]) -> dict[str, dict[str, float]]:
    """Return the ratios to the official package, by label and contender."""
    shares: dict[str, dict[str, float]] = {}
    for case, name, label in BARS:
        (metric,) = [metric for metric in cases.load(case).metrics if metric.name == name]
        found = compare(metric, results[case])
        shares[label] = {OFFICIAL: 1.0}
        for contender in (OURS, FAST):
            ratio = found[contender].to_official
            assert ratio is not None
            shares[label][contender] = ratio.middle
    return shares


def _style(axes: Any, labels: list[str]) -> None:
    step = len(COLORS) + 1
    axes.set_yticks([number * step + (step - 2) / 2 for number in range(len(labels))], labels)
    axes.set_xlim(0, 1.1)
    axes.set_xticks([])
    axes.invert_yaxis()
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_title("Relative to Cloudflare's own package (less is better)", loc="left", fontsize=11)
    axes.figure.legend(loc="outside lower center", ncols=len(COLORS), frameon=False, fontsize=9)
