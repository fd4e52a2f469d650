"""Which requests may be retried, and after how long."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit import APITimeoutError
from realtimekit.retries import backoff, may_retry, retry_after

from .scripted import lost, make_response, not_sent

SAFE = ["GET", "HEAD", "PUT", "DELETE"]
RISKY = ["POST", "PATCH"]


class TestMayResend:
    @pytest.mark.parametrize("method", SAFE + RISKY)
    @pytest.mark.parametrize(
        ("status", "safe", "risky"),
        [(status, False, False) for status in (200, 302, 400, 401, 403, 404, 409, 410, 422, 425, 600)]
        + [(status, True, False) for status in (408, 500, 502, 503, 504, 520, 599)]
        + [(429, True, True)],
    )
    def test_after_an_answer(self, method: str, status: int, *, safe: bool, risky: bool) -> None:
        assert may_retry(method, make_response(None, status)) is (safe if method in SAFE else risky)

    @pytest.mark.parametrize("method", SAFE + RISKY)
    def test_always_if_nothing_was_sent(self, method: str) -> None:
        assert may_retry(method, not_sent())
        assert may_retry(method, APITimeoutError("while connecting", maybe_processed=False))

    @pytest.mark.parametrize("method", SAFE + RISKY)
    def test_only_idempotent_methods_if_something_may_have_been_processed(self, method: str) -> None:
        assert may_retry(method, lost()) is (method in SAFE)
        assert may_retry(method, APITimeoutError("while waiting", maybe_processed=True)) is (method in SAFE)


# --- how long ---------------------------------------------------------------------------------------------------------

NOW = 1_780_000_000.0  # Unix seconds


def date(seconds: float) -> str:
    return formatdate(NOW + seconds, usegmt=True)


@pytest.fixture(params=["UTC", "America/New_York"])
def _time_zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """The machine's time zone does not matter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()


@pytest.mark.usefixtures("_time_zone")
class TestAskedWait:
    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({}, None),
            # seconds
            ({"retry-after": "0"}, 0.0),
            ({"retry-after": "7"}, 7.0),
            ({"retry-after": " 7 "}, 7.0),
            ({"retry-after": "1.5"}, 1.5),
            ({"retry-after": "86400"}, 86400.0),
            # nonsense
            ({"retry-after": ""}, None),
            ({"retry-after": "-5"}, None),
            ({"retry-after": "+5"}, None),
            ({"retry-after": "soon"}, None),
            ({"retry-after": "nan"}, None),
            ({"retry-after": "inf"}, None),
            ({"retry-after": "1e3"}, None),
            ({"retry-after": "٣"}, None),
            ({"retry-after": "5 seconds"}, None),
            ({"retry-after": "Wed, 99 Foo 2026 99:99:99 GMT"}, None),
            # a date, counted from the server's clock or else from ours
            ({"retry-after": date(30)}, 30.0),
            ({"retry-after": date(-30)}, 0.0),
            ({"retry-after": date(1000), "date": date(990)}, 10.0),
            ({"retry-after": date(1000), "date": date(2000)}, 0.0),
            ({"retry-after": date(30), "date": "yesterday"}, 30.0),
            # Ratelimit, where nothing remains
            ({"ratelimit": '"default";r=0;t=30'}, 30.0),
            ({"ratelimit": '"default"; r=0; t=30'}, 30.0),
            ({"ratelimit": '"default";t=30;r=0'}, 30.0),
            ({"ratelimit": '"default";r=50;t=30'}, None),
            ({"ratelimit": '"default";r=05;t=30'}, None),
            ({"ratelimit": '"default";r=0'}, None),
            ({"ratelimit": '"burst";r=0;t=5, "default";r=0;t=30'}, 30.0),
            ({"ratelimit": '"burst";r=0;t=5, "default";r=9;t=30'}, 5.0),
            ({"ratelimit": "nonsense"}, None),
            ({"ratelimit-policy": '"burst";q=100;w=60'}, None),
            # Retry-After says it better; nonsense in it does not hide the other
            ({"retry-after": "2", "ratelimit": '"default";r=0;t=30'}, 2.0),
            ({"retry-after": "soon", "ratelimit": '"default";r=0;t=30'}, 30.0),
            # what can be waited for at all
            ({"retry-after": "9" * 400}, 2.0**31),
            ({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}, 2.0**31),
            ({"ratelimit": f'"default";r=0;t={"9" * 400}'}, 2.0**31),
        ],
    )
    def test_the_wait_in_the_headers(self, headers: dict[str, str], seconds: float | None) -> None:
        assert retry_after(headers, NOW) == seconds

    def test_a_date_needs_a_clock(self) -> None:
        assert retry_after({"retry-after": date(30)}) is None
        assert retry_after({"retry-after": date(30), "date": date(0)}) == 30.0

    @pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT"])
    def test_forms_of_date(self, form: str) -> None:
        assert retry_after({"retry-after": time.strftime(form, time.gmtime(NOW + 30))}, NOW) == 30.0


@pytest.mark.parametrize("form", ["%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S -0000"])
def test_a_date_without_a_zone_is_utc(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110, 5.6.7: asctime's form has no zone, and every HTTP date is in UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert retry_after({"retry-after": time.strftime(form, time.gmtime(NOW + 30))}, NOW) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["retry-after", "date", "ratelimit"]), st.text(max_size=40)))
def test_any_header_gives_seconds_or_none(headers: dict[str, Any]) -> None:
    wait = retry_after(headers, NOW)
    assert wait is None or wait >= 0


class TestBackoff:
    @pytest.mark.parametrize(
        ("attempt", "most"), [(1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 8.0), (5000, 8.0)]
    )
    def test_doubles_up_to_a_bound_with_jitter(self, attempt: int, most: float) -> None:
        assert backoff(attempt, 1.0) == most
        assert backoff(attempt, 0.0) == most / 2
        assert backoff(attempt, 0.5) == most * 0.75
