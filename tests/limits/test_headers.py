"""The rate limits in the headers of responses, well-formed or not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.interfaces import Response
from realtimekit.limits.headers import MAX_SECONDS, Observation, RateLimit, parse_rate_limits

DEFAULT = RateLimit("default", 50, 30, 100, 60)


@pytest.mark.parametrize(
    ("states", "policies", "expected"),
    [
        ('"default";r=50;t=30', '"default";q=100;w=60', [DEFAULT]),
        # Cloudflare's own example: two names for what must be one limit
        ('"default";r=50;t=30', '"burst";q=100;w=60', [DEFAULT]),
        ('"default";r=50;t=30', None, [RateLimit("default", 50, 30)]),
        (None, '"burst";q=100;w=60', [RateLimit("burst", None, None, 100, 60)]),
        (
            '"default";r=50;t=30, "burst";r=3;t=1',
            '"burst";q=10;w=10,"default";q=100;w=60',
            [DEFAULT, RateLimit("burst", 3, 1, 10, 10)],
        ),
        (
            '"default";r=50;t=30',
            '"default";q=100;w=60, "burst";q=10;w=10',
            [DEFAULT, RateLimit("burst", None, None, 10, 10)],
        ),
        # the same, in other notations
        ("default;r=50;t=30", "default;q=100;w=60", [DEFAULT]),
        (' "default" ; r=50 ; t=30 ', '"default"; w=60; q=100', [DEFAULT]),
        ('"default";t=30;r=50', '"default";q=100;w=60;qu="requests";pk=:YQ==:', [DEFAULT]),
        ('"a, b; c";r=1;t=2', None, [RateLimit("a, b; c", 1, 2)]),
        ('"default";r=0;t=0', None, [RateLimit("default", 0, 0)]),
        # malformed headers limit nothing
        (None, None, []),
        ("", "", []),
        ("50", "100", []),
        ('"default";r=50', '"default";q=100', []),
        ('"default";t=30', '"default";w=60', []),
        ('"default";r=-1;t=30', None, []),
        ('"default";r=1.5;t=30', None, []),
        ('"default";r=many;t=30', None, []),
        ('"default";xr=50;t=30', None, []),
        (None, '"default";q=0;w=60, "other";q=100;w=0', []),
        (f'"default";r=0;t={int(MAX_SECONDS) + 1}', f'"default";q=1;w={int(MAX_SECONDS) + 1}', []),
        (f'"default";r={"9" * 5000};t=30', None, []),
        ("limit=100, remaining=50, reset=30", None, []),
    ],
)
def test_rate_limits(states: str | None, policies: str | None, expected: list[RateLimit]) -> None:
    given = {"ratelimit": states, "ratelimit-policy": policies}
    assert [*parse_rate_limits({name: value for name, value in given.items() if value is not None})] == expected


@given(st.text(), st.text())
def test_no_header_breaks_the_parser(states: str, policies: str) -> None:
    for limit in parse_rate_limits({"ratelimit": states, "ratelimit-policy": policies}):
        assert limit.reset is None or 0 <= limit.reset <= MAX_SECONDS
        assert limit.quota is None or limit.quota > 0


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {"retry-after": "250"}, 250.0),
        (429, {"retry-after": "Wed, 03 Jun 2026 10:01:30 GMT", "date": "Wed, 03 Jun 2026 10:00:00 GMT"}, 90.0),
        (429, {"ratelimit": '"default";r=0;t=7'}, 7.0),
        (429, {}, 0.0),
        (429, {"retry-after": "soon"}, 0.0),
        (429, {"retry-after": "99999999999"}, MAX_SECONDS),
        (503, {"retry-after": "250"}, 0.0),
        (200, {"ratelimit": '"default";r=0;t=7'}, 0.0),
    ],
)
def test_only_a_429_asks_everybody_to_wait(status: int, headers: dict[str, str], wait: float) -> None:
    observation = Observation.from_response(Response(status, headers, b""), 1.0, 2.0)
    assert (observation.sent_at, observation.received_at, observation.status, observation.retry_after) == (
        1.0,
        2.0,
        status,
        wait,
    )


def test_no_response() -> None:
    assert Observation.from_response(None, 1.0, 2.0) == Observation(1.0, 2.0, (), 0, 0.0)
