using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>A Lua script, known to the servers by its hash. A server that does not know it gets it whole, once.</summary>
internal sealed class RedisScript(string source)
{
    private readonly byte[] hash = HashOf(source);

    /// <summary>A script of the folder Scripts, by its name without the ending. What it takes and replies stands in it.</summary>
    public static RedisScript Load(string name)
    {
        using var stream = typeof(RedisScript).Assembly.GetManifestResourceStream($"{name}.lua")!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return new RedisScript(reader.ReadToEnd());
    }

    /// <summary>
    /// Runs it (<c>EVALSHA</c>), or has it kept and run (<c>EVAL</c>): one that is not known did not run. Without the flag
    /// StackExchange.Redis makes two commands of the latter, and a server that forgets its scripts between them refuses.
    /// </summary>
    public async Task<RedisResult> EvaluateAsync(IDatabase database, RedisKey[] keys, RedisValue[] arguments)
    {
        try
        {
            return await database.ScriptEvaluateAsync(hash, keys, arguments).ConfigureAwait(false);
        }
        catch (RedisServerException unknown) when (unknown.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
        {
            return await database
                .ScriptEvaluateAsync(source, keys, arguments, CommandFlags.NoScriptCache)
                .ConfigureAwait(false);
        }
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security",
        "CA5350:Do Not Use Weak Cryptographic Algorithms",
        Justification = "The name by which Redis knows a script (EVALSHA); it protects nothing."
    )]
    private static byte[] HashOf(string source) => SHA1.HashData(Encoding.UTF8.GetBytes(source));
}
