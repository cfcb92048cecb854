using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>Every key name. None of them expires, except the counters of the limits, the probe and what the warm-up stores.</summary>
internal sealed class RedisKeys(RedisOptions options)
{
    // Bytes; two names do not meet in 128 bits.
    private const int HashLength = 16;

    private readonly byte[] dataPrefix = Encoding.ASCII.GetBytes($"{options.KeyPrefix}:data:{{");

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
    /// String: the bytes of one value. Lives until it is deleted. The user id is a hash tag (Redis Cluster specification, "Hash
    /// tags"), so one user's entries share a slot, and it stands before the client's key, so no key reaches another's.
    /// </summary>
    public RedisKey Data(string userId, ReadOnlySpan<byte> key)
    {
        var name = new byte[dataPrefix.Length + userId.Length + 2 + key.Length];
        dataPrefix.CopyTo(name, 0);
        var end = dataPrefix.Length + Encoding.ASCII.GetBytes(userId, name.AsSpan(dataPrefix.Length));
        name[end++] = (byte)'}';
        name[end++] = (byte)':';
        key.CopyTo(name.AsSpan(end));
        return name;
    }

    private RedisKey Hashed(string kind, string name)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, HashLength);
        return $"{options.KeyPrefix}:{kind}:{Convert.ToHexStringLower(hash)}";
    }
}
