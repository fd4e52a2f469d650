"""Pages of an app's sessions by time, at about the same cost whether there are a thousand or a hundred thousand.

The table `session_counts`, which triggers keep up to date, says how many sessions each hour has. The sum is the total,
and it says in which hour a page begins, so that only sessions of that hour have to be skipped one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from realtimekit.emulator.store import Row, Store


def page_by_time(
    store: Store, app_id: str, status: str | None, start: int, count: int, *, direction: str
) -> tuple[list[Row], int]:
    """Return `count` sessions from the offset `start` on, ordered by `created_at`, and how many there are in all.

    The status is LIVE, ENDED, or None for both; the direction is ASC or DESC.
    """
    condition, values = ("app_id = ?", [app_id]) if status is None else ("app_id = ? and status = ?", [app_id, status])
    counts = f"sum(total) as total from session_counts where {condition}"
    days = store.rows(f"select day as part, {counts} group by day order by day {direction}", *values)
    total = sum(day["total"] for day in days)
    if start >= total:
        return [], total
    day, skipped = _locate(days, start)
    sql = f"select hour as part, {counts} and day = ? group by hour order by hour {direction}"
    hour, before = _locate(store.rows(sql, *values, day), start - skipped)
    compare, bound = ("<", f"{day}T{hour}~") if direction == "DESC" else (">=", f"{day}T{hour}")  # "~" sorts last
    sql = (
        f"select * from sessions where {condition} and created_at {compare} ?"
        f" order by created_at {direction}, number {direction} limit ? offset ?"
    )
    return store.rows(sql, *values, bound, count, start - skipped - before), total


def _locate(parts: Iterable[Row], start: int) -> tuple[str, int]:
    """Return the day or hour that the offset falls into, and how many sessions come before it."""
    before = 0
    for part in parts:
        if start < before + part["total"]:
            return part["part"], before
        before += part["total"]
    raise AssertionError(f"{start} is beyond {before}")
