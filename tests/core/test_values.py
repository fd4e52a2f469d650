"""Times, dates and query values: parsed in every known form, formatted in one."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit.values import encode_query_value, format_time, json_default, parse_date, parse_timestamp

CET = timezone(timedelta(hours=1))
NAIVE = datetime(2026, 6, 3, 10, 0)
EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2100, 1, 1)


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
