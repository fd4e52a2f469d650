"""The times of analytics reports: every form is accepted, and sent in the form that each report expects."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.values import to_unix_seconds, to_utc_date

from .scripted import Mode, Script

NOON = 1780488000  # 2026-06-03T12:00:00Z
INDIA = timezone(timedelta(hours=5, minutes=30))


@pytest.mark.parametrize(
    ("given", "day", "seconds"),
    [
        (date(2026, 6, 3), "2026-06-03", NOON - 43200),
        ("2026-06-03", "2026-06-03", NOON - 43200),
        (datetime(2026, 6, 3, 12, tzinfo=UTC), "2026-06-03", NOON),
        (datetime(2026, 6, 4, 1, tzinfo=INDIA), "2026-06-03", NOON + 27000),
        ("2026-06-03T12:00:00.500Z", "2026-06-03", NOON),
        ("2026-06-04T01:00:00+05:30", "2026-06-03", NOON + 27000),
        ("2026-06-03 12:00:00", "2026-06-03", NOON),
        (NOON, "2026-06-03", NOON),
        (NOON + 0.75, "2026-06-03", NOON),
        (0, "1970-01-01", 0),
    ],
)
def test_every_form_is_accepted(given: Any, day: str, seconds: int) -> None:
    assert to_utc_date(given, "start_date") == day
    assert to_unix_seconds(given, "start_time") == seconds


@pytest.mark.parametrize("given", [date(2026, 6, 3), "2026-06-03"])
def test_a_date_at_the_end_is_its_end_of_day(given: Any) -> None:
    assert to_unix_seconds(given, "end_time", end_of_day=True) == NOON + 43199


@pytest.mark.parametrize("given", [datetime(2026, 6, 3, 12, tzinfo=UTC), NOON, "2026-06-03T12:00:00Z"])
def test_an_end_time_is_sent_unchanged(given: Any) -> None:
    assert to_unix_seconds(given, "end_time", end_of_day=True) == NOON


REFUSED: list[tuple[Any, type[Exception], str]] = [
    (datetime(2026, 6, 3, 12), ValueError, "no time zone"),
    ("yesterday", ValueError, "not an ISO 8601 date or time"),
    ("", ValueError, "not an ISO 8601"),
    ("03.06.2026", ValueError, "not an ISO 8601"),
    ("2026-13-01", ValueError, "not an ISO 8601"),
    (NOON * 1000, ValueError, "milliseconds"),
    (float("nan"), ValueError, "cannot be a time"),
    (float("inf"), ValueError, "cannot be a time"),
    (True, TypeError, "not bool"),
    (b"2026-06-03", TypeError, "not bytes"),
    ([], TypeError, "not list"),
]


@pytest.mark.parametrize(("given", "refusal", "words"), REFUSED)
def test_other_values_are_rejected_by_name_before_sending(
    mode: Mode, given: Any, refusal: type[Exception], words: str
) -> None:
    analytics = mode.client(Script()).analytics
    for name, call in (
        ("start_date", analytics.daywise),
        ("end_date", analytics.daywise),
        ("start_time", analytics.livestreams_daywise),
        ("end_time", analytics.livestreams_overall),
    ):
        with pytest.raises(refusal, match=f"{name}.*{words}"):
            mode.get(call(**{name: given}))


@given(st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.timezones()))
def test_all_forms_of_one_time_agree(moment: datetime) -> None:
    utc = moment.astimezone(UTC).replace(microsecond=0)
    forms: list[Any] = [utc, utc.astimezone(INDIA), utc.isoformat(), int(utc.timestamp())]
    assert {to_unix_seconds(form, "t") for form in forms} == {int(utc.timestamp())}
    assert {to_utc_date(form, "t") for form in forms} == {utc.date().isoformat()}
