"""The meetings of the sessions of a sync."""

from __future__ import annotations

import contextlib
import threading

from realtimekit.archive.reader import RawResponse, Reader
from realtimekit.errors import NotFoundError
from realtimekit.flow import Flow
from realtimekit.paths import encode_segment

MEETINGS = 500  # that are remembered during a sync


class Meetings:
    """The meetings of the sessions of one sync, each read once as long as it is among the last that were needed."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._found: dict[str, RawResponse | None] = {}
        self._lock = threading.Lock()

    def get(self, meeting_id: str) -> Flow[RawResponse | None]:
        """Return a meeting; None if there is none."""
        with self._lock:
            if meeting_id in self._found:
                return self._found[meeting_id]
        response: RawResponse | None = None
        with contextlib.suppress(NotFoundError):
            response = yield from self._reader.get(f"/meetings/{encode_segment('meeting_id', meeting_id)}")
        with self._lock:
            while len(self._found) >= MEETINGS:
                del self._found[next(iter(self._found))]
            self._found[meeting_id] = response
        return response
