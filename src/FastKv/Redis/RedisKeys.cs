using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>Every key name. None of them expires, except where its description says so.</summary>
internal sealed class RedisKeys(RedisOptions options)
{
    // Bytes; two names do not meet in 128 bits.
    private const int HashLength = 16;

    private readonly byte[] dataPrefix = PrefixOf(options, "data");
    private readonly byte[] keysPrefix = PrefixOf(options, "keys");
    private readonly byte[] expiryPrefix = PrefixOf(options, "expiry");
    private readonly byte[] endedPrefix = PrefixOf(options, "ended");
    private readonly byte[] donePrefix = PrefixOf(options, "done");
    private readonly byte[] leasePrefix = PrefixOf(options, "deletion");

    /// <summary>
    /// Hash: user_id, username, email, full_name, age, gender, password_hash, created_at. Lives as long as the user.
    /// </summary>
    public RedisKey User(string foldedUsername) => $"{options.KeyPrefix}:user:{foldedUsername}";

    /// <summary>String: the claim on an email address, written by the registration. Lives as long as the user.</summary>
    public RedisKey Email(string foldedEmail) => $"{options.KeyPrefix}:email:{foldedEmail}";

    /// <summary>
    /// String, empty: what readiness writes to see that the store takes writes. Lives for <see cref="ProbeLifetime"/>.
    /// </summary>
    public RedisKey Probe { get; } = $"{options.KeyPrefix}:probe";

    public static readonly TimeSpan ProbeLifetime = TimeSpan.FromMinutes(1);

    /// <summary>
    /// String: failed logins with a username. Lives for <c>FailedLoginWindowSeconds</c>. Hashed, because a client may send a
    /// name of any length.
    /// </summary>
    public RedisKey FailedLoginsOf(string foldedUsername) => Hashed("failed:user", foldedUsername);

    /// <summary>
    /// String: failed logins from a client address. Lives for <c>FailedLoginWindowSeconds</c>. Hashed, so that no address
    /// stands there in clear; whoever can read Redis and tries all addresses can still tell.
    /// </summary>
    public RedisKey FailedLoginsFrom(string address) => Hashed("failed:address", address);

    /// <summary>String: registrations from a client address, hashed likewise. Lives for an hour.</summary>
    public RedisKey RegistrationsFrom(string address) => Hashed("registrations:address", address);

    /// <summary>
    /// String: the bytes of one value. Lives until it is deleted or expires. The user id is a hash tag (Redis Cluster specification,
    /// "Hash tags"), so all that is a user's shares a slot, and it stands before the client's key, so no key reaches another's.
    /// </summary>
    public RedisKey Data(string userId, ReadOnlySpan<byte> key) => Of(dataPrefix, userId, ":", key);

    /// <summary>Bytes of <see cref="Data"/> that stand before the client's key.</summary>
    public int DataPrefixLength(string userId) => dataPrefix.Length + userId.Length + 2;

    /// <summary>Sorted set, all scores 0: a user's keys, in the order of their bytes. Lives as long as one of them.</summary>
    public RedisKey Keys(string userId) => Of(keysPrefix, userId, "", []);

    /// <summary>
    /// Sorted set: those of a user's keys that expire, by the millisecond at which they do. Lives as long as one of them, and until
    /// the next listing or write of what expires.
    /// </summary>
    public RedisKey Expiry(string userId) => Of(expiryPrefix, userId, "", []);

    /// <summary>
    /// String: which of a user's sessions have ended, as sessions.lua keeps it; of a deleted user all. Lives until no token of
    /// theirs can be valid.
    /// </summary>
    public RedisKey Ended(string userId) => Of(endedPrefix, userId, "", []);

    /// <summary>
    /// Sorted set: the hashes of a user's Idempotency-Keys that are remembered, by the millisecond until which they are. Lives as
    /// long as the last of them.
    /// </summary>
    public RedisKey DoneIndex(string userId) => Of(donePrefix, userId, "", []);

    /// <summary>
    /// String: an Idempotency-Key that has succeeded: the fingerprint of its request, and how it ended. Lives for
    /// <c>FastKv__Data__IdempotencySeconds</c>. Hashed, to be of one length.
    /// </summary>
    public RedisKey Done(string userId, string idempotencyKey) =>
        Done(userId, SHA256.HashData(Encoding.ASCII.GetBytes(idempotencyKey)).AsSpan(0, HashLength));

