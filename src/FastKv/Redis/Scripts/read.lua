-- Entries of one user at one instant.
--
-- KEYS  1 ...  fastkv:data:{user}:... the entries
--       last   fastkv:ended:{user}    string: which sessions have ended
-- ARGV  1      bytes that the values may have together; the first one comes however long it is
--       2      bytes of them beyond which none is answered, but how many they are
--
-- Reply  the number of bytes, if they are more than the second argument; else for each entry, one behind the other, its value and
-- the milliseconds until it expires (-1: never): nil and -2 if there is none, nil and 0 if there was no room for it and the rest. In
-- the end which sessions have ended, nil if none has.

local room, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local count = #KEYS - 1
local lengths, total, read = {}, 0, count
for i = 1, count do
  local key = KEYS[i]
  -- Of what is no string there is none.
  local length = redis.pcall('STRLEN', key)
  lengths[i] = type(length) == 'number' and length or 0
  if total > 0 and total + lengths[i] > room then
    read = i - 1
    break
  end
  total = total + lengths[i]
end

if total > most then
  return total
end

local reply = {}
for i = 1, count do
  local key = KEYS[i]
  reply[2 * i - 1] = false
  if i > read then
    reply[2 * i] = 0
  elseif lengths[i] == 0 then
    reply[2 * i] = -2
  else
    local value, left = redis.call('GET', key), redis.call('PTTL', key)
    -- In the embedded store it may have expired between the two.
    reply[2 * i - 1] = left ~= -2 and value
    reply[2 * i] = left
  end
end

reply[2 * count + 1] = redis.call('GET', KEYS[#KEYS])
return reply
