-- What check_entries.lua and check_records.lua begin with: looks at names of a user, in an index and in the store at once. What is
-- found was so at one instant, and what is repaired still is.
--
-- ARGV   1  bytes of a key that stand before the name that an index has of it
--        2  where the names come from
--        3  "1": repair
--
-- Reply  {number of the name from 1, what was found, ...}: names of FindingKind. Empty if an index is of another type: whoever
--        walks the index itself says so.

local prefix, source, repairs = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Milliseconds: what ends so soon may go between two looks at the clock.
local tolerance = 1000

local function kind_of(key)
  local kind = redis.call('TYPE', key)
  return kind.ok or kind
end

local function is_index(key)
  local kind = kind_of(key)
  return kind == 'zset' or kind == 'none'
end

local found = {}
local function find(i, what)
  found[#found + 1] = i
  found[#found + 1] = what
end

local function repair(...)
  if repairs then
    redis.call(...)
  end
end
