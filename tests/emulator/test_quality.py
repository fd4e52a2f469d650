"""The simulated peer report has the recorded shape, is consistent, and is the same every time."""

from __future__ import annotations

import copy
import ipaddress
import json
import math
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.emulator.quality import CallLeg, filter_parts, peer_report, peer_stats, quality_stats
from tests.fuzz.examples import fuzzed

JOINED = datetime(2026, 3, 2, 9, 0, 0, 332_900, tzinfo=UTC)
# Enough ids to meet every profile.
PEERS = [f"peer-{number}" for number in range(24)]
NETWORKS = [ipaddress.ip_network(block) for block in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def names(text: str) -> set[str]:
    return set(text.split())


AUDIO_PRODUCER = names("mos_quality timestamp packets_lost jitter rtt packets_sent bytes_sent producer_id ssrc mid")
AUDIO_CONSUMER = names(
    "bytes_received concealment_events consumer_id jitter jitter_buffer_delay jitter_buffer_emitted_count mid "
    "mos_quality packets_lost packets_received peer_id producer_id ssrc timestamp"
)
VIDEO_PRODUCER = names(
    "bytes_sent fir_count pli_count frame_height frame_width frames_encoded frames_per_second jitter "
    "key_frames_encoded mid mos_quality packets_lost packets_sent producer_id quality_limitation_durations "
    "quality_limitation_reason quality_limitation_resolution_changes rtt ssrc timestamp"
)
VIDEO_CONSUMER = names(
    "bytes_received consumer_id fir_count frame_height frame_width frames_decoded frames_dropped frames_per_second "
    "jitter jitter_buffer_delay jitter_buffer_emitted_count key_frames_decoded mid mos_quality packets_lost "
    "packets_received peer_id producer_id ssrc timestamp"
)
SAMPLES = {
    "audio_producer": AUDIO_PRODUCER,
    "audio_consumer": AUDIO_CONSUMER,
    "video_producer": VIDEO_PRODUCER,
    "video_consumer": VIDEO_CONSUMER,
}
PERCENTILES = {"avg", "p50", "p75", "p90"}
LOSS = {"avg", *(f"{limit}_or_greater_event_fraction" for limit in (5, 10, 25, 50))}
LATENCY = {"avg", *(f"{limit}ms_or_greater_event_fraction" for limit in (100, 250, 500))}
NO_FILTER: list[str] = []


def after(seconds: float) -> datetime:
    return JOINED + timedelta(seconds=seconds)


def call(
    peer_id: str = "peer-0",
    seconds: float = 600,
    others: list[tuple[str, float, float]] | None = None,
    spoke: list[tuple[float, float]] | None = None,
) -> CallLeg:
    return CallLeg(
        peer_id,
        "user",
        "session",
        "Ana",
        "custom",
        "meeting",
        JOINED,
        after(seconds),
        [(other, after(start), after(end)) for other, start, end in others or []],
        [(after(start), after(end)) for start, end in spoke or []],
    )


def keys(value: Any) -> Any:
    """Return the nested keys of objects, and of a list those of its first item."""
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def moment(timestamp: str) -> datetime:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", timestamp)
    return datetime.fromisoformat(timestamp)


def strings(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []


TWO = [("other-1", -50.0, 300.0), ("other-2", 100.0, 900.0)]


@pytest.mark.parametrize("peer_id", PEERS)
def test_report_has_the_recorded_keys(peer_id: str) -> None:
    report = peer_report(call(peer_id, others=TWO))
    metadata, quality = report["metadata"], report["quality"]
    assert set(report) == {"metadata", "quality"}
    assert set(metadata) == names(
        "events pc_metadata audio_devices_updates video_devices_updates speaker_devices_updates candidate_pairs "
        "selected_device_updates device_info browser_metadata sdk_name sdk_version room_view_type "
        "ip_information"
    )
    assert set(metadata["events"][0]) == {"name", "timestamp"}
    assert set(metadata["pc_metadata"][0]) == names(
        "effective_network_type reflexive_connectivity relay_connectivity turn_connectivity timestamp"
    )
    assert set(metadata["device_info"]) == {"cpus", "is_mobile", "os", "os_version"}
    assert set(metadata["browser_metadata"]) == {"browser", "browser_version", "engine", "user_agent", "webgl_support"}
    assert set(metadata["ip_information"]) == {"city", "country", "timezone", "region", "asn", "ipv4"}
    pairs = metadata["candidate_pairs"]
    assert set(pairs) == {"producing_transport", "consuming_transport"}
    common = names(
        "nominated current_round_trip_time total_round_trip_time bytes_received bytes_sent "
        "last_packet_received_timestamp last_packet_sent_timestamp local_candidate_id remote_candidate_id "
        "bytes_discarded_on_send packets_sent packets_received packets_discarded_on_send local_candidate_type "
        "local_candidate_address local_candidate_port local_candidate_protocol local_candidate_network_type "
        "local_candidate_related_address local_candidate_related_port remote_candidate_type "
        "remote_candidate_address remote_candidate_port remote_candidate_protocol"
    )
    for name, rate in (("producing", "available_outgoing_bitrate"), ("consuming", "available_incoming_bitrate")):
        (pair,) = pairs[f"{name}_transport"]
        relayed = {"local_candidate_url"} if pair["local_candidate_type"] == "relay" else set[str]()
        assert set(pair) == common | {rate} | relayed
    assert len(quality) == 16
    for name, fields in SAMPLES.items():
        assert quality[name]
        assert all(set(sample) == fields for sample in quality[name])
        assert quality[f"screenshare_{name}"] == []
        assert quality[f"screenshare_{name}_cumulative"] == {}


def test_cumulative_blocks_have_the_documented_keys() -> None:
    quality = peer_report(call(others=TWO))["quality"]
    audio = {"quality_mos": PERCENTILES, "packet_loss": LOSS}
    video = {**audio, "frame_per_second": PERCENTILES, "frame_width": PERCENTILES}
    issues = {"no_video_fraction", "poor_resolution_fraction"}
    limits = {f"{kind}quality_limitation_fraction" for kind in ("", "cpu_", "bandwidth_")}
    expected: dict[str, dict[str, Any]] = {
        "audio_producer": {**audio, "rtt": LATENCY},
        "audio_consumer": {**audio, "jitter_buffer_delay": LATENCY},
        "video_producer": {
            **video,
            "rtt": LATENCY,
            "issues": issues | limits,
            "key_frames_encoded_fraction": None,
            "high_negative_feedback_fraction": None,
        },
        "video_consumer": {
            **video,
            "jitter_buffer_delay": LATENCY,
            "issues": issues | {"lag_fraction"},
            "key_frames_decoded_fraction": None,
        },
    }
    for name, blocks in expected.items():
        found = quality[f"{name}_cumulative"]
        assert {key: set(block) if isinstance(block, dict) else None for key, block in found.items()} == blocks


def test_older_blocks_have_the_recorded_keys() -> None:
    stats = peer_stats(call())
    events = {event["type"]: event for event in stats.pop("events")}
    assert {"precall_begin", "call_join", "precall_end"} <= set(events)
    assert keys(events["precall_begin"]) == {"type": None, "timestamp": None}
    assert set(events["call_join"]["metadata"]["peer_meta_data"]) == names(
        "user_id peer_id display_name room_u_u_i_d room_view_type room_name device_info sdk_name sdk_version "
        "meta_data permissions meeting_env"
    )
    assert keys(events["precall_end"]["metadata"]) == {
        "connection_info": {
            "ip_details": {
                **dict.fromkeys(["city", "country", "region", "loc", "timezone", "ip", "postal"]),
                "asn": {"asn": None},
            },
            "effective_network_type": None,
            "location": {"coords": {"latitude": None, "longitude": None}},
            "turn_connectivity": None,
            "connectivity": {"host": None, "relay": None, "reflexive": None},
            **dict.fromkeys(["throughput", "fractional_loss", "r_t_t", "jitter", "backend_r_t_t"]),
        }
    }
    place = ["city", "country", "timezone", "region", "ipv4", "ip_location", "org"]
    assert keys(stats) == {
        "device_info": dict.fromkeys(
            names(
                "browser browser_version cpus engine is_mobile os os_version sdk_name sdk_version user_agent "
                "webgl_support"
            )
        ),
        "ip_information": {**dict.fromkeys(place), "asn": {"asn": None}},
        "precall_network_information": dict.fromkeys(
            names(
                "backend_rtt effective_networktype fractional_loss jitter reflexive_connectivity relay_connectivity "
                "rtt throughput turn_connectivity"
            )
        ),
    }
    join = events["call_join"]["metadata"]["peer_meta_data"]
    assert (join["room_u_u_i_d"], join["room_name"], join["display_name"]) == ("session", "meeting", "Ana")


def test_a_peer_alone_consumes_nothing() -> None:
    alone = call(others=[("before", -90, -10), ("leaves-as-we-join", -90, 0), ("after", 700, 800)])
    report = peer_report(alone)
    for kind in ("audio", "video"):
        assert report["quality"][f"{kind}_consumer"] == []
        assert report["quality"][f"{kind}_consumer_cumulative"] == {}
    assert report["metadata"]["candidate_pairs"]["consuming_transport"] == []
    # Exactly what was recorded of a peer that was alone.
    assert quality_stats(alone) == {
        "audio_stats": [],
        "video_stats": [],
        "peer_ids": ["peer-0"],
        "start": None,
        "end": None,
        "total_audio_packets": 0,
        "total_audio_packets_lost": 0,
        "total_video_packets": 0,
        "total_video_packets_lost": 0,
        "first_audio_packet_received": None,
        "first_video_packet_received": None,
        "last_audio_packet_received": None,
        "last_video_packet_received": None,
        "average_quality": 0,
        "audio_bandwidth": 0,
        "video_bandwidth": 0,
    }


def share(outcomes: list[bool]) -> Any:
    return pytest.approx(outcomes.count(True) / len(outcomes), abs=1e-6)


def check_percentiles(block: dict[str, float], values: list[float]) -> None:
    assert block["avg"] == pytest.approx(sum(values) / len(values), abs=1e-5)
    for percent in (50, 75, 90):
        value = block[f"p{percent}"]  # the least value that is not exceeded by so many percent of the samples
        assert value in values
        assert sum(v <= value for v in values) >= len(values) * percent / 100 > sum(v < value for v in values)


def check_latency(block: dict[str, float], milliseconds: list[float]) -> None:
    assert block["avg"] == pytest.approx(sum(milliseconds) / len(milliseconds), abs=1e-5)
    for limit in (100, 250, 500):
        assert block[f"{limit}ms_or_greater_event_fraction"] == share([v >= limit for v in milliseconds])


@pytest.mark.parametrize("peer_id", PEERS)
def test_cumulative_blocks_follow_from_the_samples(peer_id: str) -> None:
    quality = peer_report(call(peer_id, 1800, others=TWO))["quality"]
    for name in SAMPLES:
        samples, block = quality[name], quality[f"{name}_cumulative"]
        check_percentiles(block["quality_mos"], [s["mos_quality"] for s in samples])
        sent = [s["packets_sent"] if "producer" in name else s["packets_received"] + s["packets_lost"] for s in samples]
        losses = [100 * s["packets_lost"] / total if total else 0 for s, total in zip(samples, sent, strict=True)]
        assert block["packet_loss"]["avg"] == pytest.approx(sum(losses) / len(losses), abs=1e-5)
        for limit in (5, 10, 25, 50):
            fraction = block["packet_loss"][f"{limit}_or_greater_event_fraction"]
            assert fraction == share([loss >= limit for loss in losses])
        if "producer" in name:
            check_latency(block["rtt"], [round(s["rtt"] * 1000, 6) for s in samples])
        else:
            waits = [(s["jitter_buffer_delay"], s["jitter_buffer_emitted_count"]) for s in samples]
            check_latency(
                block["jitter_buffer_delay"], [1000 * delay / count if count else 0 for delay, count in waits]
            )
        if "video" in name:
            check_percentiles(block["frame_per_second"], [s["frames_per_second"] for s in samples])
            check_percentiles(block["frame_width"], [s["frame_width"] for s in samples])
            issues = block["issues"]
            assert issues["no_video_fraction"] == share([s["frames_per_second"] == 0 for s in samples])
            assert issues["poor_resolution_fraction"] == share([s["frame_width"] < 320 for s in samples])
            coded = "encoded" if name == "video_producer" else "decoded"
            frames, key_frames = (sum(s[f"{prefix}frames_{coded}"] for s in samples) for prefix in ("", "key_"))
            assert block[f"key_frames_{coded}_fraction"] == pytest.approx(key_frames / frames, abs=1e-6)
    producer = quality["video_producer"]
    reasons = [s["quality_limitation_reason"] for s in producer]
    block = quality["video_producer_cumulative"]
    assert block["high_negative_feedback_fraction"] == share([s["pli_count"] + s["fir_count"] >= 2 for s in producer])
    assert block["issues"]["cpu_quality_limitation_fraction"] == share([r == "cpu" for r in reasons])
    assert block["issues"]["bandwidth_quality_limitation_fraction"] == share([r == "bandwidth" for r in reasons])
    assert block["issues"]["quality_limitation_fraction"] == share([r != "none" for r in reasons])
    lagging = [0 < s["frames_per_second"] < 12 for s in quality["video_consumer"]]
    assert quality["video_consumer_cumulative"]["issues"]["lag_fraction"] == share(lagging)


@pytest.mark.parametrize("peer_id", PEERS)
def test_totals_match_the_series(peer_id: str) -> None:
    the_call = call(peer_id, 600, others=TWO)
    report, totals = peer_report(the_call), quality_stats(the_call)
    quality = report["quality"]
    for kind in ("audio", "video"):
        series = quality[f"{kind}_consumer"]
        assert totals[f"total_{kind}_packets"] == sum(s["packets_received"] for s in series) > 0
        assert totals[f"total_{kind}_packets_lost"] == sum(s["packets_lost"] for s in series)
        assert totals[f"{kind}_bandwidth"] == pytest.approx(sum(s["bytes_received"] for s in series) * 8 / 600, abs=1)
        assert totals[f"first_{kind}_packet_received"] == min(s["timestamp"] for s in series)
        assert totals[f"last_{kind}_packet_received"] == max(s["timestamp"] for s in series)
    both = [*quality["audio_consumer"], *quality["video_consumer"]]
    assert totals["average_quality"] == pytest.approx(sum(s["mos_quality"] for s in both) / len(both), abs=0.006)
    assert (totals["start"], totals["end"]) == (min(s["timestamp"] for s in both), max(s["timestamp"] for s in both))
    pairs = report["metadata"]["candidate_pairs"]
    sent = sum(s["packets_sent"] for s in [*quality["audio_producer"], *quality["video_producer"]])
    assert pairs["producing_transport"][0]["packets_sent"] == sent
    assert pairs["consuming_transport"][0]["packets_received"] == sum(s["packets_received"] for s in both)


def test_same_in_another_process() -> None:
    code = (
        "import json; from datetime import datetime, UTC; from realtimekit.emulator.quality import *;"
        "a, b = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 9, tzinfo=UTC);"
        "c = CallLeg('p', 'u', 's', 'n', 'c', 'm', a, b, [('o', a, b)]);"
        "print(json.dumps([peer_report(c), peer_stats(c), quality_stats(c)]))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": path},
        ).stdout
        for seed in ("1", "2")
        for path in [":".join(sys.path)]
    ]
    assert runs[0] == runs[1] != b""


