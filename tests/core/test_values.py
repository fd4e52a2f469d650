"""Times, dates and query values: parsed in every known form, formatted in one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit import DecodeError
from realtimekit.record import Record
from realtimekit.values import (
    encode_query_value,
    format_time,
    json_default,
    parse_date,
    parse_timestamp,
    to_unix_seconds,
    to_utc_date,
)

CET = timezone(timedelta(hours=1))
NAIVE = datetime(2026, 6, 3, 10, 0)
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2100, 1, 1)


class Timed(Record):
    at: datetime


class Status(StrEnum):
    LIVE = "LIVE"


class Old(str, Enum):  # noqa: UP042 - as people write it
    LIVE = "LIVE"


class Size(IntEnum):
    SMALL = 5


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-06-03T10:00:00.000Z", datetime(2026, 6, 3, 10, tzinfo=UTC)),
        ("2026-06-03T10:00:00Z", datetime(2026, 6, 3, 10, tzinfo=UTC)),
        ("2023-01-25 04:51:35.903816Z", datetime(2023, 1, 25, 4, 51, 35, 903_816, tzinfo=UTC)),
        ('2023-02-01T10:50:36.846Z"', datetime(2023, 2, 1, 10, 50, 36, 846_000, tzinfo=UTC)),
        ("'2023-02-01T10:50:36.846Z' ", datetime(2023, 2, 1, 10, 50, 36, 846_000, tzinfo=UTC)),
        ("2026-06-03T10:00:00+01:00", datetime(2026, 6, 3, 10, tzinfo=CET)),
        ("2026-06-03T10:00:00", datetime(2026, 6, 3, 10, tzinfo=UTC)),
        ("2026-06-03", datetime(2026, 6, 3, tzinfo=UTC)),
    ],
)
def test_timestamps_seen_on_the_wire(text: str, moment: datetime) -> None:
    parsed = parse_timestamp(text)
    assert parsed == moment
    assert parsed.tzinfo is not None
    assert parsed.utcoffset() == moment.utcoffset()


@pytest.mark.parametrize(
    "text", ["", "null", "yesterday", "2026-13-01", "10:00", "1780000000", '"', "2026-06-03T25:00Z"]
)
def test_an_invalid_time_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_timestamp(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        # ISO 8601 has two names for midnight
        ("2026-06-03T24:00:00Z", datetime(2026, 6, 4, tzinfo=UTC)),
        ("2026-12-31 24:00:00.000Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-06-03T24:00", datetime(2026, 6, 4, tzinfo=UTC)),
        ("20260603T240000+0100", datetime(2026, 6, 3, 23, tzinfo=UTC)),
        # RFC 3339, 5.6 and 5.7: leap seconds, in UTC or in a zone; "t" and "z"
        ("2016-12-31T23:59:60Z", datetime(2017, 1, 1, tzinfo=UTC)),
        ("2016-12-31T23:59:60.250Z", datetime(2017, 1, 1, microsecond=250_000, tzinfo=UTC)),
        ("2017-01-01T05:29:60+05:30", datetime(2017, 1, 1, tzinfo=UTC)),
        ("1990-12-31T15:59:60-08:00", datetime(1991, 1, 1, tzinfo=UTC)),
        ("2026-06-03t10:00:00z", datetime(2026, 6, 3, 10, tzinfo=UTC)),
        ("2016-12-31t23:59:60z", datetime(2017, 1, 1, tzinfo=UTC)),
    ],
)
def test_times_that_python_does_not_read_but_the_standards_allow(text: str, moment: datetime) -> None:
    assert parse_timestamp(text) == moment
    assert Timed({"at": text}).at == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-06-03T24:00:01Z", "2026-06-03T24:30:00Z", "2026-06-03T25:00:00Z", "2026-06-03T12:00:60Z",
        "2026-06-03T23:59:61Z", "2026-06-03T23:58:60Z", "9999-12-31T24:00:00Z", "z", "24:00:00",
    ],
)  # fmt: skip
def test_times_that_no_standard_allows(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own messages, too
        parse_timestamp(text)
    with pytest.raises(DecodeError, match=r"Timed\.at cannot be read"):
        _ = Timed({"at": text}).at


@pytest.mark.parametrize("zone", [timezone(timedelta(hours=5)), timezone(-timedelta(hours=5))])
@pytest.mark.parametrize("year", [1, 9999])
def test_a_time_outside_of_the_calendar_is_a_clear_error(year: int, zone: timezone) -> None:
    """The first hours of year 1 east of Greenwich are in year 0 in UTC, the last of 9999 west of it in 10000."""
    time = datetime(1, 1, 1, tzinfo=zone) if year == 1 else datetime(9999, 12, 31, 23, 59, tzinfo=zone)
    outside = (year == 1) == (zone.utcoffset(None) > timedelta(0))
    for convert in (
        lambda: format_time(time, "start_time"),
        lambda: encode_query_value("start_time", time),
        lambda: to_utc_date(time, "start_time"),
        lambda: to_utc_date(time.isoformat(), "start_time"),
        lambda: to_unix_seconds(time, "start_time"),
    ):
        if outside:
            with pytest.raises(ValueError, match=r"start_time='.*' is not in the years 1 to 9999 in UTC"):
                convert()
        else:
            convert()


@pytest.mark.parametrize("text", ["2023-07-15", "2023-07-15T00:00:00Z", "2023-07-15T23:59:59.999Z", ' "2023-07-15"'])
def test_dates_seen_on_the_wire(text: str) -> None:
    assert parse_date(text) == date(2023, 7, 15)


@pytest.mark.parametrize("text", ["", "null", "2023", "15.07.2023"])
def test_an_invalid_date_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_date(text)


class TestWireTime:
    @pytest.mark.parametrize(
        ("moment", "text"),
        [
            (datetime(2026, 6, 3, 10, tzinfo=UTC), "2026-06-03T10:00:00.000Z"),
            (datetime(2026, 6, 3, 10, tzinfo=CET), "2026-06-03T09:00:00.000Z"),
            (datetime(2026, 1, 1, 0, 30, tzinfo=CET), "2025-12-31T23:30:00.000Z"),
            (datetime(2026, 6, 3, 10, 0, 0, 123_999, tzinfo=UTC), "2026-06-03T10:00:00.123Z"),
        ],
    )
    def test_is_utc_with_milliseconds(self, moment: datetime, text: str) -> None:
        assert format_time(moment, "start_time") == text

    def test_a_time_without_a_zone_is_rejected_with_a_hint(self) -> None:
        with pytest.raises(ValueError, match=r"start_time='2026-06-03T10:00:00' has no time zone; use .*timezone\.utc"):
            format_time(NAIVE, "start_time")

    @settings(deadline=None)
    @given(st.datetimes(EARLIEST, LATEST, timezones=st.sampled_from([UTC, CET])))
    def test_reads_back_to_the_millisecond(self, moment: datetime) -> None:
        assert timedelta(0) <= moment - parse_timestamp(format_time(moment, "x")) < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a b", "a b"),
        ("", ""),
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (0, "0"),
        (2.5, "2.5"),
        (Status.LIVE, "LIVE"),
        (Size.SMALL, "5"),
        (datetime(2026, 6, 3, 10, tzinfo=UTC), "2026-06-03T10:00:00.000Z"),
        (date(2026, 6, 3), "2026-06-03"),
        (["a", "b"], "a,b"),
        (("device_info", "events"), "device_info,events"),
        ({"one"}, "one"),
        (frozenset({"one"}), "one"),
        ([True, 1, date(2026, 6, 3)], "true,1,2026-06-03"),
    ],
)
def test_query_value(value: Any, text: str) -> None:
    assert str(encode_query_value("x", value)) == text


def test_query_value_of_a_str_mixed_with_enum_is_its_value() -> None:
    assert str(encode_query_value("status", Old.LIVE)) == "LIVE"


@pytest.mark.parametrize("value", [None, {}, {"a": 1}, object(), b"bytes", UUID(int=1), [None], range(3)])
def test_unsupported_query_values_are_rejected_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match=r"^filters= cannot be sent"):
        encode_query_value("filters", value)


@pytest.mark.parametrize("name", ["start_time", "end_time"])
class TestTimeFilters:
    @pytest.mark.parametrize("text", ["2026-06-03", "2026-06-03T10:00:00Z", "2026-06-03 10:00:00+02:00"])
    def test_a_string_that_is_a_time_is_sent_unchanged(self, name: str, text: str) -> None:
        assert encode_query_value(name, text) == text

    @pytest.mark.parametrize("text", ["", "null", "last week", "03.06.2026"])
    def test_a_string_that_is_not_a_time_is_rejected(self, name: str, text: str) -> None:
        with pytest.raises(ValueError, match=f"^{name}='{text}' is not an ISO 8601 time; pass a datetime"):
            encode_query_value(name, text)

    def test_a_naive_datetime_is_rejected(self, name: str) -> None:
        with pytest.raises(ValueError, match=f"^{name}=.*no time zone"):
            encode_query_value(name, NAIVE)


def test_other_filters_accept_any_string() -> None:
    assert encode_query_value("search", "last week") == "last week"


@pytest.mark.parametrize("value", [object(), {1}, b"x", UUID(int=1), 1j])
def test_json_default_rejects_unknown_types(value: Any) -> None:
    with pytest.raises(TypeError, match=f"^a {type(value).__name__} cannot be sent as JSON"):
        json_default(value)
