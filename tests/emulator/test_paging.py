"""Paging, the same for each list: 1-based inclusive offsets, beside the data or inside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from .world import World


class Listing(NamedTuple):
    """How to fill a list, and where its items and its paging are in the response."""

    fill: Callable[[World, int], str]  # returns the path
    items: Callable[[Any], Any]
    paging: Callable[[Any], Any]


def _apps(world: World, count: int) -> str:
    for number in range(count - 1):  # there is one from the start
        world.call("POST", f"{world.kit}/apps", {"name": f"app {number}"})
    return f"{world.kit}/apps"


def _meetings(world: World, count: int) -> str:
    for _ in range(count):
        world.meeting()
    return f"{world.app}/meetings"


def _participants(world: World, count: int) -> str:
    meeting_id = world.meeting()
    for number in range(count):
        world.participant(meeting_id, f"P{number}")
    return f"{world.app}/meetings/{meeting_id}/participants"


def _sessions(world: World, count: int) -> str:
    meeting_id = world.meeting()
    participant_id = world.participant(meeting_id)
    for _ in range(count):
        world.emulator.join(meeting_id, participant_id)
        world.emulator.end(meeting_id)
    return f"{world.app}/sessions"


def _session_participants(world: World, count: int) -> str:
    meeting_id = world.meeting()
    participant_id = world.participant(meeting_id)
    joined = [world.emulator.join(meeting_id, participant_id) for _ in range(count)]
    return f"{world.app}/sessions/{joined[0].session_id}/participants"


LISTS = {
    "apps": Listing(_apps, lambda a: a["data"], lambda a: a["paging"]),
    "meetings": Listing(_meetings, lambda a: a["data"], lambda a: a["paging"]),
    "participants": Listing(_participants, lambda a: a["data"], lambda a: a["paging"]),
    "sessions": Listing(_sessions, lambda a: a["data"]["sessions"], lambda a: a["paging"]),
    "session participants": Listing(
        _session_participants, lambda a: a["data"]["participants"], lambda a: a["data"]["paging"]
    ),
}
each_list = pytest.mark.parametrize("listing", [pytest.param(listing, id=name) for name, listing in LISTS.items()])


def paging(total: int, start: int, end: int) -> dict[str, int]:
    return {"total_count": total, "start_offset": start, "end_offset": end}


@each_list
def test_pages_are_disjoint_complete_and_numbered_from_one(world: World, listing: Listing) -> None:
    path = listing.fill(world, 5)
    pages = [world.call("GET", path, page_no=number, per_page=2).json() for number in (1, 2, 3)]
    assert [listing.paging(page) for page in pages] == [paging(5, 1, 2), paging(5, 3, 4), paging(5, 5, 5)]
    assert [len(listing.items(page)) for page in pages] == [2, 2, 1]
    assert len({item["id"] for page in pages for item in listing.items(page)}) == 5
    whole = world.call("GET", path).json()
    ids = [item["id"] for page in pages for item in listing.items(page)]
    assert ids == [item["id"] for item in listing.items(whole)]


@each_list
def test_a_page_beyond_the_end_is_empty_but_counts(world: World, listing: Listing) -> None:
    response = world.call("GET", listing.fill(world, 2), page_no=4, per_page=5).json()
    assert listing.items(response) == []
    assert listing.paging(response)["total_count"] == 2
    assert listing.paging(response).keys() == paging(0, 0, 0).keys()


@each_list
def test_the_default_is_the_first_page_of_twenty(world: World, listing: Listing) -> None:
    path = listing.fill(world, 21)
    for query in ({}, {"page_no": 1}, {"per_page": 20}, {"page_no": 0, "per_page": 0}):
        if query.get("page_no") == 0 and path.endswith("/apps"):
            assert world.call("GET", path, **query).status == 400  # here alone the description begins at 1
            continue
        response = world.call("GET", path, **query).json()
        assert len(listing.items(response)) == 20
        assert listing.paging(response) == paging(21, 1, 20)
    second = world.call("GET", path, page_no=2).json()
    assert listing.paging(second) == paging(21, 21, 21)


@each_list
def test_a_page_may_be_larger_than_the_list(world: World, listing: Listing) -> None:
    path = listing.fill(world, 3)
    for per_page in ("200", "2e2", "1000000"):
        response = world.call("GET", path, per_page=per_page).json()
        assert len(listing.items(response)) == 3
        assert listing.paging(response) == paging(3, 1, 3)


@each_list
def test_absurd_paging_is_refused(world: World, listing: Listing) -> None:
    path = listing.fill(world, 1)
    for name in ("page_no", "per_page"):
        for value in ("-1", "-0.5", "1.5", "nan", "inf", "-inf", "1e300", "1e16", "", " ", "one", "0x10", "1,2"):
            response = world.call("GET", path, **{name: value})
            assert response.status == 400, (name, value)
            assert response.json()["error"]["message"].startswith(f'BAD_REQUEST: "{name}" must be ')


@each_list
def test_the_largest_numbers_that_are_taken(world: World, listing: Listing) -> None:
    path = listing.fill(world, 1)
    for value in (str(2**40), "999999999999999", "1e14"):
        response = world.call("GET", path, page_no=value, per_page=value)
        assert response.status in {200, 400}
        assert response.json()["success"] is (response.status == 200)


def test_an_empty_list(world: World) -> None:
    assert world.get("/meetings").json() == {"success": True, "data": [], "paging": paging(0, 0, 0)}
    assert world.get("/sessions").json() == {"success": True, "data": {"sessions": []}, "paging": paging(0, 0, 0)}
