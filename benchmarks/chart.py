"""The chart of README.md: how much of what the official package takes we take."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks import cases
from benchmarks.contenders import FAST, OFFICIAL, OURS
from benchmarks.figures import compare

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.running import Rounds

# case, metric, and how the chart calls it
BARS = (
    ("cold_start", "wall", "cold start to the\nfirst record, time"),
    ("cold_start", "peak", "… memory"),
    ("cold_start", "installed", "… installed"),
    ("find", "cpu", "find, CPU"),
    ("listing", "cpu", "list 10,000,\nCPU an item"),
    ("concurrent_finds", "cpu", "100 finds at once,\nasync, CPU each"),
)
COLOURS = {OFFICIAL: "#b8bcc4", OURS: "#f6821f", FAST: "#5b3fd6"}


def draw(results: dict[str, Rounds], path: Path) -> None:
    """Write the chart as SVG."""
    mpl: Any = import_module("matplotlib")  # only in the environment of the benchmarks

    mpl.use("svg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "realtimekit", "font.family": "sans-serif"}
    plt: Any = import_module("matplotlib.pyplot")

    figure, axes = plt.subplots(figsize=(8, 4.2), layout="constrained")
    for place, (name, contender) in enumerate((name, contender) for name in _shares(results) for contender in COLOURS):
        share = _shares(results)[name][contender]
        row = place // len(COLOURS) * (len(COLOURS) + 1) + place % len(COLOURS)
        axes.barh(row, share, 0.9, color=COLOURS[contender], label=contender if place < len(COLOURS) else None)
        axes.text(share + 0.01, row, f"{share:.0%}", va="center", fontsize=8)
    _dress(axes, list(_shares(results)))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _shares(results: dict[str, Rounds]) -> dict[str, dict[str, float]]:
    """Label -> contender -> the part of what the official package takes."""
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


def _dress(axes: Any, labels: list[str]) -> None:
    step = len(COLOURS) + 1
    axes.set_yticks([number * step + (step - 2) / 2 for number in range(len(labels))], labels)
    axes.set_xlim(0, 1.1)
    axes.set_xticks([])
    axes.invert_yaxis()
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.set_title("What it takes, beside Cloudflare's own package (less is better)", loc="left", fontsize=11)
    axes.figure.legend(loc="outside lower center", ncols=len(COLOURS), frameon=False, fontsize=9)
