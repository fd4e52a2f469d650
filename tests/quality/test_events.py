"""Events: what one cause did at one time is one finding, whatever it was measured by."""

from __future__ import annotations

import json
from datetime import timedelta, timezone
from typing import Any

import pytest

from realtimekit.quality.events import CAUSES, CONSEQUENCES
from realtimekit.quality.finding import Finding
from realtimekit.quality.metrics import RATIO_METRICS, STATE_METRICS
from realtimekit.quality.peer_report import PeerReport
from realtimekit.quality.thresholds import Threshold, Thresholds

from .sample_reports import GOOD, START, STEP, report, samples

# What a sample says while the network is bad; 12 % of the packets are lost.
BAD: dict[str, Any] = {"mos_quality": 2.4, "packets_lost": 36, "rtt": 0.9, "jitter": 0.2}
BURST = 100, 60  # seconds after the start, and how long


def burst(name: str, at: float = BURST[0], seconds: float = BURST[1], **fields: Any) -> list[dict[str, Any]]:
    """Ten minutes of a good call, with other fields for a while."""
    rows = samples(name, 100)
    for number, row in enumerate(rows):
        if at <= STEP * number < at + seconds:
            row.update(fields or {key: value for key, value in BAD.items() if key in row})
    return rows


def bad(*names: str, **times: float) -> PeerReport:
    return report(**{name: samples(name, 100) for name in GOOD} | {name: burst(name, **times) for name in names})


def of_kind(findings: list[Finding], kind: str) -> Finding:
    (finding,) = [finding for finding in findings if finding.kind == kind]
    return finding


def test_a_minute_of_a_bad_network_is_one_finding() -> None:
    names = "audio_producer", "audio_consumer", "video_producer", "video_consumer"
    (finding,) = bad(*names).findings()
    assert finding.text == ("the network was bad from 14:01:42 to 14:02:42 UTC: audio and video, sent and received")
    assert (finding.kind, finding.severity, finding.direction, finding.media) == ("bad_network", "severe", None, None)
    assert (finding.start, finding.end) == (START + timedelta(seconds=102), START + timedelta(seconds=162))
    assert len(finding.details) == 4 * 3 + 2, "loss, score and jitter of each; round-trip times of what was sent"
    assert {(detail.media, detail.direction) for detail in finding.details} == {
        (media, direction) for media in ("audio", "video") for direction in ("sent", "received")
    }
    assert "audio sent lost 12 % of its packets between 14:01:42 and 14:02:42 UTC" in {
        detail.text for detail in finding.details
    }
    assert finding.numbers == {"seconds": 60, "intervals": 1}
    assert [interval.value for interval in finding.intervals] == [14]
    document = json.loads(json.dumps(finding.to_dict()))
    assert [detail["text"] for detail in document["details"]] == [detail.text for detail in finding.details]
    assert not any(detail["details"] for detail in document["details"])


@pytest.mark.parametrize(
    ("names", "words", "direction", "media"),
    [
        ("audio_producer", "audio sent", "sent", "audio"),
        ("audio_producer audio_consumer", "audio sent and received", None, "audio"),
        ("audio_producer video_producer", "audio and video sent", "sent", None),
        ("audio_producer video_consumer", "audio sent, video received", None, None),
        ("audio_producer audio_consumer video_producer", "audio sent and received, video sent", None, None),
        (
            "audio_consumer video_consumer screenshare_video_consumer",
            "audio, video and screen share video received",
            "received",
            None,
        ),
    ],
)
def test_it_names_what_was_affected(names: str, words: str, direction: str | None, media: str | None) -> None:
    (finding,) = bad(*names.split()).findings()
    assert finding.text.endswith(f"UTC: {words}")
    assert (finding.direction, finding.media) == (direction, media)


def test_times_are_in_the_readers_time_zone() -> None:
    (finding,) = bad("audio_producer").findings(tz=timezone(timedelta(hours=1), "CET"))
    assert finding.text == "the network was bad from 15:01:42 to 15:02:42 CET: audio sent"
    assert finding.start == START + timedelta(seconds=102)


def test_what_coincides_with_nothing_is_a_finding_of_its_own() -> None:
    rows = {"audio_producer": burst("audio_producer"), "video_consumer": burst("video_consumer", 400, jitter=0.05)}
    event, alone = report(**rows).findings()
    assert event.kind == "bad_network"
    assert {detail.media for detail in event.details} == {"audio"}
    assert (alone.kind, alone.details) == ("high_jitter", ())


def test_one_measurement_alone_is_no_event() -> None:
    (finding,) = report(audio_producer=burst("audio_producer", jitter=0.05)).findings()
    assert (finding.kind, finding.details) == ("high_jitter", ())


@pytest.mark.parametrize(("gap", "kinds"), [(30, ["bad_network"]), (31, ["packet_loss", "high_jitter"])])
def test_what_is_close_coincides(gap: int, kinds: list[str]) -> None:
    first = samples("audio_producer", 4, packets_lost=20)
    last = samples("audio_consumer", 4, start=4 * STEP + gap, jitter=0.05)
    assert [finding.kind for finding in report(audio_producer=first, audio_consumer=last).findings()] == kinds


