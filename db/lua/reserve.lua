-- Reserve channels and evenly spaced slots for one campaign on one gateway, all limits in one step.
-- ARGV: the last moment for a slot in µs (or + and a horizon in ms), ttl ms,
--       gateway id, its channels, its calls per second, its calls per minute, campaign id, its channels, its calls per second, its calls per minute,
--       channels in all, calls per second in all, calls per minute in all (0: no limit; a gateway and all have calls per second),
--       switch id and its channels (0: none was chosen), attempt ids...
-- Returns nil when Redis was emptied, else a flat list: attempt id, delay in µs, ...
-- Times are µs of Redis's own clock. Slots only ever grow, so the last N of a minute are its newest N.
-- An operator's leg (<attempt>:operator) asks again and again until it gets through, on the switch its callee is on. What is
-- kept of it already, be it a slot that went by unused or a lease that was restored for it, takes no room from itself; and as
-- long as it gets none, nobody restores one.
if redis.call('EXISTS', 'dialer:generation') == 0 then
  return false
end
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local latest = ARGV[1]:sub(1, 1) == '+' and now + ARGV[1]:sub(2) * 1000 or tonumber(ARGV[1])
local expires = string.format('%.0f', now + ARGV[2] * 1000)
local gateway, campaign, switch, FIRST = ARGV[3], ARGV[7], ARGV[14], 16
local leg = #ARGV == FIRST and ARGV[FIRST]:sub(-9) == ':operator' and ARGV[FIRST]
-- Wider than what is kept at the last gate, so that a line which was held up catches up with its slots; and what leaves
-- up to 250 ms late still keeps the limit of a minute as the wire counts it.
local SECOND, MINUTE = 1030000, 60250000

local function free(leases, most)
  redis.call('ZREMRANGEBYSCORE', leases, '-inf', string.format('%.0f', now))
  return most - redis.call('ZCARD', leases)
end

-- The first moment at which the minute before a slot holds fewer than `most` slots; 0: no limit.
local function room(minute, most)
  if most == 0 then
    return 0
  end
  local nth = redis.call('ZREVRANGE', minute, most - 1, most - 1, 'WITHSCORES')
  return nth[2] and nth[2] + MINUTE or 0
end

local leases_total = 'dialer:leases:total'
local leases_gateway = 'dialer:leases:gateway:' .. gateway
local leases_campaign = 'dialer:leases:campaign:' .. campaign
local minute_gateway = 'dialer:minute:gateway:' .. gateway
local minute_campaign = 'dialer:minute:campaign:' .. campaign
local minute_total = 'dialer:minute:total'
local arrival_total = 'dialer:arrival:total'
local arrival_gateway = 'dialer:arrival:gateway:' .. gateway
local arrival_campaign = 'dialer:arrival:campaign:' .. campaign
local minutes = {minute_gateway, minute_campaign, minute_total}
local held_in = {leases_total, leases_gateway, leases_campaign}
if switch ~= '0' then
  held_in[4] = 'dialer:leases:switch:' .. switch
end

if leg then
  for _, keys in ipairs({minutes, held_in}) do
    for _, key in ipairs(keys) do
      redis.call('ZREM', key, leg)
    end
  end
  redis.call('DEL', 'dialer:lease:' .. leg)
end

local wanted = math.min(
  #ARGV - FIRST + 1,
  free(leases_gateway, tonumber(ARGV[4])),
  free(leases_campaign, tonumber(ARGV[8])),
  free(leases_total, tonumber(ARGV[11])),
  held_in[4] and free(held_in[4], tonumber(ARGV[15])) or math.huge
)
local gateway_spacing = math.ceil(SECOND / tonumber(ARGV[5]))
local campaign_spacing = tonumber(ARGV[9]) > 0 and math.ceil(SECOND / tonumber(ARGV[9])) or 0
local total_spacing = math.ceil(SECOND / tonumber(ARGV[12]))
local gateway_cpm, campaign_cpm, total_cpm = tonumber(ARGV[6]), tonumber(ARGV[10]), tonumber(ARGV[13])
local total_next = tonumber(redis.call('GET', arrival_total) or 0)
local gateway_next = tonumber(redis.call('GET', arrival_gateway) or 0)
local campaign_next = campaign_spacing > 0 and tonumber(redis.call('GET', arrival_campaign) or 0) or 0
local past = string.format('%.0f', now - MINUTE)
for _, minute in ipairs(minutes) do
  redis.call('ZREMRANGEBYSCORE', minute, '-inf', past)
end

local slots = {}
for i = 1, wanted do
  local slot = math.max(
    now, total_next, gateway_next, campaign_next,
    room(minute_campaign, campaign_cpm), room(minute_gateway, gateway_cpm), room(minute_total, total_cpm)
  )
  if slot > latest then
    break
  end
  local id = ARGV[FIRST - 1 + i]
  local at = string.format('%.0f', slot)
  for _, leases in ipairs(held_in) do
    redis.call('ZADD', leases, expires, id)
  end
  redis.call('DEL', 'dialer:over:' .. id) -- an operator's, given back before
  for _, minute in ipairs(minutes) do
    redis.call('ZADD', minute, at, id)
  end
  -- What giving it back needs: where it counts, and the arrival times before and after it.
  redis.call('HSET', 'dialer:lease:' .. id, 'gateway', gateway, 'campaign', campaign, 'switch', switch,
    'total_before', string.format('%.0f', total_next), 'total_after', string.format('%.0f', slot + total_spacing),
    'gateway_before', string.format('%.0f', gateway_next),
    'gateway_after', string.format('%.0f', slot + gateway_spacing))
  if campaign_spacing > 0 then
    redis.call('HSET', 'dialer:lease:' .. id, 'campaign_before', string.format('%.0f', campaign_next),
      'campaign_after', string.format('%.0f', slot + campaign_spacing))
  end
  redis.call('PEXPIREAT', 'dialer:lease:' .. id, math.floor(expires / 1000))
  total_next, gateway_next, campaign_next = slot + total_spacing, slot + gateway_spacing, slot + campaign_spacing
  slots[#slots + 1] = id
  slots[#slots + 1] = string.format('%.0f', slot - now)
end

if #slots > 0 then
  redis.call('SET', arrival_total, string.format('%.0f', total_next))
  redis.call('SET', arrival_gateway, string.format('%.0f', gateway_next))
  if campaign_spacing > 0 then
    redis.call('SET', arrival_campaign, string.format('%.0f', campaign_next), 'PX', 240000)
  end
  for _, minute in ipairs(minutes) do
    redis.call('PEXPIRE', minute, 120000)
  end
elseif leg then
  redis.call('SET', 'dialer:over:' .. leg, 1, 'PX', 120000)
end
return slots
