-- A leaky bucket as its theoretical arrival time. ARGV: key, size, requests per second. Returns ms to wait, 0: taken.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = 1000000 / tonumber(ARGV[3])
local full = interval * tonumber(ARGV[2])
-- Beyond a full bucket nothing lies unless the clock was set back: else nobody would get anything until it is there again.
local arrival = math.min(math.max(tonumber(redis.call('GET', ARGV[1]) or 0), now), now + full)
local wait = arrival + interval - full - now
if wait > 0 then
  return math.ceil(wait / 1000)
end
redis.call('SET', ARGV[1], string.format('%.0f', arrival + interval), 'PX', math.ceil((arrival + interval - now) / 1000) + 1000)
return 0
