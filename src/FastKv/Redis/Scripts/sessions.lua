-- Which sessions of a user have ended: begins a session, ends one, or ends all.
--
-- KEYS  1  fastkv:ended:{user}  string, absent if none has: "before until", and " session until" of single ones. Sessions that began
--                               up to the millisecond "before" have ended. Each is kept until the millisecond at which no token of
--                               it can be valid any more.
-- ARGV  1  begin, end, all or deleted
--       2  milliseconds for which a token of any session may still be valid
--       3  of begin and all: the millisecond up to which all have ended, whatever is stored and the clock says
--          of end: the session
--       4  of end: milliseconds for which a token of this session may still be valid
--       5  of end: single sessions that are kept at most. One more ends all, so that the string stays short.
--
-- Reply  of begin: the millisecond at which the session begins, later than all that have ended; 0: the user is deleted
--        of all: the millisecond at which the next session can begin
--        else 0

local key, what, longest = KEYS[1], ARGV[1], tonumber(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

-- Milliseconds that the clock of a server may be behind that of the master before it: what began there has ended, too. The next
-- session begins so much later.
local clock_tolerance = 1000

-- No session begins after it: the largest whole number that a double has for certain.
local for_ever = 9007199254740991

local before, before_until, singles = 0, 0, {}
local stored = redis.call('GET', key)
if stored then
  local words = {}
  for word in string.gmatch(stored, '%S+') do
    words[#words + 1] = word
  end
  before, before_until = tonumber(words[1]) or 0, tonumber(words[2]) or 0
  if before_until < now then
    before, before_until = 0, 0
  end
  for i = 3, #words, 2 do
    if (tonumber(words[i + 1]) or 0) >= now then
      singles[#singles + 1] = { words[i], tonumber(words[i + 1]) }
    end
  end
end

local function keep()
  local last = before_until
  local words = { string.format('%.0f', before), string.format('%.0f', before_until) }
  for _, single in ipairs(singles) do
    words[#words + 1] = single[1]
    words[#words + 1] = string.format('%.0f', single[2])
    last = math.max(last, single[2])
  end
  redis.call('SET', key, table.concat(words, ' '), 'PX', string.format('%.0f', math.max(1, last - now)))
end

local function end_before(moment)
  if moment > before then
    before = moment
  end
  before_until, singles = now + longest, {}
  keep()
end

if what == 'begin' then
  if before == for_ever then
    return 0
  end
  local ended = tonumber(ARGV[3])
  if ended > before and ended + longest > now then
    end_before(ended)
  end
  return math.max(now, before + 1)
end

if what == 'deleted' then
  end_before(for_ever)
  return 0
end

if before == for_ever then
  return 0
end

if what == 'all' then
  end_before(math.max(now + clock_tolerance, before, tonumber(ARGV[3])))
  return before + 1
end

for _, single in ipairs(singles) do
  if single[1] == ARGV[3] then
    return 0
  end
end
singles[#singles + 1] = { ARGV[3], now + tonumber(ARGV[4]) }
if #singles > tonumber(ARGV[5]) then
  end_before(math.max(now + clock_tolerance, before))
else
  keep()
end
return 0
