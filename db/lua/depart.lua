-- The last gate before the wire, shared by every scheduler: calls leave at least their spacing apart, whoever sends
-- them and however late. ARGV: verb, gateway id, campaign id; ask: the spacings in µs of the gateway, of the campaign (0: no
-- limit of its own) and in all, how far ahead in µs a moment may be given, in how many µs it leaves at the earliest, the
-- moment it was given before and let pass (0: none; it binds nobody but those who came after), and for a call that needs a
-- switch: its lease's id, ttl ms, then id and channels of each switch that may take it, the best first.
-- ask: nil when Redis was emptied, be it before the lease was reserved or since: one that was restored keeps the channel of
-- a call that is up, but no minute and no slot counts it, so that it lets nothing leave. Else µs to wait before it asks again
-- (0: it may leave), how many of them for the campaign's sake, the time, in how many µs from then it may leave, the switch
-- whose channel it got (0: none had one, and nothing leaves), and the channels that are taken on each switch asked for. The
-- channel is counted here, in the step that lets the call leave, so that schedulers who choose at the same moment cannot fill
-- a switch beyond its limit.
-- left: a call that was allowed to leave did so only now: the next ones count from here.
-- Kept is when the last call leaves, not when the next may: a limit that is lowered counts at once.
if redis.call('EXISTS', 'dialer:generation') == 0 then
  return false
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local gateway, total = 'dialer:departed:gateway:' .. ARGV[2], 'dialer:departed:total'
local campaign = 'dialer:departed:campaign:' .. ARGV[3]
local leaves = now

if ARGV[1] == 'ask' then
  local function wait_for(key, spacing)
    local last = redis.call('GET', key)
    return last and last ~= ARGV[9] and last + spacing - now or 0
  end
  local of_campaign = ARGV[5] ~= '0' and math.max(0, wait_for(campaign, ARGV[5])) or 0
  local wait = math.max(wait_for(gateway, ARGV[4]), wait_for(total, ARGV[6]), of_campaign)
  if wait > tonumber(ARGV[7]) then
    return {wait, of_campaign, now, 0, 0}
  end
  leaves = now + math.max(wait, tonumber(ARGV[8]))
end
local answer = {0, 0, now, leaves - now, 0}
if ARGV[1] == 'ask' and #ARGV > 10 then
  local lease, expires = 'dialer:lease:' .. ARGV[10], string.format('%.0f', now + ARGV[11] * 1000)
  if redis.call('HEXISTS', lease, 'total_after') == 0 then
    return false
  end
  for i = 12, #ARGV, 2 do
    local leases = 'dialer:leases:switch:' .. ARGV[i]
    redis.call('ZREMRANGEBYSCORE', leases, '-inf', string.format('%.0f', now))
    local taken = redis.call('ZCARD', leases)
    local own = redis.call('ZSCORE', leases, ARGV[10]) and 1 or 0 -- an operator's, whose channel was counted before it left
    if answer[5] == 0 and taken - own < tonumber(ARGV[i + 1]) then
      redis.call('ZADD', leases, expires, ARGV[10])
      redis.call('HSET', lease, 'switch', ARGV[i])
      answer[5], taken = tonumber(ARGV[i]), taken + 1 - own
    end
    answer[#answer + 1] = taken
  end
  if answer[5] == 0 then
    return answer
  end
end
for _, key in ipairs({gateway, campaign, total}) do -- somebody may have a later moment already
  local at = math.max(leaves, tonumber(redis.call('GET', key) or 0))
  redis.call('SET', key, string.format('%.0f', at), 'PX', 120000)
end
return answer
