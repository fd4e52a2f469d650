"""The meetings of the sessions of a sync, and their recordings."""

from __future__ import annotations

import contextlib
import threading
from datetime import datetime
from typing import Any, NamedTuple

from realtimekit.archive.reader import RawResponse, Reader
from realtimekit.errors import NotFoundError
from realtimekit.flow import Flow
from realtimekit.paths import encode_segment

MEETINGS = 500  # that are remembered during a sync
RECORDINGS = 10_000  # as above; those of one meeting at least


class _Recordings(NamedTuple):
    """The recordings of a meeting, by session, how many there are, and when they were read."""

    by_session: dict[str, list[dict[str, Any]]]
    number: int
    read_at: datetime


class MeetingCache:
    """The meetings of the sessions of one sync, each read once as long as it is among the last that were needed."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._found: dict[str, RawResponse | None] = {}
        self._recordings: dict[str, _Recordings] = {}
        self._lock = threading.Lock()
        self._reading: dict[str, threading.Lock] = {}  # by meeting: its recordings are read by one thread

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

    def recordings(self, meeting_id: str | None, session_id: str, ended_at: datetime) -> Flow[list[dict[str, Any]]]:
        """Return the recordings of a session. The API lists them by meeting: all of its history.

        Args:
            meeting_id: of its meeting; None to look among the recordings of all meetings.
            session_id: the session.
            ended_at: when it ended: a list that was read before does not count.
        """
        key = meeting_id or ""
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:
            found = self._recordings.get(key)
            if found is None or found.read_at < ended_at:
                found = yield from self._read_recordings(meeting_id)
                self._remember(key, found)
        return found.by_session.get(session_id, [])

    def _read_recordings(self, meeting_id: str | None) -> Flow[_Recordings]:
        read_at = self._reader.clock.now()
        listing = yield from self._reader.get_all(
            "/recordings", None, {"meeting_id": meeting_id} if meeting_id else None
        )
        by_session: dict[str, list[dict[str, Any]]] = {}
        for recording in listing.items:
            by_session.setdefault(str(recording.get("session_id")), []).append(recording)
        return _Recordings(by_session, len(listing.items), read_at)

    def _remember(self, key: str, found: _Recordings) -> None:
        with self._lock:
            self._recordings.pop(key, None)
            kept = found.number + sum(each.number for each in self._recordings.values())
            while self._recordings and (kept > RECORDINGS or len(self._recordings) >= MEETINGS):
                kept -= self._recordings.pop(next(iter(self._recordings))).number
            self._recordings[key] = found
            for other in self._reading.keys() - self._recordings.keys():
                if not self._reading[other].locked():
                    del self._reading[other]
