using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>A Lua script, known to the servers by its hash. A server that does not know it gets it whole, once.</summary>
internal sealed class RedisScript(string source)
{
    private readonly byte[] hash = HashOf(source);

    /// <summary>
    /// A script of a folder Scripts, by its name without the ending, or several of them one behind the other. What it takes and
    /// replies stands in it.
    /// </summary>
    public static RedisScript Load(params string[] names) => new(string.Concat(names.Select(Read)));

    /// <summary>Runs it by its hash (<c>EVALSHA</c>).</summary>
    public Task<RedisResult> EvaluateAsync(IDatabase database, RedisKey[] keys, RedisValue[] arguments) =>
        database.ScriptEvaluateAsync(hash, keys, arguments);

    /// <summary>
    /// Has it kept and run (<c>EVAL</c>), on a server that <see cref="IsUnknown">did not know it</see>. Without the flag
    /// StackExchange.Redis makes two commands of it, and a server that forgets its scripts between them refuses.
    /// </summary>
    public Task<RedisResult> LoadAndEvaluateAsync(IDatabase database, RedisKey[] keys, RedisValue[] arguments) =>
        database.ScriptEvaluateAsync(source, keys, arguments, CommandFlags.NoScriptCache);

    /// <summary>Whether a server did not know the script, and so did not run it.</summary>
    public static bool IsUnknown(Exception fault) =>
        fault is RedisServerException && fault.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal);

    private static string Read(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream($"{name}.lua")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security",
        "CA5350:Do Not Use Weak Cryptographic Algorithms",
        Justification = "The name by which Redis knows a script (EVALSHA); it protects nothing."
    )]
    private static byte[] HashOf(string source) => SHA1.HashData(Encoding.UTF8.GetBytes(source));
}
