"""`LimiterState`, `Window` and `WaitQueue` in Lua, for Redis: one atomic step for all processes, by the server's clock.

KEYS: the state; the queue, by reservation number; when each waiting caller expires.
ARGV: the request as JSON. Its times are in seconds, relative to the time of the request, so that clocks need not agree.

In flight are the requests that were allowed here, less those that each process reports as completed. Requests from
several threads may arrive in any order, so the highest reported number counts. If a process is silent for a while, its
responses have arrived or it is dead: what it had in flight counts as used.
"""

from __future__ import annotations

from realtimekit.limits.state import IN_FLIGHT_TIMEOUT, PROBE_INTERVAL, RECHECK_INTERVAL
from realtimekit.limits.wait_queue import GRACE_PERIOD, POLL_INTERVAL
from realtimekit.limits.window import RESET_MARGIN

CLOCK = "redis.call('TIME')"

SCRIPT = f"""
local POLL_INTERVAL, GRACE_PERIOD, RESET_MARGIN = {POLL_INTERVAL}, {GRACE_PERIOD}, {RESET_MARGIN}
local IN_FLIGHT_TIMEOUT, RECHECK_INTERVAL, PROBE_INTERVAL = {IN_FLIGHT_TIMEOUT}, {RECHECK_INTERVAL}, {PROBE_INTERVAL}
local time = {CLOCK}
local now = time[1] + time[2] / 1000000
local request = cjson.decode(ARGV[1])
local stored = redis.call('GET', KEYS[1])
local state = stored and cmsgpack.unpack(stored)
  or {{windows = {{}}, processes = {{}}, blocked_until = 0, last_number = 0, last_sweep = 0}}

-- Window

local function new_window(quota, seconds)
  return {{
    quota = quota, seconds = seconds, remaining = 0, unreported = 0, unreported_at = 0, earliest_end = 0, latest_end = 0
  }}
end

local function start(window, at)
  window.remaining, window.unreported, window.observed = window.quota or 0, 0, false
  window.earliest_end, window.latest_end = at, at + (window.seconds or 0) + RESET_MARGIN
end

local function count_unreported(window, count, at)
  window.unreported, window.unreported_at = window.unreported + count, at
end

local function observe_limit(window, limit, sent_at, received_at)
  if limit.quota then window.quota, window.seconds = limit.quota, limit.window end
  if not limit.remaining then
    count_unreported(window, 1, received_at)
    return
  end
  local earliest_end, latest_end = sent_at + limit.reset - RESET_MARGIN, received_at + limit.reset + RESET_MARGIN
  if sent_at > window.unreported_at then window.unreported = 0 end
  if earliest_end > window.latest_end then
    window.remaining, window.earliest_end, window.latest_end = limit.remaining, earliest_end, latest_end
  elseif latest_end < window.earliest_end or (received_at < window.earliest_end and not window.observed) then
    return
  else
    window.remaining = math.min(window.remaining, limit.remaining)
    window.earliest_end = math.max(window.earliest_end, earliest_end)
    if not window.observed then
      window.latest_end = latest_end
    elseif window.seconds and latest_end - window.latest_end >= window.seconds - 3 * RESET_MARGIN then
      window.latest_end = math.max(window.latest_end, latest_end)
    else
      window.latest_end = math.min(window.latest_end, latest_end)
    end
  end
  window.observed = true
end

-- LimiterState.observe

local function observe(observation)
  local sent_at, received_at, reported = now + observation.sent_at, now + observation.received_at, {{}}
  for _, limit in ipairs(observation.limits) do reported[limit.name] = true end
  if next(reported) then state.windows[''] = nil end
  for name, window in pairs(state.windows) do
    if not reported[name] then count_unreported(window, 1, received_at) end
  end
  for _, limit in ipairs(observation.limits) do
    local window = state.windows[limit.name]
    if not window then
      window = new_window(limit.quota, limit.window)
      state.windows[limit.name] = window
      if not limit.remaining then start(window, received_at) end
    end
    observe_limit(window, limit, sent_at, received_at)
  end
  if observation.status == 429 then
    state.blocked_until = math.max(state.blocked_until, received_at + observation.retry_after)
    state.probing_since = state.blocked_until
  elseif observation.status > 0 and state.probing_since and sent_at >= state.probing_since then
    state.probing_since = nil
  end
end

if not stored and request.quota then state.windows[''] = new_window(request.quota, request.window) end

-- The process that asks, and what all processes have in flight

local process = state.processes[request.process]
  or {{allowed = request.allowed, completed = request.completed, observations = 0}}
state.processes[request.process] = process
for _, observation in ipairs(request.observations) do
  if observation.number > process.observations then
    observe(observation)
    process.observations = observation.number
  end
end
process.completed = math.max(process.completed, request.completed)
process.last_activity = now
local in_flight = 0
for id, other in pairs(state.processes) do
  if other.last_activity < now - IN_FLIGHT_TIMEOUT then
    for _, window in pairs(state.windows) do count_unreported(window, other.allowed - other.completed, now) end
    state.processes[id] = nil
  else
    in_flight = in_flight + other.allowed - other.completed
  end
end

-- LimiterState.reserve

local function remove(number)
  redis.call('ZREM', KEYS[2], number)
  redis.call('ZREM', KEYS[3], number)
end

if now >= state.last_sweep + GRACE_PERIOD then
  state.last_sweep = now
  local expired = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. (now - GRACE_PERIOD) * 1000)
  for _, number in ipairs(expired) do remove(number) end
end
for name, window in pairs(state.windows) do
  if now >= window.latest_end then
    if window.quota then
      start(window, now)
    else
      state.windows[name] = nil
      if redis.call('ZCARD', KEYS[2]) > 0 then state.probing_since = math.min(state.probing_since or now, now) end
    end
  end
end
local number = request.number
if number == cjson.null then
  state.last_number = state.last_number + 1
  number = state.last_number
end
local position = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. number)

-- LimiterState._estimate_wait

local at = math.max(now, state.blocked_until)
if state.probing_since then at = at + position * PROBE_INTERVAL end
for _, window in pairs(state.windows) do
  local available = window.remaining - window.unreported
  local excess = position - math.max(0, available - in_flight)
  if excess >= 0 then
    if position < available then
      at = math.max(at, math.min(now + RECHECK_INTERVAL + position / 1000, window.latest_end))
    elseif window.quota then
      at = math.max(
        at, window.latest_end + math.floor(excess / window.quota) * ((window.seconds or 0) + RESET_MARGIN)
      )
    else
      at = math.max(at, window.latest_end + excess * PROBE_INTERVAL)
    end
  end
end
local wait = at - now

if wait <= 0 then
  process.allowed = process.allowed + 1
  if state.probing_since and state.probing_since <= now then state.blocked_until = now + PROBE_INTERVAL end
end
if wait > 0 and wait <= request.max_wait then
  redis.call('ZADD', KEYS[2], number, number)
  redis.call('ZADD', KEYS[3], (now + math.min(wait, POLL_INTERVAL)) * 1000, number)
else
  remove(number)
end

local last_end = math.max(now, state.blocked_until)
for _, window in pairs(state.windows) do last_end = math.max(last_end, window.latest_end) end
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'EX', math.ceil(last_end - now + 60))
redis.call('EXPIRE', KEYS[2], 60)
redis.call('EXPIRE', KEYS[3], 60)
return {{math.ceil(wait * 1000000), number}}
"""
