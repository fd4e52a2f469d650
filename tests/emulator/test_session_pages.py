"""Pages of sessions by time: the same as by counting and skipping rows, after any changes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from realtimekit.emulator.session_pages import page_by_time
from realtimekit.emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.emulator.store import Row

SIZES = (1, 7, 20, 1000)


def insert(store: Store, rng: random.Random, number: int) -> None:
    """Insert a session at one of few times, which lie in several hours, days and years, and not in order."""
    year, day, hour, minute = rng.choice((2025, 2026)), rng.choice((1, 2)), rng.choice((0, 9, 23)), rng.choice((0, 59))
    at = f"{year}-01-0{day}T{hour:02}:{minute:02}:00.000Z"
    session: Row = {"id": f"s-{number}", "app_id": rng.choice(("app", "other")), "meeting_id": "m", "title": None}
    session |= {"status": rng.choice(("LIVE", "ENDED")), "live_participants": 0, "max_concurrent_participants": 0}
    session |= {"minutes_consumed": 0.0, "started_at": at, "ended_at": None, "created_at": at, "updated_at": at}
    store.insert("sessions", session)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    rng = random.Random(12)
    for number in range(150):
        insert(store, rng, number)
    for row in rng.sample(store.rows("select id from sessions"), 60):
        store.update("sessions", row["id"], {"status": "ENDED"})
    for row in rng.sample(store.rows("select id from sessions"), 20):
        store.run("delete from sessions where id = ?", row["id"])
    yield store
    store.close()


def by_row(store: Store, app_id: str, status: str | None, direction: str) -> list[Row]:
    sql = (
        f"select * from sessions where app_id = ? and status like ? order by created_at {direction}, number {direction}"
    )
    return store.rows(sql, app_id, status or "%")


@pytest.mark.parametrize("direction", ["ASC", "DESC"])
@pytest.mark.parametrize("status", ["LIVE", "ENDED", None])
@pytest.mark.parametrize("app_id", ["app", "other", "nobody's"])
def test_every_page_is_the_slice(store: Store, app_id: str, status: str | None, direction: str) -> None:
    expected = by_row(store, app_id, status, direction)
    assert app_id == "nobody's" or len(expected) > 5
    for size in SIZES:
        for start in range(len(expected) + 2):
            page, total = page_by_time(store, app_id, status, start, size, direction=direction)
            assert (page, total) == (expected[start : start + size], len(expected))


def test_rolled_back_sessions_are_not_counted(store: Store) -> None:
    def interrupted() -> None:
        with store.transaction():
            for number in range(150, 170):
                insert(store, random.Random(number), number)
            assert page_by_time(store, "app", None, 0, 1000, direction="DESC")[1] > before[1]
            raise KeyboardInterrupt

    before = page_by_time(store, "app", None, 0, 1000, direction="DESC")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert page_by_time(store, "app", None, 0, 1000, direction="DESC") == before


def test_nothing_is_counted_after_a_reset(store: Store) -> None:
    store.clear()
    assert page_by_time(store, "app", None, 0, 20, direction="DESC") == ([], 0)
    insert(store, random.Random(1), 1)
    found = [page_by_time(store, app_id, None, 0, 20, direction="ASC")[1] for app_id in ("app", "other")]
    assert sum(found) == 1
