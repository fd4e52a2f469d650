"""Attendees and when they were present: by their events if there are any, else by the participant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import RealtimeKit, SessionParticipant
from realtimekit.report.attendees import group_participants

CLIENT = RealtimeKit(api_token="x", account_id="a", app_id="b")  # sends nothing
START = datetime(2026, 3, 2, 14, tzinfo=UTC)
ENDED = START + timedelta(hours=1)
Intervals = list[tuple[int, int | None]]


def at(minute: int) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def peer(**data: Any) -> SessionParticipant:
    return SessionParticipant(data, client=CLIENT, scope={})


def event(name: str, minute: int) -> dict[str, str]:
    return {"event_name": f"PEER_{name}", "created_at": at(minute)}


def minutes(participants: list[SessionParticipant], ended: datetime | None = ENDED) -> list[Intervals]:
    def minute(moment: datetime | None) -> int | None:
        return None if moment is None else round((moment - START) / timedelta(minutes=1))

    attendees = group_participants(participants, ended)
    return [
        [(minute(interval.start) or 0, minute(interval.end)) for interval in attendee.attendance]
        for attendee in attendees
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"joined_at": at(5), "left_at": at(9)}, [(5, 9)]),
        ({"joined_at": at(5), "left_at": at(9), "peer_events": []}, [(5, 9)]),
        ({"joined_at": at(5)}, [(5, 60)]),
        ({"created_at": at(4)}, [(4, 60)]),
        ({}, []),
        ({"joined_at": "yesterday"}, []),
        ({"joined_at": at(9), "left_at": at(5)}, [(9, 9)]),
        ({"joined_at": at(70)}, [(70, 70)]),
        (
            {"peer_events": [event("CREATED", 0), event("JOINING", 1), event("LEAVING", 3), event("JOINING", 5)]},
            [(1, 3), (5, 60)],
        ),
        ({"peer_events": [event("LEAVING", 3), event("JOINING", 1)]}, [(1, 3)]),  # in any order
        ({"peer_events": [event("JOINING", 1), event("JOINING", 2), event("LEAVING", 3)]}, [(1, 3)]),
        ({"peer_events": [event("LEAVING", 3)], "joined_at": at(1), "left_at": at(3)}, [(1, 3)]),
        ({"peer_events": [event("SINGING", 3)], "joined_at": at(1), "left_at": at(3)}, [(1, 3)]),
        ({"peer_events": "none", "joined_at": at(1), "left_at": at(3)}, [(1, 3)]),
    ],
)
def test_the_attendance_of_a_participant(data: dict[str, Any], expected: Intervals) -> None:
    assert minutes([peer(id="p", **data)]) == [expected]


def test_an_attendee_who_is_still_present_has_no_end() -> None:
    assert minutes([peer(id="p", joined_at=at(5))], ended=None) == [[(5, None)]]
    still = [peer(id="p", user_id="u", joined_at=at(5)), peer(id="q", user_id="u", joined_at=at(6), left_at=at(7))]
    assert minutes(still, ended=None) == [[(5, None)]]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ({"custom_participant_id": "c"}, {"custom_participant_id": "c"}, 1),
        ({"custom_participant_id": "c", "user_id": "u"}, {"custom_participant_id": "d", "user_id": "u"}, 2),
        ({"user_id": "u"}, {"user_id": "u"}, 1),
        ({}, {}, 2),
        ({"display_name": "Ann"}, {"display_name": "Ann"}, 2),  # a name does not identify a person
    ],
)
def test_peers_of_one_participant_are_one_attendee(first: dict[str, Any], second: dict[str, Any], count: int) -> None:
    found = group_participants([peer(id="p", **first), peer(id="q", **second)], ENDED)
    assert len(found) == count
    assert {"p", "q"} <= frozenset().union(*(attendee.ids for attendee in found))


def test_participants_without_an_id_are_attendees() -> None:
    assert len(group_participants([peer(), peer()], None)) == 2


def test_the_last_display_name_is_used() -> None:
    peers = [
        peer(id="p", user_id="u", display_name="Ann"),
        peer(id="q", user_id="u", display_name="Anne"),
        peer(id="r", user_id="u"),
    ]
    assert [attendee.name for attendee in group_participants(peers, None)] == ["Anne"]


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), min_size=1, max_size=8))
def test_intervals_are_in_order_and_apart(times: list[tuple[int, int]]) -> None:
    peers = [
        peer(id=str(number), user_id="u", joined_at=at(start), left_at=at(max(start, end)))
        for number, (start, end) in enumerate(times)
    ]
    ((*intervals,),) = minutes(peers)
    flat = [moment for interval in intervals for moment in interval]
    assert flat == sorted(flat, key=lambda moment: -1 if moment is None else moment)
    assert all(before[1] != after[0] for before, after in pairwise(intervals))
    covered = {minute for start, end in times for minute in range(start, max(start, end))}
    assert sum((end or 0) - start for start, end in intervals) == len(covered)
