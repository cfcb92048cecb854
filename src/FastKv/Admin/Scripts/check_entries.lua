-- Whether a user's indexes and values agree. Behind check.lua, which says what it is told and replies.
--
-- KEYS  1      fastkv:keys:{user}       sorted set, all scores 0: the user's keys
--       2      fastkv:expiry:{user}     sorted set: those that expire, by the millisecond at which they do
--       3 ...  fastkv:data:{user}:...   the values
--
-- ARGV  2      index, expiry or values

local keys, expiry = KEYS[1], KEYS[2]
if not is_index(keys) or not is_index(expiry) then
  return {}
end

for i = 3, #KEYS do
  local value = KEYS[i]
  local name = string.sub(value, prefix + 1)
  local kind = kind_of(value)
  local left = kind == 'none' and -2 or redis.call('PTTL', value)
  local score, moment = redis.call('ZSCORE', keys, name), redis.call('ZSCORE', expiry, name)
  score, moment = score and tonumber(score), moment and tonumber(moment)
  local expires = left >= 0 and string.format('%.0f', now + left)
  if source == 'expiry' then
    if not score and kind == 'none' and moment and moment > now + tolerance then
      repair('ZREM', expiry, name)
      find(i - 2, 'expiry_without_index')
    end
  elseif kind ~= 'none' and kind ~= 'string' then
    -- Once, though it may come from both sides.
    if (source == 'index') == (score ~= nil and score ~= false) then
      find(i - 2, 'wrong_type')
    end
  elseif source == 'values' then
    if not score and kind == 'string' and (left < 0 or left > tolerance) then
      repair('ZADD', keys, 0, name)
      if expires then
        repair('ZADD', expiry, expires, name)
      else
        repair('ZREM', expiry, name)
      end
      find(i - 2, 'value_without_index')
    end
  elseif score then
    if kind == 'none' then
      if not moment or moment > now + tolerance then
        repair('ZREM', keys, name)
        repair('ZREM', expiry, name)
        find(i - 2, 'index_without_value')
      end
    else
      if score ~= 0 then
        repair('ZADD', keys, 0, name)
        find(i - 2, 'index_score')
      end
      if not expires and moment then
        repair('ZREM', expiry, name)
        find(i - 2, 'expiry_without_ttl')
      elseif expires and left > tolerance and not moment then
        repair('ZADD', expiry, expires, name)
        find(i - 2, 'ttl_without_expiry')
      elseif expires and left > tolerance and math.abs(moment - now - left) > tolerance then
        repair('ZADD', expiry, expires, name)
        find(i - 2, 'expiry_differs')
      end
    end
  end
end

return found
