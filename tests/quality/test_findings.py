"""Findings: just below and just above each threshold, with their times and texts."""

from __future__ import annotations

import functools
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from realtimekit.emulator.quality import CallLeg, peer_report
from realtimekit.quality.finding import Finding
from realtimekit.quality.peer_report import PeerReport
from realtimekit.quality.thresholds import Threshold, Thresholds

from .sample_reports import GOOD, START, STEP, recorded, report, samples

LOSSY = {"packets_sent": 10_000, "packets_received": 10_000}


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


@pytest.mark.parametrize("name", GOOD)
def test_a_good_call_has_no_findings(name: str) -> None:
    assert report(**{name: samples(name)}).findings() == []


# kind, lists of samples, fields that give no finding, a warning, a severe finding, and the text of the warning
RATIOS: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any], str]] = [
    ("packet_loss", "audio_producer video_producer screenshare_audio_producer screenshare_video_producer",
     {"packets_sent": 10_000, "packets_lost": 499}, {"packets_sent": 10_000, "packets_lost": 500},
     {"packets_sent": 10_000, "packets_lost": 1000}, "lost 5 % of its packets"),
    ("packet_loss", "audio_consumer video_consumer screenshare_audio_consumer screenshare_video_consumer",
     {"packets_received": 9501, "packets_lost": 499}, {"packets_received": 9500, "packets_lost": 500},
     {"packets_received": 9000, "packets_lost": 1000}, "lost 5 % of its packets"),
    ("low_mos", " ".join(GOOD), {"mos_quality": 3.6}, {"mos_quality": 3.59}, {"mos_quality": 3.09}, "had a MOS of 3.6"),
    ("high_rtt", "audio_producer video_producer screenshare_video_producer",
     {"rtt": 0.299}, {"rtt": 0.3}, {"rtt": 0.8}, "had a round-trip time of 300 ms"),
    ("high_jitter", " ".join(GOOD), {"jitter": 0.0299}, {"jitter": 0.03}, {"jitter": 0.1}, "had 30 ms of jitter"),
    ("low_frame_rate", "video_producer video_consumer",
     {"frames_per_second": 12}, {"frames_per_second": 11}, {"frames_per_second": 5}, "ran at 11 frames per second"),
    ("low_resolution", "video_producer screenshare_video_producer screenshare_video_consumer",
     {"frame_width": 320}, {"frame_width": 319}, {"frame_width": 175}, "was 319 pixels wide"),
    ("frames_dropped", "video_consumer screenshare_video_consumer", {"frames_dropped": 49, "frames_decoded": 951},
     {"frames_dropped": 50, "frames_decoded": 950}, {"frames_dropped": 200, "frames_decoded": 800},
     "dropped 5 % of its frames"),
    ("concealment", "audio_consumer screenshare_audio_consumer",  # one in 6 seconds is 10 a minute
     {"concealment_events": 0.99}, {"concealment_events": 1}, {"concealment_events": 3},
     "had 10 gaps a minute concealed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "good", "bad", "severe", "words"),
    [(kind, name, *rest) for kind, names, *rest in RATIOS for name in names.split()],
)
def test_thresholds_of_ratio_metrics(kind: str, name: str, good: Any, bad: Any, severe: Any, words: str) -> None:
    assert report(**{name: samples(name, **good)}).findings() == []
    finding = only(report(**{name: samples(name, **bad)}).findings())
    media, _, role = name.rpartition("_")
    direction = {"producer": "sent", "consumer": "received"}[role]
    assert (finding.kind, finding.severity) == (kind, "warning")
    assert (finding.direction, finding.media) == (direction, media)
    assert (finding.start, finding.end) == (START, START + timedelta(seconds=20 * STEP))
    said = f"{media.replace('screenshare_', 'screen share ')} {direction} {words} between 14:00 and 14:02 UTC"
    assert finding.text == said
    assert only(report(**{name: samples(name, **severe)}).findings()).severity == "severe"


@pytest.mark.parametrize("reason", ["cpu", "bandwidth"])
@pytest.mark.parametrize("name", ["video_producer", "screenshare_video_producer"])
def test_thresholds_of_limitations(reason: str, name: str) -> None:
    def limited(count: int, of: int) -> list[Finding]:
        fine = samples(name, of - count)
        return report(**{name: fine + samples(name, count, start=1000, quality_limitation_reason=reason)}).findings()

    assert limited(9, 91) == []
    warning = only(limited(9, 90))
    assert (warning.kind, warning.severity) == (f"{reason}_limited", "warning")
    assert warning.start == START + timedelta(seconds=1000)
    media = "video" if name == "video_producer" else "screen share"
    assert (
        warning.text == f"{media} sent was limited by the {'CPU' if reason == 'cpu' else reason} for 10 % of the call"
    )
    assert only(limited(31, 100)).text.endswith("for 31 % of the call")
    assert only(limited(30, 100)).severity == "severe"


def test_thresholds_of_frozen_video() -> None:
    def frozen(count: int, of: int, **fields: Any) -> list[Finding]:
        still = samples("video_consumer", count, frames_per_second=0, **fields)
        return report(video_consumer=still + samples("video_consumer", of - count, start=500)).findings()

    assert frozen(1, 101) == []
    finding = only(frozen(1, 100))
    assert (finding.kind, finding.severity) == ("frozen_video", "warning")
    assert finding.text == "video received was frozen for 1 % of the call"
    assert only(frozen(5, 100)).severity == "severe"
    assert frozen(50, 100, packets_received=0) == [], "without packets the camera was off"


# --- intervals --------------------------------------------------------------------------------------------------------


def test_the_text_of_an_interval_of_loss() -> None:
    lossy = samples("audio_producer", 40, start=180, packets_lost=36)
    made = [*samples("audio_producer", 30), *lossy, *samples("audio_producer", 30, start=420)]
    finding = only(report(audio_producer=made).findings())
    assert finding.text == "audio sent lost 12 % of its packets between 14:03 and 14:07 UTC"
    assert finding.numbers == {"threshold": 5, "value": 12, "seconds": 240, "intervals": 1}
    assert [tuple(interval) for interval in finding.intervals] == [(finding.start, finding.end, 12)]
    east = only(report(audio_producer=made).findings(tz=timezone(timedelta(hours=5, minutes=30), "IST")))
    assert east.text == "audio sent lost 12 % of its packets between 19:33 and 19:37 IST"
    assert east.start == finding.start


def test_several_intervals_are_one_finding_that_names_the_worst() -> None:
    made = [
        *samples("audio_producer", 5, packets_lost=30),  # 10 %
        *samples("audio_producer", 20, start=30),
        *samples("audio_producer", 5, start=150, packets_lost=60),  # 20 %
    ]
    finding = only(report(audio_producer=made).findings())
    assert finding.text == (
        "audio sent lost 20 % of its packets between 14:02:30 and 14:03:00 UTC, the worst of 2 intervals, 60 "
        "seconds in total"
    )
    assert [round(interval.value) for interval in finding.intervals] == [10, 20]


@pytest.mark.parametrize(("good_between", "intervals"), [(5, 1), (6, 2)])
def test_intervals_that_are_close_are_merged(good_between: int, intervals: int) -> None:
    first, last = samples("audio_producer", 9, packets_lost=60), 54 + STEP * good_between
    made = [
        *first,
        *samples("audio_producer", good_between, start=54),
        *samples("audio_producer", 9, start=last, packets_lost=60),
    ]
    assert len(only(report(audio_producer=made).findings()).intervals) == intervals


def test_merging_never_makes_a_bad_interval_good() -> None:
    made = [
        *samples("audio_producer", 2, packets_lost=15),  # 5 %
        *samples("audio_producer", 4, start=12),
        *samples("audio_producer", 2, start=36, packets_lost=15),
    ]
    finding = only(report(audio_producer=made).findings())
    assert [interval.value for interval in finding.intervals] == [5, 5]


def test_short_intervals_are_ignored() -> None:
    made = [*samples("audio_producer", 1, packets_lost=300), *samples("audio_producer", 9, start=STEP)]
    assert report(audio_producer=made).findings() == []
    assert only(report(audio_producer=made).findings(Thresholds(min_interval_seconds=6))).numbers["value"] == 100


def test_streams_add_up() -> None:
    lossy = samples("audio_consumer", 20, packets_lost=300, packets_received=0, consumer_id="one")
    fine = samples("audio_consumer", 20, packets_received=2700, consumer_id="two")
    assert only(report(audio_consumer=lossy + fine).findings()).numbers["value"] == 10


def test_samples_without_times_are_judged_together() -> None:
    finding = only(report(audio_producer=samples("audio_producer", packets_lost=36, timestamp=None)).findings())
    assert (finding.start, finding.intervals) == (None, ())
    assert finding.text == "audio sent lost 12 % of its packets on average"


def test_aggregates_are_used_without_samples() -> None:
    aggregates = {
        "packet_loss": {"avg": 12},
        "quality_mos": {"avg": 3.2},
        "rtt": {"avg": 900},
        "frame_per_second": {"avg": 8},
        "issues": {"cpu_quality_limitation_fraction": 0.31},
    }
    texts = [(finding.severity, finding.text) for finding in report(video_producer_cumulative=aggregates).findings()]
    assert texts == [
        ("severe", "video sent lost 12 % of its packets on average"),
        ("severe", "video sent had a round-trip time of 900 ms on average"),
        ("severe", "video sent was limited by the CPU for 31 % of the call"),
        ("warning", "video sent had a MOS of 3.2 on average"),
        ("warning", "video sent ran at 8 frames per second on average"),
    ]
    received = report(video_consumer_cumulative={"issues": {"no_video_fraction": 0.02}}).findings()
    assert only(received).text == "video received was frozen for 2 % of the call"
    assert report(video_producer=samples("video_producer"), video_producer_cumulative=aggregates).findings() == []


# --- doubtful scores ------------------------------------------------------------------------------------------------


def test_the_score_of_1_of_a_muted_microphone_is_ignored() -> None:
    findings = {finding.kind: finding for finding in PeerReport(recorded()).findings()}
    assert set(findings) == {"doubtful_mos", "high_rtt"}
    assert findings["doubtful_mos"].severity == "info"


@pytest.mark.parametrize(("doubtful", "kinds"), [(9, []), (10, ["doubtful_mos"])])
def test_a_finding_if_half_of_the_scores_are_doubtful(doubtful: int, kinds: list[str]) -> None:
    made = samples("audio_producer", 20 - doubtful) + samples("audio_producer", doubtful, start=300, mos_quality=1)
    assert [finding.kind for finding in report(audio_producer=made).findings()] == kinds


def test_a_score_of_1_counts_if_packets_were_lost() -> None:
    made = report(audio_producer=samples("audio_producer", mos_quality=1, packets_lost=1)).findings()
    assert only(made).kind == "low_mos"


# --- connections ------------------------------------------------------------------------------------------------------

RELAY = {"nominated": True, "local_candidate_type": "relay", "local_candidate_protocol": "udp"}


@pytest.mark.parametrize(
    ("pair", "found"),
    [
        ({"nominated": True, "local_candidate_type": "host", "local_candidate_protocol": "udp"}, None),
        ({"nominated": True, "local_candidate_type": "prflx"}, None),
        ({}, None),
        (RELAY, ("relayed", "info", "media sent was relayed over UDP")),
        (RELAY | {"local_candidate_protocol": "tcp"}, ("relayed", "warning", "media sent was relayed over TCP")),
        (RELAY | {"local_candidate_url": "turn:a.example:443?transport=tcp"},
         ("relayed", "warning", "media sent was relayed over TCP")),
        (RELAY | {"local_candidate_url": "turns:a.example:443?transport=tcp"},
         ("relayed", "warning", "media sent was relayed over TLS")),
        (RELAY | {"local_candidate_url": "turn:a.example:3478?transport=udp"},
         ("relayed", "info", "media sent was relayed over UDP")),
        ({"nominated": True, "remote_candidate_type": "relay"}, ("relayed", "info", "media sent was relayed over UDP")),
        ({"local_candidate_type": "host", "local_candidate_protocol": "TCP"},
         ("over_tcp", "warning", "media sent went over TCP")),
    ],
)  # fmt: skip
def test_candidate_paths(pair: dict[str, Any], found: tuple[str, str, str] | None) -> None:
    made = PeerReport({"metadata": {"candidate_pairs": {"producing_transport": [pair], "consuming_transport": []}}})
    assert [(f.kind, f.severity, f.text) for f in made.findings()] == ([found] if found else [])


def test_only_the_nominated_pair_counts_and_each_path_once() -> None:
    idle = RELAY | {"nominated": False, "local_candidate_protocol": "tcp"}
    pairs = {"producing_transport": [idle, RELAY, RELAY], "consuming_transport": [idle]}
    texts = [finding.text for finding in PeerReport({"metadata": {"candidate_pairs": pairs}}).findings()]
    assert sorted(texts) == ["media received was relayed over TCP", "media sent was relayed over UDP"]


# --- thresholds -------------------------------------------------------------------------------------------------------


def test_thresholds_can_be_set() -> None:
    made = report(audio_producer=samples("audio_producer", packets_lost=6))  # 2 %
    assert made.findings() == []
    assert only(made.findings(Thresholds(packet_loss_percent=Threshold(1, 2)))).severity == "severe"


def test_thresholds_carry_the_units() -> None:
    made = report(audio_producer=samples("audio_producer", jitter=40))
    assert only(made.findings()).numbers["value"] == 40_000
    in_ms = Thresholds()._replace(units=Thresholds().units._replace(jitter="ms"))
    assert only(made.findings(in_ms)).numbers["value"] == 40


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"rtt_ms": 300}, TypeError, r"Thresholds\(rtt_ms=300\): must be a Threshold\(warning, severe\)"),
        ({"rtt_ms": Threshold(300, 200)}, ValueError, r"severe must be worse than warning"),
        ({"mos": Threshold(3, 4)}, ValueError, r"Thresholds\(mos=Threshold\(3, 4\)\): severe must be worse"),
    ],
)
def test_wrong_thresholds(wrong: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        PeerReport({}).findings(Thresholds(**wrong))


# --- all together -----------------------------------------------------------------------------------------------------


@functools.cache
def emulated(peer_id: str) -> PeerReport:
    start = datetime(2026, 3, 2, 9, tzinfo=UTC)
    end = start + timedelta(hours=1)
    return PeerReport(peer_report(CallLeg(peer_id, "u", "s", "Ana", "c", "m", start, end, [("other", start, end)])))


def test_every_kind_of_machine_and_connection_of_the_emulator() -> None:
    found = [
        {one.kind for finding in emulated(f"peer-{at}").findings() for one in finding.details or [finding]}
        for at in range(24)
    ]
    assert set() in found, "a good connection, a good machine"
    assert any({"packet_loss", "low_mos", "high_rtt", "high_jitter"} <= kinds for kinds in found), "a bad connection"
    assert any({"cpu_limited", "frames_dropped"} <= kinds and "packet_loss" not in kinds for kinds in found)
    assert any("relayed" in kinds for kinds in found)


def test_the_worst_comes_first_and_everything_is_json() -> None:
    findings = [finding for at in range(24) for finding in emulated(f"peer-{at}").findings()]
    for at in range(24):
        order = [("severe", "warning", "info").index(finding.severity) for finding in emulated(f"peer-{at}").findings()]
        assert order == sorted(order)
    assert json.loads(json.dumps([finding.to_dict() for finding in findings], allow_nan=False))
    for finding in findings:
        for interval in finding.intervals:
            assert finding.start is not None
            assert finding.end is not None
            assert finding.start <= interval.start < interval.end <= finding.end
