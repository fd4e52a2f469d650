"""Reads one app of the API: flows that return the content of a response, byte for byte, and its decoded body."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from realtimekit import responses
from realtimekit.archive.clock import ServerClock
from realtimekit.errors import DecodeError
from realtimekit.execution import Call, exchange
from realtimekit.flow import Flow
from realtimekit.pagination import Paginator, paging
from realtimekit.paths import encode_segment
from realtimekit.settings import Settings

PAGE_SIZE = 100


class RawResponse(NamedTuple):
    """A response: its content, byte for byte, and the same decoded."""

    content: bytes
    body: Any


class Pages(NamedTuple):
    """What the pages of a list said about the whole.

    Attributes:
        first_total, last_total: `total_count` of the first and of the last page; None if the server does not say.
        last_page: the number of the last one that held anything new; of the first one if none did.
    """

    first_total: int | None
    last_total: int | None
    last_page: int


class Listing(NamedTuple):
    """All pages of a list.

    Attributes:
        response: the only page as it came; several are merged into one.
        items: the records on them.
        total: `total_count` of the last page; None if the server does not say.
    """

    response: RawResponse
    items: list[dict[str, Any]]
    total: int | None


class Reader:
    """Reads one app; the clock learns the server's time from each response."""

    def __init__(self, settings: Settings, clock: ServerClock) -> None:
        self.settings = settings
        self.clock = clock
        self.account_id: str = settings.required("account_id")
        self.app_id: str = settings.required("app_id")
        ids = encode_segment("account_id", self.account_id), encode_segment("app_id", self.app_id)
        self._prefix = "/accounts/{}/realtime/kit/{}".format(*ids)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Flow[RawResponse]:
        """Read one path below the app.

        Raises:
            APIError, APIConnectionError: as every call of a client.
        """
        response, body = yield from exchange(self.settings, Call("GET", self._prefix + path, query))
        self.clock.observe(response.headers)
        return RawResponse(response.content, body)

    def get_all(self, path: str, key: str | None = None, query: Mapping[str, Any] | None = None) -> Flow[Listing]:
        """Read all pages of a list.

        Args:
            path: below the app.
            key: the name of the list inside `data`, if it is nested.
            query: its filters.

        Raises:
            DecodeError: a page holds no list of records.
        """
        items, kept = list[dict[str, Any]](), list[RawResponse]()

        def keep(response: RawResponse, found: list[dict[str, Any]]) -> None:
            items.extend(found)
            kept.append(response if not kept else RawResponse(b"", None))

        pages = yield from self.read_pages(path, key, query, keep)
        whole = kept[0] if len(kept) == 1 else _joined(kept[0].body, key, items)
        return Listing(whole, items, pages.last_total)

    def read_pages(
        self,
        path: str,
        key: str | None,
        query: Mapping[str, Any] | None,
        accept: Callable[[RawResponse, list[dict[str, Any]]], object],
        first_page: int = 1,
    ) -> Flow[Pages]:
        """Read the pages of a list, and pass on the records of each: as `get_all`, without keeping them.

        Args:
            path: as in `get_all`.
            key: as in `get_all`.
            query: as in `get_all`.
            accept: takes each page, and the records on it that are new.
            first_page: the number of the page to begin with.
        """
        paginator, last_page = Paginator(first_page), first_page
        totals = list[int | None]()
        while (page_no := paginator.page_no) is not None:
            response = yield from self.get(path, {**(query or {}), "page_no": page_no, "per_page": PAGE_SIZE})
            found = responses.unwrap_list(response.body, key)
            if found is None:
                raise DecodeError(f"GET {path}: the response contains no list of records")
            position = paging(response.body)
            keys = [name if isinstance(name := item.get("id"), str) else json.dumps(item) for item in found]
            count = paginator.accept(keys, position)
            last_page = page_no if count else last_page
            accept(response, found[:count])
            totals.append(position.total_count)
        return Pages(totals[0], totals[-1], last_page)

    def count(self, path: str, query: Mapping[str, Any] | None = None) -> Flow[int | None]:
        """Return `total_count` of a list; None if the server does not say."""
        response = yield from self.get(path, {**(query or {}), "page_no": 1, "per_page": 1})
        return paging(response.body).total_count


def _joined(first: Any, key: str | None, items: list[dict[str, Any]]) -> RawResponse:
    """Return one page with all items, in the shape of the first one."""
    position = {"total_count": len(items), "start_offset": min(1, len(items)), "end_offset": len(items)}
    body = dict(first)
    data = body.get("data")
    if key is not None and isinstance(data, dict):
        body["data"] = {**data, key: items, **({"paging": position} if "paging" in data else {})}
    else:
        body["data"] = items
    if "paging" in body:
        body["paging"] = position
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return RawResponse(content, body)
