-- What a write means: one operation of one user or a batch of them, all or nothing. First everything is decided, and only
-- then anything is changed.
--
-- KEYS  1      fastkv:keys:{user}     sorted set, all scores 0: the user's keys
--       2      fastkv:expiry:{user}   sorted set: those that expire, by the millisecond at which they do
--       3      fastkv:ended:{user}    string: which sessions have ended, as sessions.lua keeps it
--       4 ...  fastkv:data:{user}:... the entry of each operation, in their order; none twice
--       then   fastkv:done:{user}:... a success that is remembered                        } only if the request has
--       last   fastkv:done:{user}     sorted set: what is remembered, by when it ends     } an Idempotency-Key
--
-- ARGV  1      bytes of an entry's name that stand before the user's key
--       2      entries that the user may have; 0: as many as they like
--       3      session of the request; empty in one of a version without sessions
--       4      millisecond at which it began
--       5      fingerprint of the request                       } only of use with
--       6      milliseconds to remember it                      } an Idempotency-Key
--       7      bytes of the name of a success before its hash   }
--       then five of each operation:
--         kind           store: must be absent. update: must exist. upsert: either. delete: must exist.
--                        increment: must hold a whole number. count: the same, an absent one is 0. expire: must exist.
--         value          of store, update, upsert; of increment and count what is added
--         expires        milliseconds from now; 0: never; empty: as it is, and never for what is created
--         if_match       "*", or entity tags in quotes; empty: whatever its version is
--         if_none_match  likewise
--
-- Replies  0                                done
--          1                                done, and the entry was created
--          {"value", created, value}        done by increment or count: 0 or 1, and the sum
--          {"replayed", what}               done before: what was remembered, 0 or 1 and the sum behind it
--          {"ended"}                        nothing was done: the session has ended
--          {"reused"}                       the Idempotency-Key came with another request before
--          {"broken"}                       an error came after something was changed, which Redis does not undo
--          {"refused", i, code, tag, ...}   nothing was done: for each operation in the way its number from 1, the code, and
--                                           with PRECONDITION_FAILED the entity tag of what is there
--
-- An error instead of a reply means that nothing was changed.
--
-- In front of it stands time_stands.lua or time_goes_on.lua: whether the time stands still for entries while a script runs.

local keys, expiry, ended = KEYS[1], KEYS[2], KEYS[3]
local prefix, quota, session, began = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local fingerprint, remembered, done_prefix = ARGV[5], ARGV[6], tonumber(ARGV[7])

