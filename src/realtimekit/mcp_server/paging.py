"""Cursors: where the next page of a result begins."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import Any, TypeVar

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel

T = TypeVar("T", bound=BaseModel | str)
MAX_CHARACTERS = 40_000  # of a result, some 10,000 tokens


class Paging:
    """One call of a tool: where its page begins, and the cursor of the next one.

    A cursor holds a position, and a digest of the tool and its arguments, so that it is refused for others.

    Raises:
        ToolError: the cursor is not one of this call.
    """

    def __init__(self, tool: str, cursor: str | None, limit: int, **arguments: Any) -> None:
        call = json.dumps([tool, limit, arguments], sort_keys=True, default=str)
        self._digest = hashlib.sha256(call.encode("utf-8", "replace")).hexdigest()[:12]
        self.limit: int = limit
        self.start: int = 0 if cursor is None else self._position(cursor)

    def _position(self, cursor: str) -> int:
        try:
            position, digest = json.loads(base64.urlsafe_b64decode(cursor.encode("ascii")))
            if digest == self._digest and isinstance(position, int) and position >= 0:
                return position
        except (ValueError, TypeError):
            pass
        raise ToolError(
            "cursor: not a cursor of this call: pass the `next_cursor` of its last result with the other arguments "
            "unchanged, or leave it out to begin again"
        )

    def cursor(self, position: int) -> str:
        """Return the cursor of the page that begins at this position."""
        return base64.urlsafe_b64encode(json.dumps([position, self._digest]).encode()).decode()

    def paginate(self, items: Iterable[T]) -> tuple[list[T], str | None]:
        """Return the items of this page, and the cursor of the next one; None if this is the last.

        A page has at most `limit` items and `MAX_CHARACTERS`, but always an item.

        Args:
            items: all items, from the first on.
        """
        page: list[T] = []
        characters = 0
        for number, item in enumerate(items):
            if number < self.start:
                continue
            characters += len(item) if isinstance(item, str) else len(item.model_dump_json(exclude_none=True))
            if len(page) == self.limit or (page and characters > MAX_CHARACTERS):
                return page, self.cursor(number)
            page.append(item)
        return page, None
