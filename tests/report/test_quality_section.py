"""The call quality on the page: events are counted and shown once, with their details; good calls are folded."""

from __future__ import annotations

import re

import pytest

from realtimekit.quality.finding import Finding
from realtimekit.quality.peer_report import PeerReport
from realtimekit.quality.thresholds import Thresholds
from realtimekit.quality.tracks import tracks_of
from realtimekit.report import CallQuality, SessionReport
from realtimekit.report.plot_data import build_plots
from tests.quality.sample_reports import samples

from .meeting import Element, Page

AUDIO_AND_VIDEO = ("audio_producer", "audio_consumer", "video_producer", "video_consumer")
RELAYED = Finding("relayed", "info", "sent", None, None, None, (), {}, "media sent was relayed over UDP")


def with_call(call: CallQuality, *lossy: str, used: tuple[str, ...] = AUDIO_AND_VIDEO) -> CallQuality:
    """The same participant, with a minute of loss in these lists."""
    quality = {name: samples(name, 30) for name in used}
    for name in lossy:
        quality[name] = samples(name, 10, packets_lost=100, jitter=0.05) + samples(name, 20, start=60)
    summary, findings = PeerReport({"quality": quality}).quality.summary(), PeerReport({"quality": quality}).findings()
    plots = build_plots(tracks_of(quality), Thresholds())
    return CallQuality(call.quality._replace(summary=summary, findings=findings), plots)


def page_of(made: SessionReport, *calls: CallQuality) -> Page:
    return Page(made._replace(calls=list(calls)).html())


def folds(page: Page) -> list[Element]:
    return [one for one in page.named("details") if "call" in (one.attributes.get("class") or "").split()]


def test_an_event_is_counted_once_and_its_details_are_below(made: SessionReport) -> None:
    call = with_call(made.calls[0], *AUDIO_AND_VIDEO)
    (event,) = call.quality.findings
    assert len(event.details) == 8
    page = page_of(made, call, with_call(made.calls[1]))
    text = page.text
    assert re.search(r"findings\s*1\s", text)
    assert text.count("1 severe") == 2, "in the table, and above the call"
    assert "8 severe" not in text
    assert "The network was bad from 14:00:00 to 14:01:00 UTC: audio and video, sent and received" in text
    for detail in event.details:
        assert text.count(detail.text[0].upper() + detail.text[1:]) == 1
    at = [text.index(severity) for severity in ("severe", "warning")]
    assert at == sorted(at)


def test_calls_without_problems_are_folded(made: SessionReport) -> None:
    good, bad = with_call(made.calls[0]), with_call(made.calls[1], "audio_producer")
    informed = with_call(made.calls[2])
    informed = informed._replace(quality=informed.quality._replace(findings=[RELAYED]))
    assert [fold.attributes.get("open", "folded") for fold in folds(page_of(made, good, informed, bad))] == [
        None,
        "folded",
        "folded",
    ]
    assert all("open" not in fold.attributes for fold in folds(page_of(made, good, good)))


@pytest.mark.parametrize(
    ("used", "names"),
    [
        (AUDIO_AND_VIDEO, ["audio sent", "audio received", "video sent", "video received"]),
        (("audio_producer", "screenshare_audio_producer"), ["audio sent", "screen audio sent"]),
        (("screenshare_video_consumer",), ["screen received"]),
    ],
)
def test_the_legend_explains_the_lines_that_there_are(
    made: SessionReport, used: tuple[str, ...], names: list[str]
) -> None:
    html = made._replace(calls=[with_call(made.calls[0], used=used)]).html()
    legend = re.search(r"In the plots: (.*)</p>", html)
    assert legend is not None
    assert re.findall(r"</svg> ([^<]*)</span>", legend[1]) == [*names, "threshold of a finding."]
    classes = set(re.findall(r'<g class="([^"]*)"><path', html))
    drawn = set(re.findall(r'<g class="(\w+ (?:sent|received))"', html))
    assert drawn <= classes
