"""Which minutes are charged, as what, whatever the records hold."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.costs.prices import read_prices
from realtimekit.costs.result import Calculation
from realtimekit.costs.usage import SessionRecords, usage_of
from tests.fuzz.examples import fuzzed

from .platform import NOW, START, at, preset, session, stay

PRESETS = {"host": preset(), "caller": preset("caller", "AUDIO_ROOM")}


def charged(records: SessionRecords, presets: dict[str, Any] = PRESETS, now: Any = NOW) -> dict[str, float]:
    found: dict[str, float] = {}
    for usage in usage_of(records, presets, now):
        found[usage.item] = found.get(usage.item, 0) + usage.minutes
    return found


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"participant_group_call": 60}),
        ({"preset_name": "caller"}, {"participant_audio_room": 60}),
        ({"preset_name": "deleted"}, {"participant_unknown": 60}),
        ({"preset_name": None, "role": "caller"}, {"participant_audio_room": 60}),
        # What the preset was counts, not what it is.
        (
            {"peer_events": [{}, {"preset_view_type": None}, {"preset_view_type": "WEBINAR"}]},
            {"participant_webinar": 60},
        ),
        ({"preset_name": "deleted", "peer_events": [{"preset_view_type": "CHAT"}]}, {"participant_chat": 60}),
        ({"peer_events": [{"preset_view_type": "<script>"}, "event"]}, {"participant_group_call": 60}),
        ({"duration": None}, {"participant_group_call": 60}),
        ({"duration": "long", "left_at": None}, {"participant_group_call": 60}),  # to the end of the session
        ({"duration": -5}, {"participant_group_call": 60}),
        ({"duration": 0}, {"participant_group_call": 0}),
        ({"duration": math.inf}, {"participant_group_call": 60}),
        ({"duration": 10**400}, {"participant_group_call": 60}),
        ({"duration": None, "left_at": at(-5)}, {"participant_group_call": 0}),
        ({"duration": None, "joined_at": "yesterday"}, {"participant_group_call": 0}),
    ],
)
def test_participants(fields: dict[str, Any], expected: dict[str, float]) -> None:
    assert charged(SessionRecords(session(), [stay("Ann", **fields)])) == expected


def test_a_session_that_goes_on_counts_up_to_now() -> None:
    live = session(status="LIVE", ended_at=None)
    records = SessionRecords(live, [stay("Ann", 0, None)])
    assert charged(records, now=START + timedelta(minutes=7)) == {"participant_group_call": 7}
    calculation = Calculation(PRESETS, read_prices(), "meeting", START + timedelta(minutes=7))
    calculation.add(SessionRecords({**live, "minutes_consumed": 500}, records.participants))
    costs = calculation.result(None, None)
    assert costs.notes == ["1 session is live, and counted up to now"]
    assert costs.differences == []  # it changes while it is read


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ({"recording_duration": 90}, {"recording": 1.5}),
        ({"recording_duration": 90, "download_url": "x", "audio_download_url": "y"}, {"recording": 1.5}),
        ({"recording_duration": 90, "audio_download_url": "y"}, {"audio_recording": 1.5}),
        ({"recording_duration": 90, "download_audio_url": "y"}, {"audio_recording": 1.5}),
        ({"recording_duration": 90, "download_url": []}, {"track_recording": 1.5}),
        ({"recording_duration": 90, "tracks": 2}, {"track_recording": 1.5}),  # as an archive has it
        ({"started_time": at(0), "stopped_time": at(4)}, {"recording": 4}),
        ({"recording_duration": 0, "started_time": at(0), "stopped_time": at(4)}, {"recording": 4}),
        ({"started_time": at(0), "status": "RECORDING"}, {"recording": 20 * 24 * 60}),  # up to now
        ({"started_time": at(0), "status": "ERRORED"}, {"recording": 0}),
        ({"status": "INVOKED"}, {"recording": 0}),
        ({"recording_duration": [], "started_time": {}}, {"recording": 0}),
    ],
)
def test_recordings(recording: dict[str, Any], expected: dict[str, float]) -> None:
    assert charged(SessionRecords(session(), recordings=[recording])) == expected


@pytest.mark.parametrize(
    ("fields", "transcribes", "enabled", "expected"),
    [
        ({}, False, False, {}),
        ({}, None, False, {}),
        ({}, True, False, {"transcription_after_meeting": 60}),
        ({}, False, True, {"transcription_live": 60}),
        ({}, True, True, {"transcription_live": 60, "transcription_after_meeting": 60}),
        ({"status": "LIVE", "ended_at": None}, True, False, {}),
        # What the platform says is no estimate, also if it is 0.
        ({"transcription_minutes_consumed": 12.5}, True, False, {"transcription_after_meeting": 12.5}),
        ({"transcription_minutes_consumed": 0}, True, False, {"transcription_after_meeting": 0}),
        ({"transcription_minutes_consumed": 12.5}, False, True, {"transcription_live": 12.5}),
        ({"transcription_minutes_consumed": "many"}, True, False, {"transcription_after_meeting": 60}),
    ],
)
def test_transcription(
    fields: dict[str, Any], transcribes: bool | None, enabled: bool, expected: dict[str, float]
) -> None:
    meeting = None if transcribes is None else {"transcribe_on_end": transcribes}
    records = SessionRecords(session(**fields), [stay("Ann")], meeting=meeting)
    found = charged(records, {"host": preset(transcription_enabled=enabled)})
    assert {item: minutes for item, minutes in found.items() if item.startswith("transcription")} == expected


@pytest.mark.parametrize(
    ("consumed", "is_named"),
    [(60, False), (60.9, False), (59.1, False), (62, True), (0, True), (None, False), ("sixty", False)],
)
def test_minutes_that_do_not_add_up(consumed: Any, is_named: bool) -> None:
    calculation = Calculation(PRESETS, read_prices(), "meeting", NOW)
    calculation.add(SessionRecords(session(minutes_consumed=consumed), [stay("Ann")]))
    assert bool(calculation.result(None, None).differences) == is_named


def test_rounding_in_a_long_session_is_no_difference() -> None:
    calculation = Calculation(PRESETS, read_prices(), "meeting", NOW)
    calculation.add(SessionRecords(session(minutes_consumed=1009), [stay("Ann", 0, 1000)]))
    assert calculation.result(None, None).differences == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(at(3)),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(), child, max_size=3),
    max_leaves=5,
)
NAMES = (
    "id", "associated_id", "meeting_display_name", "status", "started_at", "ended_at", "created_at", "duration",
    "minutes_consumed", "transcription_minutes_consumed", "joined_at", "left_at", "peer_events", "preset_name",
    "custom_participant_id", "user_id", "display_name", "recording_duration", "started_time", "stopped_time",
    "download_url", "audio_download_url", "ingest_seconds", "transcribe_on_end", "config", "permissions", "name",
)  # fmt: skip
RECORD = st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12)


@fuzzed(15)
@given(st.builds(SessionRecords, RECORD, *[st.lists(RECORD, max_size=3)] * 3, RECORD), RECORD, st.sampled_from(
    ["meeting", "preset", "day", "participant"]
))  # fmt: skip
def test_any_records(records: SessionRecords, preset: dict[str, Any], by: Any) -> None:
    """Whatever the platform sends, there are costs, and they are numbers."""
    calculation = Calculation({"": preset}, read_prices(), by, NOW)
    calculation.add(records)
    costs = calculation.result(None, None)
    assert costs.cost >= 0
    assert all(line.minutes >= 0 for line in costs.lines)
    costs.to_dict()
