"""What an answer says about the limit.

Sources: https://developers.cloudflare.com/fundamentals/api/reference/limits/ for `Ratelimit: "default";r=50;t=30` and
`Ratelimit-Policy: "burst";q=100;w=60`, both lists (draft-ietf-httpapi-ratelimit-headers); and `protocol.retry_after`.
"""

from __future__ import annotations

import functools
import re
import time
from typing import TYPE_CHECKING, NamedTuple

from realtimekit.protocol import retry_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realtimekit.interfaces import Response

LONGEST = 86400.0  # seconds: a window or wait beyond a day is a mistake, such as a date where a duration should be

_ITEM = re.compile(r'\s*("[^"]*"|[^\s",;=]+)\s*((?:;[^",;]*(?:"[^"]*")?)*)')
_WHOLE = re.compile(r"(?<![^\s;])([a-z]+)\s*=\s*([0-9]{1,15})(?![^\s;])")


class RateLimit(NamedTuple):
    """One limit, as far as an answer tells it. None: it did not say."""

    name: str
    remaining: int | None = None
    reset: int | None = None  # seconds until more remains; whole ones, and rounded nobody knows which way
    quota: int | None = None  # requests in a window
    window: int | None = None  # seconds


class Observation(NamedTuple):
    """An answer (or that there is none), for a limiter. Times are of the limiter's clock."""

    sent: float  # not before
    heard: float
    limits: tuple[RateLimit, ...] = ()
    status: int = 0  # 0: none came
    wait: float = 0.0  # seconds that a 429 asks for


def read(response: Response | None, sent: float, heard: float) -> Observation:
    """What an answer says."""
    if response is None:
        return Observation(sent, heard)
    headers = response.headers
    if response.status == 429:
        wait = min(retry_after(headers, time.time()) or 0.0, LONGEST)
        return Observation(sent, heard, limits(headers), 429, wait)
    return Observation(sent, heard, limits(headers), response.status)


def limits(headers: Mapping[str, str]) -> tuple[RateLimit, ...]:
    """The limits in these headers (names in lower case). What cannot be read is as if it were not there."""
    states, policies = headers.get("ratelimit"), headers.get("ratelimit-policy")
    if states is None and policies is None:
        return ()
    known = _policies(policies or "")
    told: dict[str, RateLimit] = {}
    for name, given in _items(states or ""):
        remaining, reset = given.get("r"), given.get("t")
        if remaining is not None and reset is not None and reset <= LONGEST:
            told[name] = RateLimit(name, remaining, reset, *known.get(name, ()))
    if len(told) == len(known) == 1 and told.keys() != known.keys():
        # Cloudflare's own example names the same limit differently in its two headers.
        ((name, state),) = told.items()
        (policy,) = known.values()
        return (state._replace(quota=policy[0], window=policy[1]),)
    untold = [RateLimit(name, None, None, *policy) for name, policy in known.items() if name not in told]
    return (*told.values(), *untold)


@functools.lru_cache(maxsize=16)
def _policies(text: str) -> Mapping[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for name, given in _items(text):
        quota, window = given.get("q"), given.get("w")
        if quota and window and window <= LONGEST:
            found[name] = (quota, window)
    return found


def _items(text: str) -> Iterator[tuple[str, dict[str, int]]]:
    for item in _ITEM.finditer(text):
        yield item[1].strip('"'), {key: int(value) for key, value in _WHOLE.findall(item[2])}
