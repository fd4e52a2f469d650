"""The emulator's clock: real time, plus what it has been advanced by, so that a test can skip days of retention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from realtimekit.emulator.http import bad_request

MAX_ADVANCE_SECONDS = 100 * 365 * 86400


class Clock:
    """Real time, and how far it has been advanced."""

    def __init__(self, ahead_seconds: float = 0.0) -> None:
        self.ahead: timedelta = timedelta(seconds=ahead_seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advanced(self, seconds: float) -> Clock:
        """Return a clock that is further ahead.

        Raises:
            HTTPError: 400, more than a hundred years, at once or in all.
        """
        if seconds > MAX_ADVANCE_SECONDS:
            raise bad_request(f'"advance_seconds" must be a number from 0 to {MAX_ADVANCE_SECONDS}')
        ahead = self.ahead.total_seconds() + seconds
        if ahead > MAX_ADVANCE_SECONDS:
            raise bad_request(f'"advance_seconds" would advance the clock by more than {MAX_ADVANCE_SECONDS} in all')
        return Clock(ahead)


# Times are strings nearly everywhere: as the API writes them, which also sorts them by time.


def format_time(time: datetime) -> str:
    """Return the time as the API writes it: "2026-06-03T10:00:00.000Z". A time without a zone is UTC."""
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def add_seconds(time: str, seconds: float) -> str:
    return format_time(parse_time(time) + timedelta(seconds=seconds))


def seconds_between(start: str, end: str) -> float:
    """Return the seconds from start to end; 0 if the end comes first."""
    return max((parse_time(end) - parse_time(start)).total_seconds(), 0.0)


def minutes_between(start: str, end: str) -> float:
    return round((parse_time(end) - parse_time(start)).total_seconds() / 60, 4)
