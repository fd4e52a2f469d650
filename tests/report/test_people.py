"""Who was there, and when: by events where there are any, by the participant where there are none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import RealtimeKit, SessionParticipant
from realtimekit.report.people import people_of

CLIENT = RealtimeKit(api_token="x", account_id="a", app_id="b")  # sends nothing
START = datetime(2026, 3, 2, 14, tzinfo=UTC)
ENDED = START + timedelta(hours=1)
Stays = list[tuple[int, int | None]]


def at(minute: int) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def peer(**data: Any) -> SessionParticipant:
    return SessionParticipant(data, client=CLIENT, scope={})


def event(name: str, minute: int) -> dict[str, str]:
    return {"event_name": f"PEER_{name}", "created_at": at(minute)}


def minutes(participants: list[SessionParticipant], ended: datetime | None = ENDED) -> list[Stays]:
    def minute(moment: datetime | None) -> int | None:
        return None if moment is None else round((moment - START) / timedelta(minutes=1))

    people = people_of(participants, ended)
    return [[(minute(stay.start) or 0, minute(stay.end)) for stay in person.stays] for person in people]


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
def test_the_stays_of_a_participant(data: dict[str, Any], expected: Stays) -> None:
    assert minutes([peer(id="p", **data)]) == [expected]


def test_who_is_still_there_has_no_end() -> None:
    assert minutes([peer(id="p", joined_at=at(5))], ended=None) == [[(5, None)]]
    still = [peer(id="p", user_id="u", joined_at=at(5)), peer(id="q", user_id="u", joined_at=at(6), left_at=at(7))]
    assert minutes(still, ended=None) == [[(5, None)]]


@pytest.mark.parametrize(
    ("first", "second", "people"),
    [
        ({"custom_participant_id": "c"}, {"custom_participant_id": "c"}, 1),
        ({"custom_participant_id": "c", "user_id": "u"}, {"custom_participant_id": "d", "user_id": "u"}, 2),
        ({"user_id": "u"}, {"user_id": "u"}, 1),
        ({}, {}, 2),
        ({"display_name": "Ann"}, {"display_name": "Ann"}, 2),  # a name is nobody's own
    ],
)
def test_peers_of_one_participant_are_one_person(first: dict[str, Any], second: dict[str, Any], people: int) -> None:
    found = people_of([peer(id="p", **first), peer(id="q", **second)], ENDED)
    assert len(found) == people
    assert {"p", "q"} <= frozenset().union(*(person.ids for person in found))


def test_those_without_an_id_are_people_too() -> None:
    assert len(people_of([peer(), peer()], None)) == 2


def test_the_name_that_was_shown_last() -> None:
    peers = [
        peer(id="p", user_id="u", display_name="Ann"),
        peer(id="q", user_id="u", display_name="Anne"),
        peer(id="r", user_id="u"),
    ]
    assert [person.name for person in people_of(peers, None)] == ["Anne"]


@given(st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), min_size=1, max_size=8))
def test_stays_are_in_order_and_apart(times: list[tuple[int, int]]) -> None:
    peers = [
        peer(id=str(number), user_id="u", joined_at=at(start), left_at=at(max(start, end)))
        for number, (start, end) in enumerate(times)
    ]
    ((*stays,),) = minutes(peers)
    flat = [moment for stay in stays for moment in stay]
    assert flat == sorted(flat, key=lambda moment: -1 if moment is None else moment)
    assert all(before[1] != after[0] for before, after in pairwise(stays))
    covered = {minute for start, end in times for minute in range(start, max(start, end))}
    assert sum((end or 0) - start for start, end in stays) == len(covered)
