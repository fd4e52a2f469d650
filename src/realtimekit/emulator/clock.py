"""The emulator's clock: real time, moved on as told, so that days of retention pass in a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from realtimekit.emulator.wire import bad_request

FURTHEST = 100 * 365 * 86400  # seconds


class Clock:
    """Real time, and how far it has been moved on."""

    def __init__(self, ahead_seconds: float = 0.0) -> None:
        self.ahead: timedelta = timedelta(seconds=ahead_seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advanced(self, seconds: Any) -> Clock:
        """A clock that is further ahead.

        Raises:
            Refusal: not a number of seconds from 0 on, or more than a hundred years ahead in all.
        """
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= FURTHEST:
            raise bad_request(f'"advance_seconds" must be a number from 0 to {FURTHEST}')
        ahead = self.ahead.total_seconds() + seconds
        if ahead > FURTHEST:
            raise bad_request(f'"advance_seconds" would move the clock on by more than {FURTHEST} in all')
        return Clock(ahead)


def iso(moment: datetime) -> str:
    """As the API writes it: "2026-06-03T10:00:00.000Z". A time without a zone is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
