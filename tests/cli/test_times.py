"""`--since` and `--until`: dates, times, and times relative to the present one."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.cli import param_types
from realtimekit.cli.param_types import end_time, start_time

from .command import invoke, invoke_ok, usage_error
from .conftest import Served

NOW = datetime(2026, 6, 3, 10, 30, tzinfo=UTC)
COMMANDS = [
    *((group, "list") for group in ("meetings", "sessions", "recordings", "livestreams")),
    ("analytics", "daily"),
    ("analytics", "livestreams"),
    ("sessions", "download"),
]


@pytest.fixture
def at_half_past_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = type("Clock", (datetime,), {"now": staticmethod(NOW.astimezone)})
    monkeypatch.setattr(param_types, "datetime", clock)


@pytest.mark.usefixtures("at_half_past_ten")
@pytest.mark.parametrize(
    ("value", "start", "end"),
    [
        ("90m", NOW - timedelta(minutes=90), None),
        ("12h", NOW - timedelta(hours=12), None),
        ("7d", NOW - timedelta(days=7), None),
        (" 7 D ", NOW - timedelta(days=7), None),
        ("2w", NOW - timedelta(weeks=2), None),
        ("0d", NOW, None),
        ("today", datetime(2026, 6, 3, tzinfo=UTC), datetime(2026, 6, 3, 23, 59, 59, 999999, UTC)),
        ("Yesterday", datetime(2026, 6, 2, tzinfo=UTC), datetime(2026, 6, 2, 23, 59, 59, 999999, UTC)),
        ("2026-06-02", datetime(2026, 6, 2, tzinfo=UTC), datetime(2026, 6, 2, 23, 59, 59, 999999, UTC)),
        ("2026-06-02T10:00Z", datetime(2026, 6, 2, 10, tzinfo=UTC), None),
    ],
)
def test_what_a_time_means(value: str, start: datetime, end: datetime | None) -> None:
    assert start_time(value) == start
    assert end_time(value) == (end or start)


@pytest.mark.parametrize(
    "value", ["7", "d", "7x", "-7d", "7.5d", "\u0667d", "999999w", "7d 2h", "tomorrow", "next week", ""]
)
def test_invalid_times(value: str) -> None:
    for parse in (start_time, end_time):
        with pytest.raises(click.BadParameter, match=r"is not a date or time in ISO 8601, .* or 7d"):
            parse(value)


@given(st.text(max_size=12))
def test_any_text(text: str) -> None:
    with suppress(click.BadParameter):
        assert start_time(text).tzinfo is not None


@pytest.mark.parametrize("command", COMMANDS, ids="-".join)
def test_every_command_that_takes_times_takes_them(served: Served, command: tuple[str, ...], tmp_path: Path) -> None:
    to = ("-o", str(tmp_path)) if command[1] == "download" else ()
    for times in (("--since", "7d"), ("--since", "yesterday", "--until", "today"), ("--since", "2w", "--until", "12h")):
        assert invoke(*command, *times, *to, "--json", env=served.env).exit_code == 0
    assert served.emulator.requests()[-1]["query"] != ""
    assert "did you mean yesterday?" in usage_error(*command, "--since", "yesterdy", env=served.env)


def test_they_reach_the_server(served: Served) -> None:
    served.session("Planning", "Alice", "hello", "hi")
    for times, found in ((("--since", "1h"), 1), (("--since", "today", "--until", "1d"), None), (("--until", "1d"), 0)):
        command = ("sessions", "list", *times, "--json")
        if found is None:
            assert "--since is later than --until" in usage_error(*command, env=served.env)
        else:
            assert len(json.loads(invoke_ok(*command, env=served.env))) == found
