"""Summaries: from samples, from aggregates, in milliseconds whatever the unit of the samples."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.quality.parsing import to_datetime
from realtimekit.quality.peer_report import PeerReport
from realtimekit.quality.summary import distribution
from realtimekit.quality.tracks import tracks_of
from realtimekit.quality.units import Units

from .sample_reports import GOOD, START, STEP, recorded, report, samples


def test_the_recorded_shape() -> None:
    audio = PeerReport(recorded()).quality.summary().sent.audio
    assert (audio.source, audio.samples) == ("samples", 6)
    assert (audio.start, audio.end) == (START, START + timedelta(seconds=35))
    assert audio.mos.avg == 1
    assert audio.rtt_ms.size == 5, "an rtt of 0 is not a measurement"
    assert audio.rtt_ms.max == pytest.approx(600)
    assert audio.packets == 1755
    assert audio.bytes == 31590
    assert audio.lost_percent == 0


@pytest.mark.parametrize("name", GOOD)
def test_each_direction_and_kind_of_media(name: str) -> None:
    media, _, role = name.rpartition("_")
    summary = report(**{name: samples(name, 4, packets_lost=3)}).quality.summary()
    (found,) = summary.media()
    direction = {"producer": "sent", "consumer": "received"}[role]
    assert found is getattr(getattr(summary, direction), media)
    assert (found.direction, found.media, found.samples) == (direction, media, 4)
    packets = 300 if direction == "sent" else 303
    assert found.packets == 4 * packets
    assert found.lost_percent == found.packet_loss_percent.p90 == pytest.approx(100 * 3 / packets)
    assert found.jitter_ms.p50 == 4
    assert found.bytes == 80_000
    assert found.rtt_ms.avg == (30 if direction == "sent" else None)
    assert found.jitter_buffer_ms.avg == (None if direction == "sent" else 60)
    assert found.frames_per_second.p50 == (30 if "video" in media else None)


def test_percentiles_are_values_of_samples() -> None:
    made = samples("audio_producer", 10)
    for at, sample in enumerate(made):
        sample["rtt"] = (10 - at) / 100
    rtt = report(audio_producer=made).quality.summary().sent.audio.rtt_ms
    assert [round(value or 0) for value in rtt] == [10, 55, 10, 10, 50, 80, 90, 100]


@given(st.lists(st.floats(0, 1e6) | st.none()))
def test_percentiles_are_in_order(values: list[float | None]) -> None:
    found = distribution(values)
    present = [value for value in values if value is not None]
    assert found.size == len(present)
    if present:
        order = [found.min, found.p10, found.p50, found.p75, found.p90, found.max]
        assert order == sorted(order, key=lambda value: value or 0)
        assert set(order) <= set(present)
        assert sum(value <= (found.p90 or 0) for value in present) >= 0.9 * len(present)


def test_loss_is_of_all_packets_and_never_more_than_all() -> None:
    made = [*samples("audio_producer", 1, packets_sent=900), *samples("audio_producer", 1, packets_lost=100)]
    made[1]["packets_sent"] = 100
    audio = report(audio_producer=made).quality.summary().sent.audio
    assert audio.lost_percent == 10
    assert audio.packet_loss_percent.avg == 50
    too_many = report(audio_producer=samples("audio_producer", 2, packets_lost=999)).quality.summary()
    assert too_many.sent.audio.lost_percent == 100


def test_a_counter_that_was_reset_counts_as_0() -> None:
    made = samples("audio_consumer", 3, packets_lost=30, packets_received=270)
    made[1] |= {"packets_lost": -4000, "bytes_received": -1}
    audio = report(audio_consumer=made).quality.summary().received.audio
    assert audio.packets_lost == 60
    assert audio.bytes == 40_000
    assert audio.lost_percent == pytest.approx(100 * 60 / 870)


def test_aggregates_without_samples() -> None:
    quality: dict[str, Any] = {
        "video_producer_cumulative": {
            "quality_mos": {"avg": 3.5, "p50": 3.6, "p75": 3.9, "p90": 4.2},
            "packet_loss": {"avg": 2.5},
            "rtt": {"avg": 135.7},
            "frame_per_second": {"avg": "24", "p50": None},
        },
        "audio_producer_cumulative": {},
    }
    sent = report(**quality).quality.summary().sent
    assert sent.video.source == "aggregates"
    assert (sent.video.mos.size, sent.video.mos.avg, sent.video.mos.p90, sent.video.mos.max) == (0, 3.5, 4.2, None)
    assert (sent.video.lost_percent, sent.video.rtt_ms.avg, sent.video.frames_per_second.avg) == (2.5, 135.7, 24)
    assert sent.audio.source == "none"


@pytest.mark.parametrize(
    ("rtt", "aggregate", "units", "expected"),
    [
        (0.25, 250, Units(), 250),  # as recorded
        (0.25, None, Units(), 250),
        (250, 250, Units(), 250),  # aggregates and samples agree: both are in milliseconds
        (250, None, Units(), 250_000),
        (250, None, Units(rtt="ms"), 250),
        (250, 250, Units(rtt="s"), 250_000),
    ],
)
def test_the_unit_of_rtt_is_detected(rtt: float, aggregate: Any, units: Units, expected: float) -> None:
    aggregates = {} if aggregate is None else {"rtt": {"avg": aggregate}}
    made = report(audio_producer=samples("audio_producer", rtt=rtt), audio_producer_cumulative=aggregates)
    assert made.quality.summary(units).sent.audio.rtt_ms.avg == pytest.approx(expected)


def test_units_can_be_set() -> None:
    made = report(audio_consumer=samples("audio_consumer", jitter=4, jitter_buffer_delay=12_000))
    audio = made.quality.summary(Units(jitter="ms", jitter_buffer_delay="ms")).received.audio
    assert (audio.jitter_ms.avg, audio.jitter_buffer_ms.avg) == (4, 60)
    with pytest.raises(ValueError, match=r"unit 'us': must be 's' or 'ms'"):
        made.quality.summary(Units(jitter="us"))  # type: ignore[arg-type]


def test_as_json() -> None:
    found = json.loads(json.dumps(report(audio_producer=samples("audio_producer", 2)).quality.summary().to_dict()))
    assert found["sent"]["audio"]["mos"]["avg"] == 4.3
    assert found["sent"]["audio"]["end"] == (START + timedelta(seconds=2 * STEP)).isoformat()
    assert found["received"]["screenshare_video"]["source"] == "none"


def test_a_time_series_adds_up_all_streams() -> None:
    made = [
        *samples("audio_consumer", 3, packets_lost=30, packets_received=270, consumer_id="one"),
        *samples("audio_consumer", 2, packets_lost=0, packets_received=300, consumer_id="two"),
    ]
    (track,) = [track for track in tracks_of({"audio_consumer": made}) if track.rows]
    buckets = track.time_series(lambda track: (track.packets_lost, track.packets)).buckets
    assert [bucket.value for bucket in buckets] == [0.05, 0.05, 0.1]
    assert [to_datetime(bucket.end) for bucket in buckets] == [START + timedelta(seconds=STEP * at) for at in (1, 2, 3)]
    assert buckets[0].start == START.timestamp()
