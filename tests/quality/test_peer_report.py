"""The report as records: every field of the wire can be read, and whatever is missing is empty, never an error."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.emulator.quality import CallLeg, peer_report
from realtimekit.errors import DecodeError
from realtimekit.quality.nested import NestedField
from realtimekit.quality.peer_report import PeerReport
from realtimekit.record import Field, Record
from tests.fuzz.examples import fuzzed

from .sample_reports import GOOD, START, recorded, report, samples

CONTRACT = Path(__file__).parents[3] / "shared/contract/examples/GET_app_id-sessions-peer-report-peer_id.json"


def fields_of(record: Record) -> dict[str, Field]:
    kinds = type(record).__mro__
    return {name: field for kind in kinds for name, field in vars(kind).items() if isinstance(field, Field)}


def read(record: Record) -> list[str]:
    """Read every field, and those of every record below it; returns what the wire has and no field reads."""
    fields = fields_of(record)
    unread = set(record) - {name for field in fields.values() for name in field.wire_names}
    found = [f"{type(record).__name__}.{name}" for name in unread]
    for name in fields:
        value = getattr(record, name)
        for item in value if isinstance(value, list) else [value]:
            found += read(item) if isinstance(item, Record) else []
    return found


def emulated() -> dict[str, Any]:
    start, end = datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, 10, tzinfo=UTC)
    return peer_report(CallLeg("peer-2", "u", "s", "Ana", "c", "m", start, end, [("other", start, end)]))


def contract() -> dict[str, Any]:
    if not CONTRACT.exists():
        pytest.skip("the recorded example is not here")
    (answer,) = json.loads(CONTRACT.read_text(encoding="utf-8"))["ancestor_responses"].values()
    found: dict[str, Any] = answer["data"]["participant"]["peer_report"]
    return found


@pytest.mark.parametrize("make", [recorded, emulated, contract])
def test_every_name_of_a_report_has_a_field(make: Any) -> None:
    raw = make()
    assert read(PeerReport(raw)) == []
    assert PeerReport(raw).to_dict() == raw


def test_the_names_that_begin_with_a_digit() -> None:
    aggregates = PeerReport(recorded()).quality.audio_producer_cumulative
    loss, rtt = aggregates.packet_loss, aggregates.rtt
    assert (loss.at_least_50, loss.at_least_25, loss.at_least_10, loss.at_least_5) == (0.01, 0.02, 0.03, 0.04)
    assert (rtt.at_least_500ms, rtt.at_least_250ms, rtt.at_least_100ms) == (0.1667, 0.3333, 0.3334)
    assert isinstance(aggregates.quality_mos.p90, float), "an integer on the wire"


def test_metadata() -> None:
    metadata = PeerReport(recorded()).metadata
    assert metadata.browser.browser == "Chrome"
    assert metadata.device_info.cpus == 8.0
    assert metadata.ip_information.asn.asn == "AS64496"
    assert metadata.ip_information.org is None
    assert metadata.connections[0].turn_connectivity is True
    assert metadata.events[0].timestamp == START
    assert metadata.candidate_pairs.producing_transport[0].local_candidate_type == "prflx"
    assert metadata.view_type == "groupCall"
    assert "203.0.113" not in repr(PeerReport(recorded())) + repr(metadata) + repr(metadata.ip_information)


@pytest.mark.parametrize("nothing", [None, {}, []])
def test_missing_or_empty_parts(nothing: Any) -> None:
    for empty in (
        PeerReport(nothing),
        PeerReport({"quality": nothing, "metadata": nothing}),
        PeerReport({"quality": dict.fromkeys((*GOOD, *(f"{name}_cumulative" for name in GOOD)), nothing)}),
        PeerReport({"metadata": {"events": nothing, "candidate_pairs": nothing, "device_info": nothing}}),
    ):
        assert read(empty) == []
        assert empty.quality.audio_producer == []
        assert empty.quality.video_producer_cumulative.issues.no_video_fraction is None
        assert empty.metadata.candidate_pairs.producing_transport == []
        assert empty.findings() == []
        assert empty.quality.summary().media() == []


def test_numbers_as_text_and_nulls_in_lists() -> None:
    made = report(audio_producer=[None, {"rtt": "0.25", "packets_lost": "3", "timestamp": None}])
    (sample,) = made.quality.audio_producer
    assert (sample.rtt, sample.packets_lost, sample.timestamp, sample.jitter) == (0.25, 3.0, None, None)
    assert made.quality.summary().sent.audio.rtt_ms.avg == 250


def test_a_field_of_the_wrong_type_is_an_error_only_where_it_is_read() -> None:
    made = report(audio_producer=samples("audio_producer", rtt="fast"), video_producer="none")
    with pytest.raises(DecodeError, match=r"AudioProducerSample.rtt cannot be read"):
        _ = made.quality.audio_producer[0].rtt
    with pytest.raises(DecodeError, match=r"Quality.video_producer cannot be read: expected a list, got str"):
        _ = made.quality.video_producer
    assert made.quality.audio_producer[0].mos_quality == 4.3
    summary = made.quality.summary()
    assert summary.sent.audio.rtt_ms.avg is None
    assert summary.sent.video.source == "none"
    assert made.findings() == []


def test_nothing_is_converted_before_it_is_read() -> None:
    made = report(audio_producer=samples("audio_producer"))
    assert "audio_producer" not in made.quality.__dict__
    first = made.quality.audio_producer[0]
    assert set(first.__dict__) == {"_data"}
    assert made.quality.audio_producer[0] is first


# --- whatever is missing ----------------------------------------------------------------------------------------------

garbage = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


def holed(value: Any, draw: Any, holes: Any) -> Any:
    """A copy in which any part may be gone, or something else."""
    if draw(st.integers(0, 9)) == 0:
        return draw(holes)
    if isinstance(value, dict):
        return {key: holed(item, draw, holes) for key, item in value.items() if draw(st.integers(0, 9))}
    return [holed(item, draw, holes) for item in value] if isinstance(value, list) else value


def whole() -> dict[str, Any]:
    """A small report with something in every list, of a bad call."""
    full = recorded()
    full["quality"] |= {name: samples(name, 3, packets_lost=60, jitter=0.2) for name in GOOD}
    full["quality"]["video_producer"] = samples("video_producer", 3, quality_limitation_reason="cpu")
    full["quality"]["video_consumer"] = samples("video_consumer", 3, frames_per_second=5, frames_dropped=90)
    return full


@fuzzed(40)
@given(st.data())
def test_nothing_raises_whatever_is_missing_or_null(data: st.DataObject) -> None:
    made = PeerReport(holed(whole(), data.draw, st.none()))
    assert read(made) == []
    json.dumps([made.quality.summary().to_dict(), [finding.to_dict() for finding in made.findings()]], allow_nan=False)
    assert made.to_dict() == dict(made._data)


@fuzzed(40)
@given(st.data())
def test_summary_and_findings_skip_whatever_makes_no_sense(data: st.DataObject) -> None:
    raw = holed(whole(), data.draw, garbage)
    made = PeerReport(raw if isinstance(raw, dict) else {})
    json.dumps([finding.to_dict() for finding in made.findings()], allow_nan=False)
    if isinstance(made._data.get("quality") or {}, dict):
        json.dumps(made.quality.summary().to_dict(), allow_nan=False)


def test_the_attribute_of_the_class_is_the_field() -> None:
    assert isinstance(PeerReport.quality, NestedField)
