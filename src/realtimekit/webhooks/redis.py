"""Delivery stores in Redis (or Valkey), for workers on many machines. You pass the client: `pip install redis`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit.kwargs import validate_has
from realtimekit.lazy import LazyModule
from realtimekit.webhooks.stores import Claim

if TYPE_CHECKING:
    import redis
    import redis.asyncio
else:
    redis = LazyModule("redis")

# Scripts are atomic. The value of a key is the owner while the delivery is in progress, and "" once it is completed.
_CLAIM = """
if redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
local owner = redis.call('get', KEYS[1])
return owner == ARGV[1] and 0 or owner == '' and 2 or 1
"""
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"


def _milliseconds(seconds: float) -> int:
    return max(1, int(seconds * 1000))


class RedisStore:
    """Remembers deliveries in Redis.

    Args:
        client: a `redis.Redis`; the store does not close it.
        prefix: the prefix of all keys. Endpoints with different handlers need different prefixes.
    """

    def __init__(self, client: redis.Redis, *, prefix: str = "realtimekit:delivery:") -> None:
        validate_has("client", client, "eval", "a client of the package redis")
        self._redis, self._prefix = client, prefix

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        return Claim(self._redis.eval(_CLAIM, 1, self._prefix + key, owner, _milliseconds(lease)))

    def commit(self, key: str, owner: str, retention: float, /) -> None:
        self._redis.set(self._prefix + key, "", px=_milliseconds(retention))

    def release(self, key: str, owner: str, /) -> None:
        self._redis.eval(_RELEASE, 1, self._prefix + key, owner)


class AsyncRedisStore:
    """As `RedisStore`, for a `redis.asyncio.Redis`."""

    def __init__(self, client: redis.asyncio.Redis, *, prefix: str = "realtimekit:delivery:") -> None:
        validate_has("client", client, "eval", "a client of the package redis")
        self._redis, self._prefix = client, prefix

    async def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        return Claim(await self._redis.eval(_CLAIM, 1, self._prefix + key, owner, _milliseconds(lease)))

    async def commit(self, key: str, owner: str, retention: float, /) -> None:
        await self._redis.set(self._prefix + key, "", px=_milliseconds(retention))

    async def release(self, key: str, owner: str, /) -> None:
        await self._redis.eval(_RELEASE, 1, self._prefix + key, owner)
