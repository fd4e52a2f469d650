"""The query of a request to an archive: filters, sorting and paging, as the API has them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from realtimekit.values import parse_timestamp

PAGE_SIZE = 25  # where a request does not say


class RefusalError(Exception):
    """A response that is an error, with its HTTP status, and the API's code for it if there is one."""

    status = 400
    code: str | None = None


class Query:
    """The parameters of a request.

    The methods raise `RefusalError` if a parameter has a value that the API would not accept.
    """

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = pairs

    def get(self, name: str) -> str | None:
        """Return the value of a parameter; None if it is missing or empty."""
        return next((value for key, value in self._pairs if key == name and value), None)

    def all(self, name: str) -> list[str]:
        """Return all values of a parameter, which may be repeated or separated by commas."""
        return [part for key, value in self._pairs if key == name for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        return (self.get(name) or "").lower() == "true"

    def time(self, name: str) -> datetime | None:
        value = self.get(name)
        try:
            return None if value is None else parse_timestamp(value)
        except ValueError:
            raise RefusalError(f'"{name}" must be a time in ISO 8601') from None

    def range(self, name: str) -> tuple[int, int] | None:
        """Return a range such as "1:10"."""
        value = self.get(name)
        if value is None:
            return None
        found = re.fullmatch(r"(\d{1,9}):(\d{1,9})", value)
        if found is None:
            raise RefusalError(f'"{name}" must be a range such as 1:10')
        return int(found[1]), int(found[2])

    def descending(self, *, default: bool) -> bool:
        return default if self.get("sort_order") is None else (self.get("sort_order") or "").upper() == "DESC"

    def page(self) -> tuple[int, int]:
        """Return the offset of the page that is asked for, and its size."""
        number, size = (self._integer(name) for name in ("page_no", "per_page"))
        size = size or PAGE_SIZE
        return (max(number, 1) - 1) * size, size

    def _integer(self, name: str) -> int:
        value = self.get(name) or "0"
        if re.fullmatch(r"\d{1,9}", value) is None:
            raise RefusalError(f'"{name}" must be a whole number')
        return int(value)

    def paginate(self, items: list[Any]) -> tuple[list[Any], dict[str, int]]:
        """Return the page of a list that is asked for, and its `paging`."""
        start, size = self.page()
        part = items[start : start + size]
        return part, paging(start, len(part), len(items))


def paging(start: int, count: int, total: int) -> dict[str, int]:
    """Return the position of a page in the whole list."""
    return {"total_count": total, "start_offset": start + 1 if count else 0, "end_offset": start + count}
