using FastKv.Features.Data;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>
/// Whether a user's indexes and what is stored agree. Names come from a walk, during which the service goes on writing, so a script
/// looks at some of them again and holds both sides while it does: what it finds was so at one instant, and what it repairs still is.
/// </summary>
internal sealed class EntryCheck(
    RedisCommands redis,
    RedisKeys keys,
    StoreScan scan,
    Findings findings,
    bool repairs,
    CancellationToken cancellation
)
{
    /// <summary>Names that one script looks at: about a millisecond, during which others wait.</summary>
    private const int MaximumTogether = 200;

    // KEYS  1 the index of keys, 2 that of expiries, then the values
    // ARGV  1 bytes of a value's name before the user's key; 2 where the names come from: index, expiry or values; 3 "1": repair
    // Reply {number of the value from 1, what was found, ...}
    private static readonly RedisScript Entries = new(
        """
        local keys, expiry, prefix, source, repairs = KEYS[1], KEYS[2], tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'
        local function kind_of(key)
          local kind = redis.call('TYPE', key)
          return kind.ok or kind
        end
        local function is_index(key)
          local kind = kind_of(key)
          return kind == 'zset' or kind == 'none'
        end
        -- Whoever looks at the index itself says so.
        if not is_index(keys) or not is_index(expiry) then return {} end

        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        -- Milliseconds: what ends so soon may go between two looks at the clock.
        local tolerance = 1000
        local found = {}
        local function find(i, what)
          found[#found + 1] = i
          found[#found + 1] = what
        end
        local function repair(...)
          if repairs then redis.call(...) end
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
            if (source == 'index') == (score ~= nil and score ~= false) then find(i - 2, 'wrong_type') end
          elseif source == 'values' then
            if not score and kind == 'string' and (left < 0 or left > tolerance) then
              repair('ZADD', keys, 0, name)
              if expires then repair('ZADD', expiry, expires, name) else repair('ZREM', expiry, name) end
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
        """
    );

    // KEYS  1 the index of remembered Idempotency-Keys, then the records
    // ARGV  1 bytes of a record's name before its hash; 2 where the names come from: index or records; 3 "1": repair
    // Reply {number of the record from 1, what was found, ...}
    private static readonly RedisScript Records = new(
        """
        local index, prefix, source, repairs = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'
        local function kind_of(key)
          local kind = redis.call('TYPE', key)
          return kind.ok or kind
        end
        local kind = kind_of(index)
        if kind ~= 'zset' and kind ~= 'none' then return {} end

        local time = redis.call('TIME')
        local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
        local tolerance = 1000
        local found = {}
        local function find(i, what)
          found[#found + 1] = i
          found[#found + 1] = what
        end

        for i = 2, #KEYS do
          local record = KEYS[i]
          local hash = string.sub(record, prefix + 1)
          local kind = kind_of(record)
          local left = kind == 'none' and -2 or redis.call('PTTL', record)
          local score = redis.call('ZSCORE', index, hash)
          if source == 'index' then
            if score and kind == 'none' and tonumber(score) > now + tolerance then
              if repairs then redis.call('ZREM', index, hash) end
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
        """
    );

    private long looked;

    /// <summary>How many names were looked at.</summary>
    public long Looked => Volatile.Read(ref looked);

    /// <summary>Looks at every name of the index of keys.</summary>
    public Task CheckIndexAsync(string userId) => WalkAsync(keys.Keys(userId), userId, "index");

    /// <summary>Looks at every name of the index of expiries.</summary>
    public Task CheckExpiryAsync(string userId) => WalkAsync(keys.Expiry(userId), userId, "expiry");

    /// <summary>Looks at values that a walk has met.</summary>
    /// <param name="userId">Whose they are.</param>
    /// <param name="names">The user's keys.</param>
    public async Task CheckValuesAsync(string userId, IEnumerable<ReadOnlyMemory<byte>> names)
    {
        foreach (var some in names.Chunk(MaximumTogether))
        {
            var reachable = some.ToLookup(name => DataKey.TryCreate(name.Span, out _));
            await CheckEntriesAsync(userId, [.. reachable[true]], "values", repairs);
            await CheckEntriesAsync(userId, [.. reachable[false]], "values", false, FindingKind.UnreachableValue);
        }
    }

    /// <summary>Looks at every name of the index of remembered Idempotency-Keys.</summary>
    public async Task CheckRecordIndexAsync(string userId)
    {
        var index = keys.DoneIndex(userId);
        if (!await IsIndexAsync(index))
        {
            return;
        }

        await foreach (var page in scan.MembersAsync(index, cancellation))
        {
            await CheckRecordsAsync(userId, page.Select(member => (ReadOnlyMemory<byte>)member.Element), "index");
        }
    }

    /// <summary>Looks at remembered Idempotency-Keys that a walk has met.</summary>
    /// <param name="userId">Whose they are.</param>
    /// <param name="hashes">Their hashes.</param>
    public Task CheckRecordsAsync(string userId, IEnumerable<ReadOnlyMemory<byte>> hashes) =>
        CheckRecordsAsync(userId, hashes, "records");

    private async Task WalkAsync(RedisKey index, string userId, string source)
    {
        if (!await IsIndexAsync(index))
        {
            return;
        }

        await foreach (var page in scan.MembersAsync(index, cancellation))
        {
            foreach (var some in page.Select(member => (ReadOnlyMemory<byte>)member.Element).Chunk(MaximumTogether))
            {
                await CheckEntriesAsync(userId, some, source, repairs);
            }
        }
    }

    private async Task<bool> IsIndexAsync(RedisKey index)
    {
        if (await redis.TypeAsync(index) is RedisType.SortedSet or RedisType.None)
        {
            return true;
        }

        findings.Add(FindingKind.WrongType, index);
        return false;
    }

    private async Task CheckEntriesAsync(
        string userId,
        ReadOnlyMemory<byte>[] names,
        string source,
        bool repair,
        FindingKind? instead = null
    )
    {
        if (names.Length == 0)
        {
            return;
        }

        RedisKey[] values = [.. names.Select(name => keys.Data(userId, name.Span))];
        Tell(
            await RunAsync(
                Entries,
                [keys.Keys(userId), keys.Expiry(userId), .. values],
                keys.DataPrefixLength(userId),
                source,
                repair
            ),
            values,
            repair,
            instead
        );
    }

    private async Task CheckRecordsAsync(string userId, IEnumerable<ReadOnlyMemory<byte>> hashes, string source)
    {
        foreach (var some in hashes.Chunk(MaximumTogether))
        {
            RedisKey[] records = [.. some.Select(hash => keys.Done(userId, hash.Span))];
            Tell(
                await RunAsync(
                    Records,
                    [keys.DoneIndex(userId), .. records],
                    keys.DonePrefixLength(userId),
                    source,
                    repairs
                ),
                records,
                repairs
            );
        }
    }

    private async Task<(int Index, string Name)[]> RunAsync(
        RedisScript script,
        RedisKey[] names,
        int prefixLength,
        string source,
        bool repair
    )
    {
        Interlocked.Add(ref looked, names.Length - 1);
        RedisValue[] arguments = [prefixLength, source, repair ? "1" : "0"];
        var reply = (RedisResult[])
            (
                await (
                    repair
                        ? redis.WriteAsync(script, names, arguments, isLarge: false)
                        : redis.ReadAsync(script, names, arguments)
                )
            )!;
        return [.. reply.Chunk(2).Select(pair => ((int)pair[0] - 1, pair[1].ToString()))];
    }

    private void Tell((int Index, string Name)[] found, RedisKey[] names, bool repaired, FindingKind? instead = null)
    {
        foreach (var (index, name) in found)
        {
            var kind = FindingKind.Of(name);
            kind = kind == FindingKind.ValueWithoutIndex ? instead ?? kind : kind;
            findings.Add(kind, names[index], repaired && kind.Repair is not null);
        }
    }
}