-- Keys and arguments that stand before those of the operations.
local common_keys, common_arguments = 3, 7
local count = (#ARGV - common_arguments) / 5
local done, done_index = KEYS[common_keys + count + 1], KEYS[common_keys + count + 2]

local is_changed = false
local function write(...)
  local reply = redis.call(...)
  is_changed = true
  return reply
end

local clock
local function now()
  if not clock then
    local time = redis.call('TIME')
    clock = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  end
  return clock
end

-- As text: a number of this size is written with an exponent otherwise.
local function milliseconds(number)
  return string.format('%.0f', number)
end

-- Whether the session has ended: it began before all that have, or is one of the single ones.
local function session_has_ended()
  local known = redis.call('GET', ended)
  if not known then
    return false
  end
  local before = tonumber(string.match(known, '^%d+'))
  return not before or began <= before or session ~= '' and string.find(known, ' ' .. session .. ' ', 1, true) ~= nil
end

-- The version of what is there: a hash of its bytes. Of what is no string there is none.
local function entity_tag(entry)
  local value = redis.pcall('GET', entry)
  return type(value) == 'string' and string.sub(redis.sha1hex(value), 1, 32) or ''
end

-- Where the time goes on an entry could expire between two commands, and the second would make another one, without an end. So its
-- end is taken away at the first, and what is here at the end of the script gets it back. Others see nothing of it, and neither
-- does the data after a crash: a script is whole or not at all.
local held = {}

-- Whether an entry exists, and will until the end of the script.
local function exists_now(entry)
  if time_stands then
    return redis.call('EXISTS', entry) == 1
  end
  local moment = redis.call('PEXPIRETIME', entry)
  if moment < 0 then
    return moment == -1
  end
  -- Of an entry that expires just then the embedded store makes an error.
  held[entry] = redis.pcall('PERSIST', entry) == 1 and milliseconds(moment) or nil
  return held[entry] ~= nil
end

local function is_whole_number(text)
  return text == '0' or string.find(text, '^%-?[1-9]%d*$') ~= nil
end

local creates = { store = true, upsert = true, count = true }

-- Why the operation can't be done: a code and, with PRECONDITION_FAILED, the tag of what is there. None: it can.
local function refusal(kind, entry, exists, if_match, if_none_match)
  if not exists then
    if not creates[kind] then
      return 'KEY_NOT_FOUND', ''
    end
    if if_match ~= '' then
      return 'PRECONDITION_FAILED', ''
    end
    return nil
  end

  if kind == 'store' then
    return 'KEY_EXISTS', ''
  end

  if if_match ~= '' and if_match ~= '*' or if_none_match ~= '' then
    local tag = entity_tag(entry)
    local quoted = '"' .. tag .. '"'
    if if_match ~= '' and if_match ~= '*' and not string.find(if_match, quoted, 1, true)
      or if_none_match == '*'
      or if_none_match ~= '' and string.find(if_none_match, quoted, 1, true) then
      return 'PRECONDITION_FAILED', tag
    end
  end

  if kind == 'increment' or kind == 'count' then
    -- One byte more than the longest number has tells that it is none.
    local text = redis.pcall('GETRANGE', entry, 0, 20)
    if type(text) ~= 'string' or not is_whole_number(text) then
      return 'VALUE_NOT_INTEGER', ''
    end
  end

  return nil
end

local function run()
  if session_has_ended() then
    return { 'ended' }
  end

  if done then
    local known = redis.call('GET', done)
    if known then
      if string.sub(known, 1, #fingerprint) ~= fingerprint then
        return { 'reused' }
      end
      return { 'replayed', string.sub(known, #fingerprint + 1) }
    end
  end

  local refused = { 'refused' }
  local function refuse(i, code, tag)
    refused[#refused + 1] = i
    refused[#refused + 1] = code
    refused[#refused + 1] = tag
  end

  local existed, created, growth = {}, {}, 0
  for i = 1, count do
    local entry, at = KEYS[common_keys + i], common_arguments + 5 * i - 4
    local kind = ARGV[at]
    local exists = exists_now(entry)
    local code, tag = refusal(kind, entry, exists, ARGV[at + 3], ARGV[at + 4])
    existed[i] = exists
    if code then
      refuse(i, code, tag)
      if code == 'KEY_NOT_FOUND' then
        -- What expired, or was removed by somebody else, may still be named.
        local name = string.sub(entry, prefix + 1)
        if redis.call('ZSCORE', keys, name) then
          write('ZREM', keys, name)
          write('ZREM', expiry, name)
        end
      end
    elseif not exists then
      created[#created + 1] = i
      growth = growth + 1
    elseif kind == 'delete' then
      growth = growth - 1
    end
  end

  if quota > 0 and #created > 0 then
    local entries = redis.call('ZCARD', keys) - redis.call('ZCOUNT', expiry, '-inf', '(' .. milliseconds(now()))
    if entries + growth > quota then
      for _, i in ipairs(created) do
        refuse(i, 'QUOTA_EXCEEDED', '')
      end
    end
  end

  if #refused > 1 then
    return refused
  end

  -- The values first: a server that takes no writes refuses the first of them, and nothing was done. What the indexes need is
  -- gathered, so that a batch changes each of them once.
  local sum
  local indexed, expiring, removed, kept, gone = {}, {}, {}, {}, {}
  for i = 1, count do
    local entry, at = KEYS[common_keys + i], common_arguments + 5 * i - 4
    local kind, value, expires = ARGV[at], ARGV[at + 1], ARGV[at + 2]
    local name = string.sub(entry, prefix + 1)
    if kind == 'delete' then
      held[entry] = nil
      gone[#gone + 1] = entry
      removed[#removed + 1] = name
      kept[#kept + 1] = redis.call('ZSCORE', expiry, name) and name or nil
    else
      if kind == 'increment' or kind == 'count' then
        local reply = redis.pcall('INCRBY', entry, value)
        if type(reply) ~= 'number' then
          local text = reply.err or ''
          if string.find(text, 'overflow', 1, true) or string.find(text, 'out of range', 1, true) then
            return { 'refused', i, 'VALUE_NOT_INTEGER', '' }
          end
          return reply
        end
        is_changed = true
        -- A number of Lua has 53 bits.
        sum = redis.call('GET', entry)
        expires = existed[i] and '' or expires
      elseif kind == 'store' then
        write('SET', entry, value, 'NX')
      elseif kind ~= 'expire' then
        write('SET', entry, value, 'KEEPTTL')
      end

      local lifetime = tonumber(expires)
      local is_indexed = existed[i] and redis.call('ZSCORE', keys, name)
      if not is_indexed then
        indexed[#indexed + 1] = 0
        indexed[#indexed + 1] = name
      end

      local moment
      if lifetime and lifetime > 0 then
        moment = milliseconds(now() + lifetime)
        held[entry] = nil
        write('PEXPIREAT', entry, moment)
      elseif lifetime or not existed[i] then
        if existed[i] then
          held[entry] = nil
          write('PERSIST', entry)
        end
        kept[#kept + 1] = redis.call('ZSCORE', expiry, name) and name or nil
      elseif not is_indexed then
        -- Another client wrote it, perhaps to expire.
        local left = redis.call('PTTL', entry)
        moment = held[entry] or left > 0 and milliseconds(now() + left) or nil
      end

      if moment then
        expiring[#expiring + 1] = moment
        expiring[#expiring + 1] = name
      end
    end
  end

  if #gone > 0 then
    write('UNLINK', unpack(gone))
    write('ZREM', keys, unpack(removed))
  end
  if #indexed > 0 then
    write('ZADD', keys, unpack(indexed))
  end
  if #expiring > 0 then
    write('ZADD', expiry, unpack(expiring))
  end
  if #kept > 0 then
    write('ZREM', expiry, unpack(kept))
  end

  -- Who writes what expires, and never lists, would leave its names behind: each such write takes a few away.
  if clock then
    local due = redis.call('ZRANGEBYSCORE', expiry, '-inf', '(' .. milliseconds(clock), 'LIMIT', 0, 10)
    if #due > 0 then
      write('ZREM', keys, unpack(due))
      write('ZREM', expiry, unpack(due))
    end
  end

  local is_created = #created > 0 and 1 or 0
  if done then
    write('SET', done, fingerprint .. is_created .. (sum or ''), 'PX', remembered)
    -- By the index all of them are found when the user is deleted.
    local due = redis.call('ZRANGEBYSCORE', done_index, '-inf', '(' .. milliseconds(now()), 'LIMIT', 0, 10)
    if #due > 0 then
      write('ZREM', done_index, unpack(due))
    end
    write('ZADD', done_index, milliseconds(now() + tonumber(remembered)), string.sub(done, done_prefix + 1))
    -- It outlives what an earlier setting remembers for longer.
    if redis.call('PTTL', done_index) < tonumber(remembered) then
      write('PEXPIRE', done_index, remembered)
    end
  end

  if sum then
    return { 'value', is_created, sum }
  end
  return is_created
end

local is_whole, reply = pcall(run)
for entry, moment in pairs(held) do
  redis.pcall('PEXPIREAT', entry, moment)
end
if is_whole then
  return reply
end
if is_changed then
  return { 'broken' }
end
return type(reply) == 'table' and reply or redis.error_reply(reply)