def test_several_times_are_listed_and_of_many_the_worst_is_named() -> None:
    def text(count: int) -> str:
        rows = samples("audio_producer", 100)
        for number in range(count):
            for row in rows[20 * number : 20 * number + 4 + (number == 3)]:
                row.update(BAD)
        (finding,) = report(audio_producer=rows).findings()
        assert len(finding.intervals) == count
        return finding.text

    assert text(2) == "the network was bad from 14:00:00 to 14:00:24 and from 14:02:00 to 14:02:24 UTC: audio sent"
    assert text(3).endswith(
        "from 14:00:00 to 14:00:24, from 14:02:00 to 14:02:24 and from 14:04:00 to 14:04:24 UTC: audio sent"
    )
    assert text(5) == (
        "the network was bad 5 times, 2 minutes in total, the worst from 14:06:00 to 14:06:30 UTC: audio sent"
    )


def test_a_severe_event_was_when_something_was_severely_bad() -> None:
    rows = samples("audio_producer", 100, jitter=0.05)  # a warning, all the time
    for row in rows[10:20]:
        row |= {"packets_lost": 150}
    (finding,) = report(audio_producer=rows).findings()
    assert (finding.severity, finding.text) == (
        "severe",
        "the network was bad from 14:01:00 to 14:02:00 UTC: audio sent",
    )
    jitter = of_kind(list(finding.details), "high_jitter")
    assert (jitter.severity, jitter.numbers["seconds"]) == ("warning", 600)


def test_a_slow_device_is_not_a_bad_network() -> None:
    limited = burst("video_producer", quality_limitation_reason="cpu", frames_per_second=5)
    device, network = report(
        video_producer=limited,
        audio_producer=burst("audio_producer", seconds=30, packets_lost=150, jitter=0.2),
    ).findings()
    assert {device.kind, network.kind} == {"overloaded_device", "bad_network"}
    device = of_kind([device, network], "overloaded_device")
    assert device.text == "the device was overloaded from 14:01:42 to 14:02:42 UTC: video sent"
    assert {detail.kind for detail in device.details} == {"cpu_limited", "low_frame_rate"}


def test_a_consequence_belongs_to_what_it_shares_the_most_time_with() -> None:
    video = burst("video_producer", 100, 120, quality_limitation_reason="cpu")
    for row in video[25:50]:
        row |= {"frames_per_second": 5}
    audio = burst("audio_producer", 200, 120, packets_lost=150, jitter=0.2)
    findings = report(video_producer=video, audio_producer=audio).findings()
    assert {detail.kind for detail in of_kind(findings, "bad_network").details} >= {"low_frame_rate"}
    assert of_kind(findings, "cpu_limited").details == ()


def test_a_consequence_without_a_cause_stays_alone() -> None:
    (finding,) = report(video_consumer=burst("video_consumer", frames_per_second=5)).findings()
    assert finding.kind == "low_frame_rate"


def test_limitations_and_freezes_have_intervals() -> None:
    (finding,) = report(video_producer=burst("video_producer", quality_limitation_reason="bandwidth")).findings()
    assert [tuple(interval) for interval in finding.intervals] == [(finding.start, finding.end, 100)]
    assert finding.start == START + timedelta(seconds=102)


def test_every_kind_has_a_cause_or_is_a_consequence() -> None:
    kinds = {metric.kind for metric in (*RATIO_METRICS, *STATE_METRICS)}
    assert kinds == CONSEQUENCES.union(*(cause.kinds for cause in CAUSES))


def test_both_directions_of_a_relay_are_one_finding() -> None:
    pair = {"nominated": True, "local_candidate_type": "relay", "local_candidate_protocol": "tcp"}
    pairs = {"producing_transport": [pair], "consuming_transport": [pair]}
    (finding,) = PeerReport({"metadata": {"candidate_pairs": pairs}}).findings()
    assert (finding.text, finding.direction) == ("media sent and received was relayed over TCP", None)


def test_every_value_has_a_unit() -> None:
    loose = Thresholds(concealments_per_minute=Threshold(1, 30), frames_per_second=Threshold(1.5, 1))
    (finding,) = report(audio_consumer=samples("audio_consumer", concealment_events=0.1)).findings(loose)
    assert (finding.text.partition(" between")[0], finding.unit) == (
        "audio received had 1 gap a minute concealed",
        "gaps per minute",
    )
    (finding,) = report(video_consumer=samples("video_consumer", frames_per_second=1)).findings(loose)
    assert finding.text.startswith("video received ran at 1 frame per second between")
    assert all(metric.unit for metric in (*RATIO_METRICS, *STATE_METRICS))


def test_a_repr_is_short() -> None:
    made = bad(*(name for name in GOOD if name.startswith(("audio", "video"))))
    (finding,) = made.findings()
    assert repr(finding) == (
        f"<Finding kind='bad_network' severity='severe' text={finding.text!r} details={len(finding.details)}>"
    )
    summary = made.quality.summary()
    kinds = "['audio', 'video', 'screenshare_audio', 'screenshare_video']"
    assert repr(summary) == f"<QualitySummary sent={kinds} received={kinds}>"
    assert repr(summary.sent) == f"<DirectionSummary sent media={kinds}>"
    assert repr(summary.sent.audio).startswith("<MediaSummary sent audio source='samples' mos=4.11 lost_percent=1.2 ")
    assert repr(summary.sent.audio.rtt_ms) == (
        "<Distribution size=100 avg=117 min=30 p10=30 p50=30 p75=30 p90=30 max=900>"
    )
