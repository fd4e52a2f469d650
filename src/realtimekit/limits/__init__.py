"""Client-side rate limiting: stay below the limit of a token instead of running into 429 responses.

Cloudflare rejects every request of a token for minutes once it has sent too many. A limiter hands out reservations,
first come, first served, so that all threads, tasks and processes that use a token together stay below its limit:

    RealtimeKit(limiter="auto")                      # all clients in this process with the same token; the default
    RealtimeKit(limiter=RedisLimiter(redis.Redis())) # all processes that share this Redis
    RealtimeKit(limiter="off")

A limiter takes the limit from the headers of the responses. Until a response has such headers, nothing is limited.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.interfaces import Limiter, Reservation
from realtimekit.limits.local import LocalLimiter
from realtimekit.limits.shared import shared_limiter

if TYPE_CHECKING:
    from realtimekit.limits.redis import AsyncRedisLimiter, RedisLimiter

__all__ = ["AsyncRedisLimiter", "Limiter", "LocalLimiter", "RedisLimiter", "Reservation", "shared_limiter"]


def __getattr__(name: str) -> object:
    if name in {"AsyncRedisLimiter", "RedisLimiter"}:
        from realtimekit.limits import redis

        return getattr(redis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
