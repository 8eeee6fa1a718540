-- Everything about leases but their reservation. ARGV: verb, then what the verb needs.
local verb = ARGV[1]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local function us(value)
  return string.format('%.0f', value)
end

-- switch: false or '0' until the call was given one.
local function scopes(gateway, campaign, switch)
  local found = {'dialer:leases:total', 'dialer:leases:gateway:' .. gateway, 'dialer:leases:campaign:' .. campaign}
  if switch and switch ~= '0' then
    found[4] = 'dialer:leases:switch:' .. switch
  end
  return found
end

local function hold(id, gateway, campaign, switch, ttl_ms)
  for _, leases in ipairs(scopes(gateway, campaign, switch)) do
    redis.call('ZADD', leases, us(now + ttl_ms * 1000), id)
  end
  redis.call('HSET', 'dialer:lease:' .. id, 'gateway', gateway, 'campaign', campaign, 'switch', switch or '0')
  redis.call('PEXPIRE', 'dialer:lease:' .. id, ttl_ms)
end

-- Put an arrival time back only where nobody took a later slot meanwhile.
local function rewind(key, after, before)
  if after and redis.call('GET', key) == after then
    redis.call('SET', key, before)
  end
end

-- release / give_back: ids. Returns how many were held. What is over stays known for a while, so that whoever read
-- it as open just before does not restore its lease.
local function drop(is_unused)
  local held = 0
  for i = #ARGV, 2, -1 do -- newest slot first, so that arrival times go back one by one
    local id = ARGV[i]
    redis.call('SET', 'dialer:over:' .. id, 1, 'PX', 120000)
    local lease = redis.call('HMGET', 'dialer:lease:' .. id, 'gateway', 'campaign', 'total_before', 'total_after',
      'gateway_before', 'gateway_after', 'switch', 'campaign_before', 'campaign_after')
    if lease[1] then
      for _, leases in ipairs(scopes(lease[1], lease[2], lease[7])) do
        redis.call('ZREM', leases, id)
      end
      if is_unused then
        redis.call('ZREM', 'dialer:minute:gateway:' .. lease[1], id)
        redis.call('ZREM', 'dialer:minute:campaign:' .. lease[2], id)
        redis.call('ZREM', 'dialer:minute:total', id)
        rewind('dialer:arrival:total', lease[4], lease[3])
        rewind('dialer:arrival:gateway:' .. lease[1], lease[6], lease[5])
        rewind('dialer:arrival:campaign:' .. lease[2], lease[9], lease[8])
      end
      redis.call('DEL', 'dialer:lease:' .. id)
      held = held + 1
    end
  end
  return held
end

-- renew: ttl ms, ids. Returns the ids nobody holds.
local function renew()
  local unknown = {}
  for i = 3, #ARGV do
    local lease = redis.call('HMGET', 'dialer:lease:' .. ARGV[i], 'gateway', 'campaign', 'switch')
    if lease[1] then
      hold(ARGV[i], lease[1], lease[2], lease[3], tonumber(ARGV[2]))
    else
      unknown[#unknown + 1] = ARGV[i]
    end
  end
  return unknown
end

-- restore: ttl ms, then id, gateway, campaign, switch of each (0: it was given none yet). Returns how many were missing.
-- A lease that was rebuilt before its call was given a switch learns of it here.
local function restore(first, last, ttl_ms)
  local missing = 0
  for i = first, last, 4 do
    local switch = redis.call('HGET', 'dialer:lease:' .. ARGV[i], 'switch')
    local is_held = redis.call('EXISTS', 'dialer:lease:' .. ARGV[i]) == 1
    if not is_held and redis.call('EXISTS', 'dialer:over:' .. ARGV[i]) == 0 then
      hold(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ttl_ms)
      missing = missing + 1
    elseif is_held and (not switch or switch == '0') and ARGV[i + 3] ~= '0' then
      hold(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ttl_ms)
    end
  end
  return missing
end

-- The latest stays: they come in no order, for a leg leaves long after its callee's.
local function has_left(scope, at)
  local key = 'dialer:departed:' .. scope
  if at > tonumber(redis.call('GET', key) or 0) then
    redis.call('SET', key, us(at), 'PX', 120000)
  end
end

-- rebuild: ttl ms, generation, quiet ms, number of open attempts; id, gateway, campaign, switch of each;
-- then id, gateway, campaign, age ms of each recent originate. Returns 0 when somebody else was faster.
local function rebuild()
  if redis.call('SET', 'dialer:generation', ARGV[3], 'NX') == false then
    return 0
  end
  local recent = 6 + 4 * tonumber(ARGV[5])
  restore(6, recent - 1, tonumber(ARGV[2]))
  for i = recent, #ARGV, 4 do
    for _, scope in ipairs({'gateway:' .. ARGV[i + 1], 'campaign:' .. ARGV[i + 2], 'total'}) do
      redis.call('ZADD', 'dialer:minute:' .. scope, us(now - ARGV[i + 3] * 1000), ARGV[i])
      redis.call('PEXPIRE', 'dialer:minute:' .. scope, 120000)
      -- Until the quiet is over nobody knows of those that were on their way.
      has_left(scope, now - ARGV[i + 3] * 1000)
    end
  end
  local quiet = math.max(ARGV[4], redis.call('PTTL', 'dialer:quiet')) -- longer after the clock was set
  redis.call('SET', 'dialer:arrival:total', us(now + quiet * 1000))
  return 1
end

-- counts: keys. Returns the leases of each that have not expired.
local function counts()
  local found = {}
  for i = 2, #ARGV do
    found[#found + 1] = redis.call('ZCOUNT', ARGV[i], '(' .. us(now), '+inf')
  end
  return found
end

if verb == 'release' then
  return drop(false)
elseif verb == 'give_back' then
  return drop(true)
elseif verb == 'renew' then
  return renew()
elseif verb == 'restore' then
  return restore(3, #ARGV, tonumber(ARGV[2]))
elseif verb == 'rebuild' then
  return rebuild()
elseif verb == 'counts' then
  return counts()
elseif verb == 'minute' then
  return redis.call('ZCOUNT', 'dialer:minute:' .. ARGV[2], us(now - 60000000), '+inf')
end
return redis.error_reply('no verb ' .. verb)
