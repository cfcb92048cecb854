-- Whether what is remembered of a user's Idempotency-Keys and its index agree. Behind check.lua, which says what it is told and
-- replies.
--
-- KEYS  1      fastkv:done:{user}       sorted set: what is remembered, by when it ends
--       2 ...  fastkv:done:{user}:...   what is remembered
--
-- ARGV  2      index or records

local index = KEYS[1]
if not is_index(index) then
  return {}
end

for i = 2, #KEYS do
  local record = KEYS[i]
  local hash = string.sub(record, prefix + 1)
  local kind = kind_of(record)
  local left = kind == 'none' and -2 or redis.call('PTTL', record)
  local score = redis.call('ZSCORE', index, hash)
  if source == 'index' then
    if score and kind == 'none' and tonumber(score) > now + tolerance then
      repair('ZREM', index, hash)
      find(i - 1, 'idempotency_index_without_record')
    end
  elseif kind ~= 'none' and kind ~= 'string' then
    find(i - 1, 'wrong_type')
  elseif kind == 'string' and left < 0 then
    find(i - 1, 'no_ttl')
  elseif not score and left > tolerance then
    if repairs then
      redis.call('ZADD', index, string.format('%.0f', now + left), hash)
      redis.call('PEXPIRE', index, math.max(left, redis.call('PTTL', index)))
    end
    find(i - 1, 'idempotency_record_without_index')
  end
end

return found