def test_peers_differ_and_every_profile_occurs() -> None:
    reports = {peer: peer_report(call(peer, 1800)) for peer in PEERS}
    pairs = [r["metadata"]["candidate_pairs"]["producing_transport"][0] for r in reports.values()]
    assert {pair["local_candidate_network_type"] for pair in pairs} == {"ethernet", "wifi", "cellular"}
    relays = [pair for pair in pairs if pair["local_candidate_type"] == "relay"]
    assert relays
    assert all(pair["local_candidate_url"].endswith("?transport=tcp") for pair in relays)
    reasons = [{s["quality_limitation_reason"] for s in r["quality"]["video_producer"]} for r in reports.values()]
    assert {"none"} in reasons
    assert {"none", "cpu"} in reasons
    assert {"none", "bandwidth"} in reasons
    ssrcs = [r["quality"]["audio_producer"][0]["ssrc"] for r in reports.values()]
    assert len(set(ssrcs)) == len(PEERS)


def test_loss_comes_in_bursts_of_several_samples() -> None:
    runs: list[int] = []
    for peer in PEERS:
        run = 0
        for sample in peer_report(call(peer, 3600))["quality"]["video_producer"]:
            limited = sample["quality_limitation_reason"] == "bandwidth"
            if run and not limited:
                runs.append(run)
            run = run + 1 if limited else 0
            assert limited or sample["packets_lost"] <= 0.05 * sample["packets_sent"] + 1
    assert len(runs) > 20
    assert min(runs) >= 3


