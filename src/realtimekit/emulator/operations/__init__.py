"""The operations of the API, one file for each class of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.emulator.routes import KIT, Routes
from realtimekit.emulator.shapes import SAFEST
from realtimekit.emulator.wire import not_found, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row, Store
    from realtimekit.emulator.wire import Answer

API = Routes(KIT)


class Call(NamedTuple):
    """What a handler gets: the checked parts of a request, and the emulator's state."""

    emulator: Emulator
    ids: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    now: str  # the emulator's time, as the API writes it
    origin: str  # where the caller found the emulator: links lead back there

    @property
    def store(self) -> Store:
        return self.emulator.store

    def meeting(self) -> Row:
        """The meeting in the path, or 404."""
        sql = "select * from meetings where id = ? and app_id = ?"
        return found(self.store.row(sql, self.ids["meeting_id"], self.ids["app_id"]))

    def session(self) -> Row:
        """The session in the path, or 404."""
        sql = "select * from sessions where id = ? and app_id = ?"
        return found(self.store.row(sql, self.ids["session_id"], self.ids["app_id"]))


def found(row: Row | None) -> Row:
    if row is None:
        raise not_found()
    return row


DEFAULT_PAGE = 20  # as documented for the apps; the other lists do not say


def page_of(call: Call, sql: str, values: list[Any], order: str) -> tuple[list[Row], dict[str, int]]:
    """One page, by `page_no` and `per_page`, and its `paging`: offsets are 1-based and inclusive."""
    page_no = max(int(call.query.get("page_no", 1)), 1)
    per_page = int(call.query.get("per_page", 0)) or DEFAULT_PAGE
    start = min((page_no - 1) * per_page, SAFEST)
    rows, total = call.store.page(sql, values, order, start, per_page)
    return rows, {
        "total_count": total,
        "start_offset": start + 1 if rows else start,
        "end_offset": start + len(rows),
    }


def listed(call: Call, sql: str, values: list[Any], order: str, shown: Callable[[Row], dict[str, Any]]) -> Answer:
    """A list in its most usual form: `data[]`, with `paging` beside it."""
    rows, paging = page_of(call, sql, values, order)
    return ok([shown(row) for row in rows], paging=paging)


def direction(call: Call, default: str = "DESC") -> str:
    return str(call.query.get("sort_order", default))  # checked to be ASC or DESC


def contains(text: str) -> str:
    """A `like` pattern for texts that hold this one."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
