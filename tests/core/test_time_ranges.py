"""An empty time range is one clear error, before anything is sent, wherever a range is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive

from .scripted import Mode, Script

LATE, EARLY = datetime(2026, 6, 4, tzinfo=UTC), datetime(2026, 6, 3, tzinfo=UTC)
PERIOD: dict[str, Any] = {"since": LATE, "until": EARLY}
FILTERS: dict[str, Any] = {"start_time": LATE, "end_time": EARLY}
CALLS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "meetings": (lambda c: c.meetings.where(**FILTERS), "start_time"),
    "sessions": (lambda c: c.sessions.where(**FILTERS), "start_time"),
    "sessions of a meeting": (lambda c: c.meetings.ref("m").sessions.where(**FILTERS), "start_time"),
    "recordings": (lambda c: c.recordings.where(start_time="2026-06-04T00:00:00Z", end_time=EARLY), "start_time"),
    "livestreams": (lambda c: c.livestreams.where(**FILTERS), "start_time"),
    "one after the other": (lambda c: c.sessions.where(end_time=EARLY).where(start_time=LATE), "start_time"),
    "daywise": (lambda c: c.analytics.daywise(start_date=LATE, end_date="2026-06-03"), "start_date"),
    "livestreams daywise": (lambda c: c.analytics.livestreams_daywise(start_time=LATE, end_time=EARLY), "start_time"),
    "livestreams overall": (lambda c: c.analytics.livestreams_overall(start_time=LATE, end_time=EARLY), "start_time"),
    "costs": (lambda c: c.analytics.costs(**PERIOD), "since"),
    "attendance": (lambda c: c.meetings.ref("m").attendance(**PERIOD), "since"),
}
ARCHIVE: dict[str, Callable[[Archive], Any]] = {
    "costs": lambda archive: archive.costs(**PERIOD),
    "attendance": lambda archive: archive.attendance(**PERIOD),
    "search": lambda archive: archive.search("budget", **PERIOD),
    "sync": lambda archive: archive.sync(RealtimeKit(api_token="t", account_id="a", app_id="b"), **PERIOD),
}


@pytest.mark.parametrize("name", CALLS)
def test_of_the_api(mode: Mode, name: str) -> None:
    call, start = CALLS[name]
    script = Script()
    with pytest.raises(ValueError, match=rf"^{start}=\S+ is (later than|not before) \w+=\S+: the range is empty$"):
        mode.get(call(mode.client(script)))
    assert script.calls == []


@pytest.mark.parametrize("name", ARCHIVE)
def test_of_an_archive(tmp_path: Path, name: str) -> None:
    """Nothing is read: there is no archive."""
    with pytest.raises(ValueError, match=r"^since=.*: the range is empty$"):
        ARCHIVE[name](Archive(tmp_path))


def test_one_moment_is_a_range_where_the_end_is_part_of_it(mode: Mode) -> None:
    client = mode.client(Script())
    in_india = EARLY + timedelta(hours=5, minutes=30)
    client.sessions.where(start_time=EARLY, end_time=EARLY)
    client.sessions.where(start_time=in_india.isoformat()[:19] + "+05:30", end_time=EARLY)
    with pytest.raises(ValueError, match="is not before"):
        mode.get(client.meetings.ref("m").attendance(since=EARLY, until=EARLY))
