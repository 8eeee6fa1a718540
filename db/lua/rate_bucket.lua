-- A leaky bucket as its theoretical arrival time. ARGV: key, size, requests per second. Returns ms to wait, 0: taken.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = 1000000 / tonumber(ARGV[3])
local full = interval * tonumber(ARGV[2])
local arrival = math.max(tonumber(redis.call('GET', ARGV[1]) or 0), now)
local wait = arrival + interval - full - now
if wait > 0 then
  return math.ceil(wait / 1000)
end
redis.call('SET', ARGV[1], string.format('%.0f', arrival + interval), 'PX', math.ceil((arrival + interval - now) / 1000) + 1000)
return 0
