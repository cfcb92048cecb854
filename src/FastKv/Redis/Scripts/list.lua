-- A page of a user's keys, in the order of their bytes.
--
-- KEYS  1  fastkv:keys:{user}     sorted set, all scores 0: the user's keys
--       2  fastkv:expiry:{user}   sorted set: those that expire, by the millisecond at which they do
--       3  fastkv:ended:{user}    string: which sessions have ended
-- ARGV  1  where to begin, as ZRANGE … BYLEX takes it
--       2  where to end, likewise
--       3  keys of a page
--       4  names of expired entries that are taken away at most
--
-- Reply  {ended, last, key, left, key, left, ...}: which sessions have ended, nil if none has; the last key that was looked at if
-- there are more behind it, else an empty string; then each key that exists and the milliseconds until it expires, or -1.

local keys, expiry = KEYS[1], KEYS[2]
local limit = tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local expires = redis.call('EXISTS', expiry) == 1

if expires then
  local due = redis.call('ZRANGEBYSCORE', expiry, '-inf', '(' .. string.format('%.0f', now), 'LIMIT', 0, tonumber(ARGV[4]))
  if #due > 0 then
    -- Refused by a server that takes no writes: the page is right without it.
    redis.pcall('ZREM', keys, unpack(due))
    redis.pcall('ZREM', expiry, unpack(due))
  end
end

local page = redis.call('ZRANGE', keys, ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, limit + 1)
local reply = { redis.call('GET', KEYS[3]), '' }
if #page > limit then
  page[#page] = nil
  reply[2] = page[limit]
end

local moments = expires and #page > 0 and redis.call('ZMSCORE', expiry, unpack(page)) or {}
for i, key in ipairs(page) do
  local moment = moments[i] and tonumber(moments[i])
  if not moment then
    reply[#reply + 1] = key
    reply[#reply + 1] = -1
  elseif moment >= now then
    reply[#reply + 1] = key
    reply[#reply + 1] = moment - now
  end
end

return reply
