"""Plots: downsampled, but never better than the call was."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.quality.thresholds import Threshold, Thresholds
from realtimekit.quality.tracks import tracks_of
from realtimekit.report import Plot, Series
from realtimekit.report.plot_data import PLOT_KINDS, build_plots
from realtimekit.report.svg import TITLES, render_plot
from tests.fuzz.examples import fuzzed
from tests.quality.sample_reports import START, STEP, samples

BEGUN = START.timestamp()


def plotted(quality: dict[str, Any], points: int = 50) -> dict[str, Plot]:
    return {plot.kind: plot for plot in build_plots(tracks_of(quality), Thresholds(), points)}


def values(series: Series) -> list[float]:
    return [value for _, value in series.points if value is not None]


def test_a_good_call_has_all_four() -> None:
    plots = plotted({"audio_producer": samples("audio_producer"), "video_consumer": samples("video_consumer")})
    assert list(plots) == list(PLOT_KINDS) == list(TITLES)
    assert [(one.direction, one.media) for one in plots["low_mos"].series] == [("sent", "audio"), ("received", "video")]
    assert [one.direction for one in plots["high_rtt"].series] == ["sent"], "nobody measures it for received media"
    (sent,) = plots["high_rtt"].series
    assert values(sent) == [30.0] * 20
    assert sent.points[0][0] == pytest.approx(BEGUN + STEP, abs=STEP)


@pytest.mark.parametrize("quality", [None, {}, [], {"audio_producer": []}, {"audio_producer": [{"mos_quality": 4}]}])
def test_nothing_to_plot(quality: Any) -> None:
    assert build_plots(tracks_of(quality), Thresholds()) == []


def test_thresholds_are_those_of_the_findings() -> None:
    thresholds = Thresholds(rtt_ms=Threshold(200, 400))
    plots = build_plots(tracks_of({"audio_producer": samples("audio_producer")}), thresholds)
    assert {plot.kind: plot.threshold for plot in plots} == {
        "low_mos": 3.6, "packet_loss": 5, "high_rtt": 200, "high_jitter": 30,
    }  # fmt: skip


def test_a_pause_breaks_the_line() -> None:
    quality = {"audio_producer": samples("audio_producer") + samples("audio_producer", start=600)}
    (line,) = plotted(quality)["low_mos"].series
    gaps = [at for at, (_, value) in enumerate(line.points) if value is None]
    assert len(gaps) == 1
    assert 0 < gaps[0] < len(line.points) - 1


@fuzzed(40)
@given(
    st.lists(st.integers(0, 300), min_size=2, max_size=400),
    st.lists(st.floats(1, 5), min_size=400, max_size=400),
    st.integers(2, 60),
)
def test_downsampling_keeps_the_worst_value(lost: list[int], mos: list[float], points: int) -> None:
    rows = samples("audio_producer", len(lost))
    for row, packets, score in zip(rows, lost, mos, strict=False):
        row.update(packets_lost=packets, mos_quality=score)
    plots = plotted({"audio_producer": rows}, points)
    assert max(values(plots["packet_loss"].series[0])) == pytest.approx(100 * max(lost) / 300)
    believed = [score for score, packets in zip(mos, lost, strict=False) if score > 1 or packets]
    if believed:
        assert min(values(plots["low_mos"].series[0])) == pytest.approx(min(believed))
    for plot in plots.values():
        assert len(values(plot.series[0])) <= points + 1
        times = [time for time, _ in plot.series[0].points]
        assert times == sorted(times)


# --- as SVG -----------------------------------------------------------------------------------------------------------

points = st.lists(st.tuples(st.floats(BEGUN, BEGUN + 7200), st.none() | st.floats(0, 1e6)), min_size=1, max_size=30)
points = points.filter(lambda line: any(value is not None for _, value in line))  # no series is without one


@fuzzed(40)
@given(st.sampled_from(PLOT_KINDS), st.floats(0, 1000), st.lists(points, min_size=1, max_size=3))
def test_any_plot_is_svg_without_scripts(kind: str, limit: float, lines: list[Any]) -> None:
    series = [Series("sent", "audio", sorted(line, key=lambda point: point[0])) for line in lines]
    drawn = ET.fromstring(render_plot(Plot(kind, limit, 1.0, series)))
    assert drawn.tag == "svg"
    assert {element.tag for element in drawn.iter()} <= {"svg", "g", "path", "text", "rect"}
    attributes = {name for element in drawn.iter() for name in element.attrib}
    assert attributes <= {"viewBox", "class", "aria-hidden", "d", "x", "y", "transform", "width", "height"}
    assert len(drawn.findall(".//g[@class='audio sent']")) == len(lines)


def test_one_sample_alone_is_a_dot() -> None:
    drawn = ET.fromstring(render_plot(Plot("low_mos", 3.6, 1.0, [Series("sent", "audio", [(BEGUN, 4.0)])])))
    (line,) = drawn.findall(".//g[@class='audio sent']")
    assert line.findall("path")
