"""Rate limits: clients that keep inside them, together, instead of finding out by being refused.

Cloudflare refuses every request of a token for minutes once it has sent too many. A limiter hands out turns, first
come, first served, so that all threads, tasks and processes of a token stay inside what the answers say is left:

    RealtimeKit(limiter="auto")                      # all clients in this process with the same token; the default
    RealtimeKit(limiter=RedisLimiter(redis.Redis())) # all processes that share this Redis
    RealtimeKit(limiter="off")

A limiter knows what the answers' headers told it, and without them limits nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.interfaces import Limiter, Reservation
from realtimekit.limits.local import LocalLimiter, shared

if TYPE_CHECKING:
    from realtimekit.limits.redis import AsyncRedisLimiter, RedisLimiter

__all__ = ["AsyncRedisLimiter", "Limiter", "LocalLimiter", "RedisLimiter", "Reservation", "shared"]


def __getattr__(name: str) -> object:
    if name in {"AsyncRedisLimiter", "RedisLimiter"}:
        from realtimekit.limits import redis

        return getattr(redis, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
