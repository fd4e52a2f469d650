"""What continued when everybody else had left: agents, recorders, people, recordings."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from realtimekit.costs.idle_usage import IdleUsage, find_idle_usage
from realtimekit.costs.prices import read_prices
from realtimekit.costs.usage import SessionRecords

from .platform import START, at, preset, session, stay

PRESETS = {
    "host": preset(),
    "agent": preset("agent", hidden_participant=True),
    "recorder": preset("recorder", recorder_type="RECORDER"),
    "old recorder": preset("old recorder", is_recorder=True),
    "nobody": preset("nobody", recorder_type="NONE", hidden_participant=False),
}
NOW = START + timedelta(hours=5)


def left(*participants: dict[str, Any], recordings: Any = (), **fields: Any) -> list[IdleUsage]:
    records = SessionRecords(session(minutes=fields.pop("minutes", 120), **fields), participants, recordings)
    return find_idle_usage(records, PRESETS, read_prices(), NOW)


def brief(found: list[IdleUsage]) -> list[tuple[str, str | None, float]]:
    return [(one.reason, one.name, round(one.minutes, 3)) for one in found]


@pytest.mark.parametrize(
    ("participants", "expected"),
    [
        ([], []),
        ([stay("Ann"), stay("Bob")], []),
        ([stay("Ann", 0, 60), stay("Bob", 0, 69)], []),  # people leave one after the other
        ([stay("Ann", 0, 60), stay("Bob", 0, 70)], [("alone", "Bob", 10)]),
        ([stay("Ann", 0, 60)], []),  # nobody left her behind
        ([stay("Ann", 0, 60), stay("Bob", 61, 100)], []),  # he came later
        ([stay("Ann", 0, 60), stay("Ann", 60, 100, id="phone")], []),  # one person
        ([stay("Ann", 0, 60), stay("Bot", 0, 100, preset_name="agent")], [("hidden", "Bot", 40)]),
        ([stay("Ann", 0, 60), stay("Bot", 0, 65, preset_name="agent")], []),
        ([stay("Ann", 0, 60), stay("R", 5, 100, preset_name="recorder")], [("recorder", "R", 40)]),
        ([stay("Ann", 0, 60), stay("R", 5, 100, preset_name="old recorder")], [("recorder", "R", 40)]),
        ([stay("Ann", 0, 60), stay("B", 5, 100, preset_name="nobody")], [("alone", "B", 40)]),
        # Nobody ever came.
        ([stay("Bot", 0, 100, preset_name="agent")], [("hidden", "Bot", 100)]),
        (
            [stay("Ann", 0, 60), stay("Bot", 0, 80, preset_name="agent"), stay("R", 70, 100, preset_name="recorder")],
            [("hidden", "Bot", 20), ("recorder", "R", 30)],
        ),
        # Two people keep each other company, whatever the agents do.
        ([stay("Ann", 0, 60), stay("Bob", 0, 100), stay("Bot", 0, 100, preset_name="agent")], []),
        ([stay("Ann", 0, 60), stay("Bob", joined_at="soon", left_at=None)], []),
    ],
)
def test_participants(participants: list[dict[str, Any]], expected: list[tuple[str, str, float]]) -> None:
    assert sorted(brief(left(*participants))) == sorted(expected)


def test_what_it_says() -> None:
    (one,) = left(stay("Ann", 0, 60), stay("Bot", 0, 100, preset_name="agent"))
    assert one.to_dict() == {
        "reason": "hidden", "session_id": "s1", "id": "peer-Bot", "name": "Bot", "since": "2026-06-03T11:00:00.000Z",
        "until": "2026-06-03T11:40:00.000Z", "minutes": 40, "cost": pytest.approx(0.08),
    }  # fmt: skip


def test_an_agent_that_is_still_there() -> None:
    agent = stay("Bot", 0, None, preset_name="agent")
    (one,) = left(stay("Ann", 0, 60), agent, status="LIVE", ended_at=None)
    assert (one.until, one.minutes) == (None, 240)
    # As long as somebody is there, it is not idle.
    assert left(stay("Ann", 0, None), agent, status="LIVE", ended_at=None) == []


@pytest.mark.parametrize(
    ("recording", "expected"),
    [
        ({"started_time": at(0), "stopped_time": at(60)}, []),
        ({"started_time": at(0), "stopped_time": at(61)}, []),  # the platform waits for a minute
        ({"started_time": at(0), "stopped_time": at(90)}, [30]),
        ({"started_time": at(70), "stopped_time": at(90)}, [20]),
        ({"started_time": at(0), "status": "RECORDING"}, [240]),
        ({"started_time": at(0), "status": "UPLOADED"}, []),
        ({"status": "INVOKED"}, []),
    ],
)
def test_recordings(recording: dict[str, Any], expected: list[float]) -> None:
    record = {"id": "r", "output_file_name": "r.mp4", **recording}
    found = left(stay("Ann", 0, 60), stay("Bob", 0, 60), recordings=[record])
    assert brief(found) == [("recording", "r.mp4", minutes) for minutes in expected]


def test_a_recording_of_somebody_alone() -> None:
    record = {"id": "r", "started_time": at(0), "stopped_time": at(100)}
    found = left(stay("Ann", 0, 60), stay("Bob", 0, 100), recordings=[record])
    assert brief(found) == [("alone", "Bob", 40), ("recording", None, 40)]


def test_a_recording_of_a_session_without_participants() -> None:
    record = {"id": "r", "started_time": at(0), "status": "RECORDING"}
    assert brief(left(recordings=[record], minutes=60)) == [("recording", None, 240)]