@pytest.mark.parametrize("peer_id", PEERS)
def test_streams_keep_their_names_and_meet_in_both_reports(peer_id: str) -> None:
    quality = peer_report(call(peer_id, others=TWO))["quality"]
    for kind in ("audio", "video"):
        produced = quality[f"{kind}_producer"]
        assert len({(s["producer_id"], s["ssrc"], s["mid"]) for s in produced}) == 1
        consumed = quality[f"{kind}_consumer"]
        streams = {(s["peer_id"], s["consumer_id"], s["producer_id"], s["ssrc"], s["mid"]) for s in consumed}
        assert len(streams) == 2
        assert len({consumer_id for _, consumer_id, *_ in streams}) == 2
        for other, _, producer_id, *_ in streams:
            assert peer_report(call(other))["quality"][f"{kind}_producer"][0]["producer_id"] == producer_id


def test_consumer_samples_stay_inside_the_overlap() -> None:
    others = [("early", -50.0, 300.0), ("late", 100.0, 900.0), ("brief", 203.5, 204.0)]
    quality = peer_report(call(seconds=600, others=others))["quality"]
    for kind in ("audio", "video"):
        by_peer = {other: [s for s in quality[f"{kind}_consumer"] if s["peer_id"] == other] for other, *_ in others}
        assert len(by_peer["brief"]) == 1
        assert len(by_peer["early"]) == pytest.approx(300 / 7, abs=2)
        assert len(by_peer["late"]) == pytest.approx(500 / 7, abs=2)
        for other, start, end in others:
            for sample in by_peer[other]:
                at = moment(sample["timestamp"])
                assert after(start) - timedelta(milliseconds=1) <= at <= min(after(end), after(600))


