"""The most recent requests to the API."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.services.agents import AGENTS_PATH, AGENTS_QUERY
from realtimekit.emulator.services.files import FILES_PREFIX

if TYPE_CHECKING:
    from realtimekit.emulator.http import Request, Response

MAX_ENTRIES = 10_000


class RequestLog:
    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=MAX_ENTRIES)

    def add(self, request: Request, response: Response, *, at: str, seconds: float) -> None:
        entry: dict[str, Any] = {"at": at, "method": request.method, "path": request.path}
        if request.path == AGENTS_PATH:  # a token may stand in a parameter that does not exist
            parameters = request.query.split("&")
            entry["query"] = "&".join(part for part in parameters if part.partition("=")[0] in AGENTS_QUERY)
        elif not request.path.startswith(FILES_PREFIX):  # the query of a signed URL gives access
            entry["query"] = request.query
        self._entries.append({
            **entry,
            "status": response.status or None,
            "milliseconds": round(seconds * 1000, 3),
        })  # fmt: skip

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries, oldest first."""
        return list(self._entries)

    def clear(self) -> None:
        self._entries.clear()
