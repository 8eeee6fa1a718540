-- The last gate before the wire, shared by every scheduler: calls leave at least their spacing apart, whoever sends
-- them and however late. ARGV: verb, gateway id; ask: the gateway's spacing in µs, spacing in all in µs.
-- ask: nil when Redis was emptied, else µs to wait (0: leave now) and the time.
-- left: a call that was allowed to leave did so only now: the next ones count from here.
-- Kept is when the last call left, not when the next may: a limit that is lowered counts at once.
if redis.call('EXISTS', 'dialer:generation') == 0 then
  return false
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local gateway, total = 'dialer:departed:gateway:' .. ARGV[2], 'dialer:departed:total'

if ARGV[1] == 'ask' then
  local wait = math.max(
    tonumber(redis.call('GET', gateway) or 0) + ARGV[3] - now,
    tonumber(redis.call('GET', total) or 0) + ARGV[4] - now
  )
  if wait > 0 then
    return {wait, now}
  end
end
local at = string.format('%.0f', now)
redis.call('SET', gateway, at, 'PX', 120000)
redis.call('SET', total, at, 'PX', 120000)
return {0, now}
