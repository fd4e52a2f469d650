"""What a response says about the rate limit.

Sources: https://developers.cloudflare.com/fundamentals/api/reference/limits/ for `Ratelimit: "default";r=50;t=30` and
`Ratelimit-Policy: "burst";q=100;w=60`, both lists (draft-ietf-httpapi-ratelimit-headers); and `retries.retry_after`.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Iterator, Mapping
from typing import NamedTuple, Self

from realtimekit.interfaces import Response
from realtimekit.retries import retry_after

MAX_SECONDS = 86400.0  # a window or wait of more than a day is a mistake, such as a date in place of a duration

_ITEM = re.compile(r'\s*("[^"]*"|[^\s",;=]+)\s*((?:;[^",;]*(?:"[^"]*")?)*)')
_PARAMETER = re.compile(r"(?<![^\s;])([a-z]+)\s*=\s*([0-9]{1,15})(?![^\s;])")


class RateLimit(NamedTuple):
    """One limit, as the headers of a response state it. None: the headers do not say."""

    name: str
    remaining: int | None = None
    reset: int | None = None  # seconds until more requests are allowed; rounded, and nobody documents how
    quota: int | None = None  # requests per window
    window: int | None = None  # seconds


class Observation(NamedTuple):
    """What a limiter learns from one request. The times are of the limiter's clock.

    Attributes:
        sent_at: the request was sent at this time or later.
        received_at: when the response was received, or when it was clear that there would be none.
        limits: the limits in the headers.
        status: the HTTP status; 0: there was no response.
        retry_after: seconds that a 429 response asks to wait.
    """

    sent_at: float
    received_at: float
    limits: tuple[RateLimit, ...] = ()
    status: int = 0
    retry_after: float = 0.0

    @classmethod
    def from_response(cls, response: Response | None, sent_at: float, received_at: float) -> Self:
        """Read the headers of a response; None: there was no response."""
        if response is None:
            return cls(sent_at, received_at)
        headers, wait = response.headers, 0.0
        if response.status == 429:
            wait = min(retry_after(headers, time.time()) or 0.0, MAX_SECONDS)
        return cls(sent_at, received_at, parse_rate_limits(headers), response.status, wait)


def parse_rate_limits(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """Return the limits in these headers (names in lower case). Anything malformed is ignored."""
    states, policies = headers.get("ratelimit"), headers.get("ratelimit-policy")
    if states is None and policies is None:
        return ()
    policy_of = _parse_policies(policies or "")
    limits: dict[str, RateLimit] = {}
    for name, parameters in _parse_list(states or ""):
        remaining, reset = parameters.get("r"), parameters.get("t")
        if remaining is not None and reset is not None and reset <= MAX_SECONDS:
            limits[name] = RateLimit(name, remaining, reset, *policy_of.get(name, ()))
    if len(limits) == len(policy_of) == 1 and limits.keys() != policy_of.keys():
        # Cloudflare's own example gives the same limit different names in the two headers.
        (limit,), ((quota, window),) = limits.values(), policy_of.values()
        return (limit._replace(quota=quota, window=window),)
    without_state = [RateLimit(name, None, None, *policy) for name, policy in policy_of.items() if name not in limits]
    return (*limits.values(), *without_state)


@functools.lru_cache(maxsize=16)
def _parse_policies(header: str) -> Mapping[str, tuple[int, int]]:
    policies: dict[str, tuple[int, int]] = {}
    for name, parameters in _parse_list(header):
        quota, window = parameters.get("q"), parameters.get("w")
        if quota and window and window <= MAX_SECONDS:
            policies[name] = (quota, window)
    return policies


def _parse_list(header: str) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield the name and the integer parameters of each item of a structured field (RFC 9651)."""
    for item in _ITEM.finditer(header):
        yield item[1].strip('"'), {key: int(value) for key, value in _PARAMETER.findall(item[2])}