    /// <summary>The same, of the hash that stands in <see cref="DoneIndex"/>.</summary>
    public RedisKey Done(string userId, ReadOnlySpan<byte> hash) => Of(donePrefix, userId, ":", hash);

    /// <summary>Bytes of <see cref="Done(string, string)"/> that stand before the hash.</summary>
    public int DonePrefixLength(string userId) => donePrefix.Length + userId.Length + 2;

    /// <summary>Hash: the users who were deleted and whose data are still to be removed, by user_id. Lives as long as there is one.</summary>
    public RedisKey Deletions { get; } = $"{options.KeyPrefix}:deletions";

    /// <summary>String: which replica removes the data of a deleted user. Lives for seconds, as long as that replica works on it.</summary>
    public RedisKey DeletionLease(string userId) => Of(leasePrefix, userId, "", []);

    /// <summary>
    /// What <c>admin doctor</c> tries its rights on begins so: a string, a hash and a sorted set, removed at once, and the string
    /// lives for a minute at most.
    /// </summary>
    public RedisKey Trial(string name) => $"{options.KeyPrefix}:trial:{{{name}}}";

    /// <summary>A name of each kind that nobody has, and the pattern that it belongs to.</summary>
    /// <param name="nobody">What is the name of no user, and no user_id.</param>
    public IEnumerable<(string Pattern, RedisKey Example)> Examples(string nobody) =>
        [
            ($"{Prefix}user:*", User(nobody)),
            ($"{Prefix}email:*", Email(nobody)),
            ($"{Prefix}failed:*", FailedLoginsOf(nobody)),
            ($"{Prefix}registrations:*", RegistrationsFrom(nobody)),
            ($"{Prefix}data:*", Data(nobody, "a"u8)),
            ($"{Prefix}keys:*", Keys(nobody)),
            ($"{Prefix}expiry:*", Expiry(nobody)),
            ($"{Prefix}ended:*", Ended(nobody)),
            ($"{Prefix}done:*", DoneIndex(nobody)),
            ($"{Prefix}deletion:*", DeletionLease(nobody)),
        ];

    /// <summary>What all names begin with, its colon included.</summary>
    public string Prefix => $"{options.KeyPrefix}:";

    /// <summary>Takes a name apart; null if it does not begin as all do.</summary>
    public StoredName? Parse(RedisKey key)
    {
        var name = (byte[])key!;
        var start = Prefix.Length;
        if (!name.AsSpan().StartsWith(Encoding.ASCII.GetBytes(Prefix)))
        {
            return null;
        }

        var length = name.AsSpan(start).IndexOf((byte)':');
        if (length < 0)
        {
            return new StoredName(Encoding.UTF8.GetString(name.AsSpan(start)), null, default);
        }

        var kind = Encoding.UTF8.GetString(name.AsSpan(start, length));
        var rest = name.AsMemory(start + length + 1);
        if (rest.IsEmpty || rest.Span[0] != (byte)'{' || rest.Span.IndexOf((byte)'}') is not (> 1 and var end))
        {
            return new StoredName(kind, null, rest);
        }

        var userId = Encoding.UTF8.GetString(rest.Span[1..end]);
        var behind = rest[(end + 1)..];
        return new StoredName(kind, userId, behind.IsEmpty ? behind : behind[1..]);
    }

    private static byte[] PrefixOf(RedisOptions options, string kind) =>
        Encoding.ASCII.GetBytes($"{options.KeyPrefix}:{kind}:{{");

    private static RedisKey Of(byte[] prefix, string userId, string separator, ReadOnlySpan<byte> rest)
    {
        var name = new byte[prefix.Length + userId.Length + 1 + separator.Length + rest.Length];
        prefix.CopyTo(name, 0);
        var end = prefix.Length + Encoding.ASCII.GetBytes(userId, name.AsSpan(prefix.Length));
        name[end++] = (byte)'}';
        end += Encoding.ASCII.GetBytes(separator, name.AsSpan(end));
        rest.CopyTo(name.AsSpan(end));
        return name;
    }

    private RedisKey Hashed(string kind, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, HashLength);
        return $"{options.KeyPrefix}:{kind}:{Convert.ToHexStringLower(hash)}";
    }
}

/// <summary>The parts of a key's name.</summary>
/// <param name="Kind">What it is of, for example <c>data</c>.</param>
/// <param name="UserId">Whose it is; null if the name has no user_id.</param>
/// <param name="Rest">What stands behind kind and user: of <c>data</c> the user's key.</param>
internal readonly record struct StoredName(string Kind, string? UserId, ReadOnlyMemory<byte> Rest);
