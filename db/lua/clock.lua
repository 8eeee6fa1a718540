-- Redis's clock, by which all limits are kept, and what is to be done when it was set. ARGV: verb.
-- look: the time in µs, how many µs ahead of it the last slot or call lies, and for how many ms nothing may leave (below 0: it may).
-- forget, ms: what is kept by times that mean nothing any more. Nothing leaves for so long; leases.lua, rebuild, keeps it.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if ARGV[1] == 'look' then
  local last = math.max(
    tonumber(redis.call('GET', 'dialer:arrival:total') or 0),
    tonumber(redis.call('GET', 'dialer:departed:total') or 0)
  )
  return {now, last - now, redis.call('PTTL', 'dialer:quiet')}
end
for _, pattern in ipairs({'dialer:lease:*', 'dialer:leases:*', 'dialer:minute:*', 'dialer:arrival:*', 'dialer:departed:*'}) do
  for _, key in ipairs(redis.call('KEYS', pattern)) do
    redis.call('DEL', key)
  end
end
redis.call('DEL', 'dialer:generation', 'dialer:dialing-state')
redis.call('SET', 'dialer:quiet', 1, 'PX', ARGV[2])
return redis.status_reply('OK')