def test_speech_makes_more_bytes() -> None:
    samples = peer_report(call(seconds=600, spoke=[(100, 200), (150, 205)]))["quality"]["audio_producer"]
    for sample in samples:
        seconds = (moment(sample["timestamp"]) - JOINED).total_seconds()
        per_packet = sample["bytes_sent"] / sample["packets_sent"]
        if 108 <= seconds <= 199:
            assert per_packet > 60
        elif not 100 <= seconds <= 213:
            assert per_packet == pytest.approx(18, abs=0.5)


@pytest.mark.parametrize(
    ("people", "hours", "samples"),
    [(1, 2, 1029), (2, 2, 1029), (1, 48, 1030), (50, 2, 103), (50, 24, 103), (400, 8, 12)],
)
def test_long_and_big_calls_stay_bounded(people: int, hours: int, samples: int) -> None:
    others = [(f"other-{number}", 0.0, hours * 3600.0) for number in range(people - 1)]
    quality = peer_report(call(seconds=hours * 3600, others=others))["quality"]
    assert samples - 1 <= len(quality["audio_producer"]) <= samples
    assert sum(len(quality[name]) for name in SAMPLES) <= 10_300
    last = moment(quality["audio_producer"][-1]["timestamp"])
    assert after(hours * 3600) - last < timedelta(hours=hours) / (samples - 2)  # to the end, not cut off


