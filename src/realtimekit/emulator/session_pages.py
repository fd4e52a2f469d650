"""Pages of an app's sessions by time, at about the same cost whether there are a thousand or a hundred thousand.

The table `session_counts`, which triggers keep, says how many sessions there are in each hour. Their sum is the total,
and it tells in which hour a page begins, so that no more than that hour has to be skipped row by row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row, Store

_FIRST_HOUR = """
with hours as (
    select hour, sum(total) as total from session_counts
    where app_id = ? and status like ? group by hour having sum(total) > 0
)
select hour, before, everything from (
    select hour, sum(total) over (order by hour {direction}) - total as before, sum(total) over () as everything
    from hours
) where before <= ? order by before desc limit 1
"""


def page_by_time(
    store: Store, app_id: str, status: str | None, start: int, count: int, *, direction: str
) -> tuple[list[Row], int]:
    """Return `count` sessions from the offset `start` on, ordered by `created_at`, and how many there are in all.

    The status is LIVE, ENDED, or None for both; the direction is ASC or DESC.
    """
    found = store.row(_FIRST_HOUR.format(direction=direction), app_id, status or "%", start)
    if found is None:
        return [], 0
    hour, before, total = found.values()
    condition, bound = ("<", f"{hour}~") if direction == "DESC" else (">=", hour)  # "~" sorts after all of the hour
    values = [app_id, *([] if status is None else [status]), bound, count, start - before]
    sql = (
        f"select * from sessions where app_id = ? {'' if status is None else 'and status = ?'}"  # noqa: S608 - our own
        f" and created_at {condition} ? order by created_at {direction}, number {direction} limit ? offset ?"
    )
    return store.rows(sql, *values), total
