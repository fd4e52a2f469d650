"""One queue for all processes and machines, in Redis (or Valkey). The client is yours: `pip install redis`."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from realtimekit.limits import MAX_WAIT, LocalLimiter, checked_wait
from realtimekit.limits.pace import Place, Told, told_by, too_long

if TYPE_CHECKING:
    import redis
    import redis.asyncio

    from realtimekit.flow import Response

# `pace.Pace`, as one script, and so atomic; by the clock of the server. What answers have told comes along with the
# next question. Numbers go as texts: Redis would cut them off at the point.
_SCRIPT = """
local time = redis.call('time')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local state = {}
local saved = redis.call('hgetall', KEYS[1])
for at = 1, #saved, 2 do state[saved[at]] = tonumber(saved[at + 1]) end
state.start, state.ends, state.first = state.start or -1, state.ends or -1, state.first or -1
state.moved, state.under_way, state.late = state.moved or 0, state.under_way or 0, state.late or 0

local function open(start)
  state.start, state.ends, state.left, state.least = start, start + (state.window or 0), state.quota, nil
  state.under_way, state.late = 0, state.under_way + math.floor(state.late / 2)
end
local function first_after(moment)
  if state.first > moment then return state.first end
  if state.start <= moment then return nil end
  if not state.window then return state.start end
  return math.min(state.start, state.first + math.ceil((moment - state.first) / state.window) * state.window)
end
local function put_off(till, moment)
  local first = first_after(moment)
  if not first then
    state.left, state.ends = 0, till
  elseif first < till then
    local by = till - first
    state.moved, state.start, state.ends, state.first = state.moved + by, state.start + by, state.ends + by, till
  end
end

local longest, given = tonumber(ARGV[1]), tonumber(ARGV[2])
local ended = tonumber(ARGV[3])
local of_those = math.min(ended, state.late)
state.late, state.under_way = state.late - of_those, math.max(0, state.under_way - ended + of_those)
for at = 4, #ARGV, 6 do
  local age, remaining, resets = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local quota, window, refused = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  if quota then state.quota, state.window = quota, window end
  local heard = now - age
  if refused then
    put_off(heard + refused, heard)
  elseif remaining then
    local ends = heard + resets
    if first_after(heard) then
      put_off(ends, heard)
    else
      if state.least and ends <= state.ends + 1 then remaining = math.min(remaining, state.least) end
      state.least, state.left, state.ends = remaining, math.max(0, remaining - state.under_way - state.late), ends
    end
  end
end

local wait, refused = 0, 0
if given then
  wait = state.moved - given
else
  if now >= state.ends then
    open(now)
    state.left = state.quota and math.max(1, state.quota - state.late)
  end
  local queue = first_after(now)
  local turn = state.left == 0 and state.ends or math.max(now, state.start)
  wait = turn - now
  if wait > longest then
    refused = 1
  else
    if state.left == 0 then open(turn) end
    if state.left then state.left = state.left - 1 end
    state.under_way = state.under_way + 1
    if wait > 0 and not queue then state.first = turn end
  end
end

redis.call('del', KEYS[1])
for name, value in pairs(state) do redis.call('hset', KEYS[1], name, string.format('%.6f', value)) end
redis.call('pexpire', KEYS[1], math.ceil((math.min(math.max(state.ends - now, 0) + longest, 1e6) + 600) * 1000))
return {string.format('%.6f', wait), string.format('%.6f', state.moved), refused}
"""


class _Shared:
    """What both flavours have: what was heard since the last question, and what to do while Redis is away."""

    def __init__(self, *, name: str, max_wait: float) -> None:
        self.max_wait: float = checked_wait(max_wait)
        self._key = f"realtimekit:limit:{name}"
        self._lock = threading.Lock()
        self._answers = 0
        self._told: list[tuple[float, Told]] = []
        self._meanwhile = LocalLimiter(max_wait=max_wait)
        self._away = False
        self._error: type[Exception] = import_module("redis.exceptions").RedisError

    def heard(self, response: Response | None, /) -> None:
        """What an answer tells of the limit: the others hear it with the next call of this process."""
        self._meanwhile.heard(response)
        told = response and told_by(response)
        with self._lock:
            self._answers += 1
            if told is not None:
                self._told = [*self._told[-9:], (time.monotonic(), told)]

    def _arguments(self, place: Place | None) -> list[str]:
        with self._lock:
            answers, told, self._answers, self._told = self._answers, self._told, 0, []
        now = time.monotonic()
        values: list[float | None] = [self.max_wait, None if place is None else place.moved, answers]
        for heard_at, each in told:
            values += [now - heard_at, *each]
        return ["" if value is None else repr(value) for value in values]

    def _place(self, answer: Any) -> Place:
        self._away = False
        wait, moved, refused = float(answer[0]), float(answer[1]), answer[2]
        if refused:
            raise too_long(wait)
        return Place(max(0.0, wait), moved)

    def _without(self, place: Place | None, error: Exception) -> Place:
        """Redis does not answer: calls go on, and this process keeps to the limit for itself."""
        if not self._away:
            self._away = True
            import logging  # noqa: PLC0415 - as rare as the trouble

            text = "Redis does not answer (%s): until it does, each process keeps to the rate limit for itself"
            logging.getLogger("realtimekit").warning(text, type(error).__name__)
        if place is not None:
            return Place(0.0, place.moved)
        return self._meanwhile.reserve(None)._replace(moved=0.0)


class RedisLimiter(_Shared):
    """For threads, processes and machines that share a token.

    Args:
        client: a `redis.Redis`; it stays yours to close.
        name: of the limit, the same for all who share it. Never the token: it stands in a key.
        max_wait: the longest wait in seconds that it hands out; a call that would have to wait longer is a
            `RateLimitError` at once.
    """

    def __init__(self, client: redis.Redis, *, name: str = "default", max_wait: float = MAX_WAIT) -> None:
        super().__init__(name=name, max_wait=max_wait)
        self._redis = client

    def reserve(self, place: Place | None, /) -> Place:
        """A place in the queue of all: see `Limiter`."""
        try:
            return self._place(self._redis.eval(_SCRIPT, 1, self._key, *self._arguments(place)))
        except self._error as error:
            return self._without(place, error)


class AsyncRedisLimiter(_Shared):
    """As `RedisLimiter`, for a `redis.asyncio.Redis` and an async client."""

    def __init__(self, client: redis.asyncio.Redis, *, name: str = "default", max_wait: float = MAX_WAIT) -> None:
        super().__init__(name=name, max_wait=max_wait)
        self._redis = client

    async def reserve(self, place: Place | None, /) -> Place:
        """A place in the queue of all: see `Limiter`."""
        try:
            return self._place(await self._redis.eval(_SCRIPT, 1, self._key, *self._arguments(place)))
        except self._error as error:
            return self._without(place, error)