def test_addresses_are_for_documentation_only() -> None:
    for peer in PEERS:
        the_call = call(peer, others=TWO)
        texts = strings([peer_report(the_call), peer_stats(the_call)])
        found = [text for text in texts if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", text) and not text.endswith(".0.0")]
        assert found
        for text in found:
            assert any(ipaddress.ip_address(text) in network for network in NETWORKS), text


seconds_of_a_call = st.floats(0, 5_000)


@fuzzed(25)
@given(
    peer_id=st.text(max_size=12),
    seconds=seconds_of_a_call,
    others=st.lists(st.tuples(st.text(max_size=5), st.floats(-900, 5_500), st.floats(-900, 5_500)), max_size=4),
    spoke=st.lists(st.tuples(seconds_of_a_call, seconds_of_a_call), max_size=4),
)
def test_bounds(
    peer_id: str, seconds: float, others: list[tuple[str, float, float]], spoke: list[tuple[float, float]]
) -> None:
    the_call = call(peer_id, seconds, others, spoke)
    report = peer_report(the_call)
    assert report == peer_report(the_call)
    for block in (report, peer_stats(the_call), quality_stats(the_call)):
        assert json.loads(json.dumps(block, allow_nan=False)) == block
    quality = report["quality"]
    for name in ("audio_producer", "video_producer"):
        assert quality[name]
        assert all(a["timestamp"] < b["timestamp"] for a, b in pairwise(quality[name]))
    first = JOINED.replace(microsecond=332_000)  # timestamps are cut to milliseconds
    for name in SAMPLES:
        for sample in quality[name]:
            check_sample(sample)
            assert first <= moment(sample["timestamp"]) <= the_call.left_at


def check_sample(sample: dict[str, Any]) -> None:
    numbers = {key: value for key, value in sample.items() if isinstance(value, int | float)}
    assert all(math.isfinite(value) and value >= 0 for value in numbers.values())
    assert 1 <= sample["mos_quality"] <= 5
    assert numbers.get("rtt", 0) < 2
    assert numbers["jitter"] < 1
    assert sample["packets_lost"] <= sample.get("packets_sent", math.inf)
    assert numbers["ssrc"] < 2**32
    assert numbers.get("frames_per_second", 0) <= 60
    if "quality_limitation_reason" in sample:
        durations, reason = sample["quality_limitation_durations"], sample["quality_limitation_reason"]
        assert set(durations) == {"none", "cpu", "bandwidth", "other"}
        assert {key for key, value in durations.items() if value > 0} <= {"none", reason}


@pytest.mark.parametrize("peer_id", PEERS)
def test_rates_and_scores_are_plausible(peer_id: str) -> None:
    quality = peer_report(call(peer_id, 1800, others=TWO))["quality"]
    audio, video = quality["audio_producer"], quality["video_producer"]
    assert audio[0]["rtt"] == 0  # no receiver report yet, as recorded
    assert audio[0]["packets_sent"] <= 10  # the first sample comes right after the join
    # A stream that began during the call counts from its beginning, not from the sample before.
    late = next(s for s in quality["audio_consumer"] if s["peer_id"] == "other-2")
    seconds = (moment(late["timestamp"]) - after(100)).total_seconds()
    assert late["packets_received"] + late["packets_lost"] == pytest.approx(50 * seconds, abs=1)
    for before, sample in pairwise(audio):
        seconds = (moment(sample["timestamp"]) - moment(before["timestamp"])).total_seconds()
        assert seconds == pytest.approx(7, abs=0.03)
        assert sample["packets_sent"] == pytest.approx(50 * seconds, abs=1)
    for before, sample in pairwise(video):
        seconds = (moment(sample["timestamp"]) - moment(before["timestamp"])).total_seconds()
        assert 30_000 < sample["bytes_sent"] * 8 / seconds < 2_000_000
        assert sum(sample["quality_limitation_durations"].values()) == pytest.approx(seconds, abs=0.002)
        assert sample["frames_encoded"] == pytest.approx(sample["frames_per_second"] * seconds, abs=1)
    # Worse in every respect cannot score better; a clean line scores well, a broken one badly.
    ranked = [(100 * s["packets_lost"] / s["packets_sent"], s["rtt"], s["jitter"], s["mos_quality"]) for s in audio]
    for loss, rtt, jitter, mos in ranked:
        assert all(mos <= m for lo, r, j, m in ranked if lo <= loss and r <= rtt and j <= jitter)
        if loss < 0.5 and rtt < 0.1:
            assert mos > 4
        if loss > 20:
            assert mos < 2.5


PARTS = {
    "device_info": {"metadata.device_info", "metadata.browser_metadata", "peer_stats.device_info"},
    "ip_information": {"metadata.ip_information", "peer_stats.ip_information"},
    "precall_network_information": {"metadata.pc_metadata", "peer_stats.precall_network_information"},
    "events": {"metadata.events", "peer_stats.events"},
    "quality_stats": {"peer_report.quality", "quality_stats"},
}


def participant() -> dict[str, Any]:
    the_call = call(seconds=30, others=TWO)
    blocks = {"peer_stats": peer_stats(the_call), "quality_stats": quality_stats(the_call)}
    return {"id": "peer-0", "duration": 0.5, "peer_events": [], **blocks, "peer_report": peer_report(the_call)}


def paths(value: dict[str, Any]) -> set[str]:
    blocks = {"": value, "peer_stats.": value["peer_stats"], "peer_report.": value["peer_report"]}
    blocks["metadata."] = value["peer_report"]["metadata"]
    return {prefix + key for prefix, block in blocks.items() for key in block}


@pytest.mark.parametrize("filters", [[name] for name in PARTS] + [["events", "device_info"], list(PARTS), NO_FILTER])
def test_filters_leave_out_other_parts(filters: list[str]) -> None:
    whole = participant()
    untouched = copy.deepcopy(whole)
    some = filter_parts(whole, filters)
    hidden = {path for name, named in PARTS.items() if filters and name not in filters for path in named}
    assert paths(some) == paths(whole) - hidden
    assert whole == untouched
    assert some["id"] == "peer-0"
    assert some["peer_report"]["metadata"]["sdk_name"] == "web-core"
    if "quality_stats" in filters:
        assert some["peer_report"]["quality"] == whole["peer_report"]["quality"]


def test_filters_take_a_participant_without_report() -> None:
    assert filter_parts({"id": "x"}, ["events"]) == {"id": "x"}
