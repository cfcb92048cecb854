using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using StackExchange.Redis;

namespace FastKv.Auth;

/// <summary>
/// What begins with a sign-in, and whose tokens end with it. Whether it has ended, Redis knows (<see cref="SessionStore"/>).
/// </summary>
/// <param name="UserId">The opaque id under which the user's data are kept.</param>
/// <param name="Username">The name, as it was registered; null in a token of a version without sessions.</param>
/// <param name="Id">The <c>sid</c> claim (OpenID Connect Front-Channel Logout 1.0, 3); null in such a token.</param>
/// <param name="BeganAt">
/// Milliseconds since 1970 by the clock of Redis. In a token of a version without sessions, by that of the replica that issued it.
/// </param>
internal sealed record Session(string UserId, string? Username, string? Id, long BeganAt)
{
    // Bytes of an id: when the session began, and what tells those of one millisecond apart.
    private const int MomentLength = 6;
    private const int RandomLength = 9;

    /// <summary>A session that begins at a millisecond.</summary>
    public static Session Begin(string userId, string username, long beganAt)
    {
        Span<byte> id = stackalloc byte[sizeof(ushort) + MomentLength + RandomLength];
        BinaryPrimitives.WriteInt64BigEndian(id, beganAt);
        RandomNumberGenerator.Fill(id[(sizeof(ushort) + MomentLength)..]);
        return new Session(userId, username, Base64Url.EncodeToString(id[sizeof(ushort)..]), beganAt);
    }

    /// <summary>The session of this id; null if it is none.</summary>
    public static Session? Of(string userId, string username, string id)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort) + MomentLength + RandomLength];
        bytes.Clear();
        return
            Base64Url.TryDecodeFromChars(id, bytes[sizeof(ushort)..], out var length)
            && length == MomentLength + RandomLength
            ? new Session(userId, username, id, BinaryPrimitives.ReadInt64BigEndian(bytes))
            : null;
    }

    /// <summary>Whether it has ended, by what Redis keeps of this user (sessions.lua says how); null if there is nothing.</summary>
    public bool HasEnded(RedisValue ended) => !ended.IsNull && IsIn(ended.ToString());

    // "before until", and " session until" of single ones. Who can't be told from whoever has ended is refused.
    private bool IsIn(string ended) =>
        !long.TryParse(ended.Split(' ', 2)[0], NumberStyles.None, CultureInfo.InvariantCulture, out var before)
        || BeganAt <= before
        || (Id is not null && ended.Contains($" {Id} ", StringComparison.Ordinal));
}
