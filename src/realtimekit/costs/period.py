"""Periods: which sessions count in a month, by their start."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from realtimekit.attendance import Record
from realtimekit.values import try_parse_time, validate_time_range


def day_of(session: Record) -> str | None:
    """Return the UTC date on which a session started; None if it does not say."""
    started = started_at(session)
    return None if started is None else started.astimezone(UTC).date().isoformat()


def started_at(session: Record) -> datetime | None:
    """Return when a session started; when it was created, if it does not say."""
    return try_parse_time(session.get("started_at")) or try_parse_time(session.get("created_at"))


def started_within(session: Record, since: datetime | None, until: datetime | None) -> bool:
    """Return whether a session started in a period; None is no limit."""
    if since is None and until is None:
        return True
    started = started_at(session)
    return started is not None and (since is None or since <= started) and (until is None or started < until)


def period_of(
    month: str | None, since: datetime | None, until: datetime | None, now: datetime
) -> tuple[datetime, datetime]:
    """Return the beginning and the end of a period.

    Args:
        month: a month such as "2026-11", in UTC; None for the current one, if `since` and `until` are None, too.
        since: instead: the beginning. None, with `until`: the beginning of its month.
        until: instead: the end. None, with `since`: now.
        now: this moment.

    Raises:
        ValueError: the month is not valid, a time has no time zone, the period is empty, or both kinds are given.
    """
    if since is None and until is None:
        text = f"{now.astimezone(UTC):%Y-%m}" if month is None else month
        found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text, re.ASCII)
        if found is None or not 1 <= int(found[1]) < 9999:
            raise ValueError(f"month={month!r} is not a month such as '2026-11'")
        year, number_of_month = int(found[1]), int(found[2])
        following = (year, number_of_month + 1) if number_of_month < 12 else (year + 1, 1)
        return datetime(year, number_of_month, 1, tzinfo=UTC), datetime(*following, 1, tzinfo=UTC)
    if month is not None:
        raise ValueError("give month= or since= and until=, not both")
    validate_time_range(since, until)
    end = until or now
    begin = since or end.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    validate_time_range(begin, end)
    return begin, end
