"""`Allowance`, `Window` and `Line` in Lua, for Redis: one step for all processes, by the server's clock.

KEYS: what is known; who waits, by number; when each of them asks again.
ARGV: the question as JSON. Its times are seconds from the moment it is asked, so that no two clocks need to agree.

What is under way are the turns given here less those that ended, as each process says with each question. Questions of
several threads may arrive in any order: what counts is the highest number that was said. A process that was silent for
a while has heard its answers, or died: what it had under way counts as used.
"""

from __future__ import annotations

from realtimekit.limits.state import SILENCE, SOON, SPACING
from realtimekit.limits.wait_queue import GRACE, POLL_INTERVAL
from realtimekit.limits.window import MARGIN

CLOCK = "redis.call('TIME')"

SCRIPT = f"""
local POLL_INTERVAL, GRACE, MARGIN = {POLL_INTERVAL}, {GRACE}, {MARGIN}
local SILENCE, SOON, SPACING = {SILENCE}, {SOON}, {SPACING}
local time = {CLOCK}
local now = time[1] + time[2] / 1000000
local ask = cjson.decode(ARGV[1])
local stored = redis.call('GET', KEYS[1])
local known = stored and cmsgpack.unpack(stored)
  or {{windows = {{}}, processes = {{}}, blocked_until = 0, numbers = 0, swept = 0}}

-- Window

local function window_of(quota, seconds)
  return {{quota = quota, seconds = seconds, remaining = 0, unseen = 0, missed = 0, earliest = 0, latest = 0}}
end

local function begin(window, at)
  window.remaining, window.unseen, window.observed = window.quota or 0, 0, false
  window.earliest, window.latest = at, at + (window.seconds or 0) + MARGIN
end

local function miss(window, count, heard)
  window.unseen, window.missed = window.unseen + count, heard
end

local function hear_limit(window, limit, sent, heard)
  if limit.quota then window.quota, window.seconds = limit.quota, limit.window end
  if not limit.remaining then
    miss(window, 1, heard)
    return
  end
  local earliest, latest = sent + limit.reset - MARGIN, heard + limit.reset + MARGIN
  if sent > window.missed then window.unseen = 0 end
  if earliest > window.latest then
    window.remaining, window.earliest, window.latest = limit.remaining, earliest, latest
  elseif latest < window.earliest or (heard < window.earliest and not window.observed) then
    return
  else
    window.remaining = math.min(window.remaining, limit.remaining)
    window.earliest = math.max(window.earliest, earliest)
    if not window.observed then
      window.latest = latest
    elseif window.seconds and latest - window.latest >= window.seconds - 3 * MARGIN then
      window.latest = math.max(window.latest, latest)
    else
      window.latest = math.min(window.latest, latest)
    end
  end
  window.observed = true
end

-- Allowance.hear

local function hear(answer)
  local sent, heard, told = now + answer.sent, now + answer.heard, {{}}
  for _, limit in ipairs(answer.limits) do told[limit.name] = true end
  if next(told) then known.windows[''] = nil end
  for name, window in pairs(known.windows) do
    if not told[name] then miss(window, 1, heard) end
  end
  for _, limit in ipairs(answer.limits) do
    local window = known.windows[limit.name]
    if not window then
      window = window_of(limit.quota, limit.window)
      known.windows[limit.name] = window
      if not limit.remaining then begin(window, heard) end
    end
    hear_limit(window, limit, sent, heard)
  end
  if answer.status == 429 then
    known.blocked_until = math.max(known.blocked_until, heard + answer.wait)
    known.trying_since = known.blocked_until
  elseif answer.status > 0 and known.trying_since and sent >= known.trying_since then
    known.trying_since = nil
  end
end

if not stored and ask.quota then known.windows[''] = window_of(ask.quota, ask.window) end

-- Who asks, and what the others have under way

local me = known.processes[ask.process] or {{given = ask.given, ended = ask.ended, answers = 0}}
known.processes[ask.process] = me
for _, answer in ipairs(ask.answers) do
  if answer.number > me.answers then
    hear(answer)
    me.answers = answer.number
  end
end
me.ended = math.max(me.ended, ask.ended)
me.active = now
local under_way = 0
for process, it in pairs(known.processes) do
  if it.active < now - SILENCE then
    for _, window in pairs(known.windows) do miss(window, it.given - it.ended, now) end
    known.processes[process] = nil
  else
    under_way = under_way + it.given - it.ended
  end
end

-- Allowance.ask

local function leave(number)
  redis.call('ZREM', KEYS[2], number)
  redis.call('ZREM', KEYS[3], number)
end

if now >= known.swept + GRACE then
  known.swept = now
  local gone = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', '(' .. (now - GRACE) * 1000)
  for _, number in ipairs(gone) do leave(number) end
end
for name, window in pairs(known.windows) do
  if now >= window.latest then
    if window.quota then
      begin(window, now)
    else
      known.windows[name] = nil
      if redis.call('ZCARD', KEYS[2]) > 0 then known.trying_since = math.min(known.trying_since or now, now) end
    end
  end
end
local number = ask.number
if number == cjson.null then
  known.numbers = known.numbers + 1
  number = known.numbers
end
local position = redis.call('ZCOUNT', KEYS[2], '-inf', '(' .. number)

-- Allowance._wait

local at = math.max(now, known.blocked_until)
if known.trying_since then at = at + position * SPACING end
for _, window in pairs(known.windows) do
  local left = window.remaining - window.unseen
  local beyond = position - math.max(0, left - under_way)
  if beyond >= 0 then
    if position < left then
      at = math.max(at, math.min(now + SOON + position / 1000, window.latest))
    elseif window.quota then
      at = math.max(at, window.latest + math.floor(beyond / window.quota) * ((window.seconds or 0) + MARGIN))
    else
      at = math.max(at, window.latest + beyond * SPACING)
    end
  end
end
local wait = at - now

if wait <= 0 then
  me.given = me.given + 1
  if known.trying_since and known.trying_since <= now then known.blocked_until = now + SPACING end
end
if wait > 0 and wait <= ask.patience then
  redis.call('ZADD', KEYS[2], number, number)
  redis.call('ZADD', KEYS[3], (now + math.min(wait, POLL_INTERVAL)) * 1000, number)
else
  leave(number)
end

local ends = math.max(now, known.blocked_until)
for _, window in pairs(known.windows) do ends = math.max(ends, window.latest) end
redis.call('SET', KEYS[1], cmsgpack.pack(known), 'EX', math.ceil(ends - now + 60))
redis.call('EXPIRE', KEYS[2], 60)
redis.call('EXPIRE', KEYS[3], 60)
return {{math.ceil(wait * 1000000), number}}
"""
