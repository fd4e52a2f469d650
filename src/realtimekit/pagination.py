"""Pagination: where a page lies in the whole, which page to request next, and when to stop. No I/O."""

from __future__ import annotations

from typing import Any, NamedTuple

from realtimekit.responses import to_int, unwrap


class Paging(NamedTuple):
    """The position of a page in the whole list. Offsets are 1-based and inclusive; None if the server did not say."""

    total_count: int | None = None
    start_offset: int | None = None
    end_offset: int | None = None


def paging(body: Any) -> Paging:
    """Return the `paging` of a list, which is next to `data` or inside it."""
    for parent in (body, unwrap(body)):
        if isinstance(parent, dict) and isinstance(found := parent.get("paging"), dict):
            return Paging(*(to_int(found.get(name)) for name in Paging._fields))
    return Paging()


class Paginator:
    """Decides which page to request next, and when to stop.

    `paging` is trusted if it fits its page and lies after every `paging` trusted before. If it is missing or wrong,
    pagination continues until a page is empty or contains nothing new, so that it also ends with a server that ignores
    `page_no`. A short page does not end it: the server may send fewer records than it was asked for.
    """

    def __init__(self, first_page: int = 1, limit: int | None = None) -> None:
        self.page_no: int | None = first_page  # the page to request next; None at the end
        self.last_page: int | None = None  # the last page to request, if it is known
        self._limit_left = limit
        self._previous: list[Any] = []
        self._end = 0  # the last offset that was trusted
        self._seen: set[Any] = set()  # keys of pages without a trusted `paging`, and of the page before each

    def accept(self, keys: list[Any], paging: Paging, matching: int | None = None) -> int:
        """Record a page and return how many of its records count.

        `keys` are the ids of the records, and None for each null entry, which the server counts as well. If only some
        of the records match, `matching` says how many: then the limit counts these, and the number of pages is unknown.
        """
        size = len(keys)
        count = size - keys.count(None)
        repeated = keys == self._previous
        if self.page_no is None or not keys or (repeated and count):
            self.page_no = None
            return 0
        before, self._previous = self._previous, keys
        remaining = None
        total, start, end = paging
        if (
            total is not None
            and end is not None
            and self._end + size <= end <= total
            and start in (None, end - size + 1)
        ):
            remaining, self._end = total - end, end
        else:
            self._seen.update(before)
            if repeated or (count and self._seen.issuperset(keys)):
                self.page_no = None
                return 0
            self._seen.update(keys)
        if matching is not None:
            count = matching
        if self._limit_left is not None:
            count = min(count, self._limit_left)
            self._limit_left -= count
            if matching is None or self._limit_left == 0:
                remaining = self._limit_left if remaining is None else min(remaining, self._limit_left)
            if self._limit_left == 0:
                remaining = 0
        self.last_page = None if remaining is None else self.page_no - (-remaining // size)
        self.page_no = None if remaining == 0 else self.page_no + 1
        return count
