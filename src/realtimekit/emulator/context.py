"""What a handler works with: the validated request, the world, and the services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.emulator.http import JSON, not_found, ok
from realtimekit.emulator.schema import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.emulator.services import Services
    from realtimekit.emulator.store import Row, Store
    from realtimekit.emulator.world import World

DEFAULT_PAGE_SIZE = 20  # as documented for apps; for the other lists it is not documented


class Context(NamedTuple):
    """What a handler gets."""

    world: World
    services: Services
    path_params: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]
    now: str  # the emulator's time, as the API writes it
    origin: str  # the scheme and host that the client used; links in the response begin with it

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def app_id(self) -> str:
        return self.path_params["app_id"]

    def meeting(self) -> Row:
        """Return the meeting in the path, or raise 404."""
        sql = "select * from meetings where id = ? and app_id = ?"
        return or_404(self.store.row(sql, self.path_params["meeting_id"], self.app_id))

    def session(self) -> Row:
        """Return the session in the path, or raise 404."""
        sql = "select * from sessions where id = ? and app_id = ?"
        return or_404(self.store.row(sql, self.path_params["session_id"], self.app_id))


def or_404(row: Row | None) -> Row:
    if row is None:
        raise not_found()
    return row


class Page(NamedTuple):
    """The page of a list that a request asks for."""

    start: int
    size: int

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Page:
        """Return the page that `page_no` and `per_page` ask for."""
        number = max(int(query.get("page_no", 1)), 1)
        size = int(query.get("per_page", 0)) or DEFAULT_PAGE_SIZE
        return cls(min((number - 1) * size, MAX_SAFE_INTEGER), size)

    def paging(self, count: int, total: int) -> dict[str, int]:
        """Return `paging` for a page with this many rows: offsets are 1-based and inclusive."""
        return {
            "total_count": total,
            "start_offset": self.start + 1 if count else self.start,
            "end_offset": self.start + count,
        }


def paginate(context: Context, sql: str, values: list[Any], order: str) -> tuple[list[Row], dict[str, int]]:
    """Return the rows of the requested page, and its `paging`."""
    page = Page.of(context.query)
    rows, total = context.store.page(sql, values, order, page.start, page.size)
    return rows, page.paging(len(rows), total)


def list_response(
    context: Context, sql: str, values: list[Any], order: str, serialize: Callable[[Row], dict[str, Any]]
) -> JSON:
    """Return a page in its most usual form: `data[]`, with `paging` beside it."""
    rows, paging = paginate(context, sql, values, order)
    return ok([serialize(row) for row in rows], paging=paging)


def sort_direction(context: Context, default: str = "DESC") -> str:
    return str(context.query.get("sort_order", default))  # validated to be ASC or DESC


def apply_filters(context: Context, sql: str, **conditions: str) -> tuple[str, list[Any]]:
    """Return a query of the app's rows with the condition of each filter in the request, and its values.

    Args:
        context: of the request.
        sql: the query without filters; its only value is the app's id.
        conditions: parameter of the request -> condition, with one `?` for its value.
    """
    given = {name: condition for name, condition in conditions.items() if name in context.query}
    return " and ".join([sql, *given.values()]), [context.app_id, *(context.query[name] for name in given)]


def contains(column: str) -> str:
    """Return the condition that a column contains a text, ignoring case. `like` has a limit of 50,000 bytes."""
    return f"instr(lower({column}), lower(?))"
