"""The emulator's clock: real time, moved on as told, so that days of retention pass in a test."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Real time, and how far it has been moved on."""

    def __init__(self, ahead_seconds: float = 0.0) -> None:
        self.ahead: timedelta = timedelta(seconds=ahead_seconds)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """As the API writes it: "2026-06-03T10:00:00.000Z". A time without a zone is UTC."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
