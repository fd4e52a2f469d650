"""The server's clock: what `Date` says in its responses. The clock of this machine may be wrong."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from realtimekit.retries import parse_http_date


class ServerClock:
    """The time of the last `Date`, and what has passed since. Thread-safe."""

    def __init__(self) -> None:
        self._read: tuple[float, float] | None = None  # the server's time, and this machine's monotonic one

    def observe(self, headers: Mapping[str, str]) -> None:
        """Learn from the headers of a response. (RFC 9110, 6.6.1: `Date`, to the second.)"""
        if (date := parse_http_date(headers.get("date", ""))) is not None:
            self._read = date, time.monotonic()

    def set(self, now: float) -> None:
        """Take over the server's time, in Unix seconds."""
        self._read = now, time.monotonic()

    def now(self) -> datetime:
        """Return the server's time; this machine's if no response had a `Date`."""
        if self._read is None:
            return datetime.now(UTC)
        date, at = self._read
        return datetime.fromtimestamp(date + time.monotonic() - at, UTC)
