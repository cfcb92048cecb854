using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace FastKv.Load.Bench;

/// <summary>
/// Puts entries straight into Redis, as the service keeps them (<c>fastkv:data:{user_id}:key</c>, and the key's name in
/// <c>fastkv:keys:{user_id}</c>), and takes them out again: a million keys through the API would take minutes. Speaks the Redis
/// protocol in one pipeline.
/// </summary>
internal sealed class KeyLoader(int redisPort, string userId)
{
    private const int CommandsPerBatch = 200;

    /// <summary>Stores <c>prefix</c> + ten digits for each number below <paramref name="count"/>.</summary>
    public Task StoreAsync(string prefix, long count, int valueBytes, CancellationToken cancellation)
    {
        var value = new string('v', valueBytes);
        return PipelineAsync(
            count,
            number =>
                [
                    ["SET", Data(userId, prefix, number), value],
                    ["ZADD", Keys(userId), "0", Key(prefix, number)],
                ],
            cancellation
        );
    }

    public Task RemoveAsync(string prefix, long count, CancellationToken cancellation) =>
        PipelineAsync(
            count,
            number =>
                [
                    ["UNLINK", Data(userId, prefix, number)],
                    ["ZREM", Keys(userId), Key(prefix, number)],
                ],
            cancellation
        );

    /// <summary>Stores one key for each of so many other users.</summary>
    public Task StoreForOthersAsync(long users, CancellationToken cancellation) =>
        PipelineAsync(
            users,
            number =>
            {
                var other = $"other{number}";
                return
                [
                    ["SET", Data(other, "k", 0), "v"],
                    ["ZADD", Keys(other), "0", Key("k", 0)],
                ];
            },
            cancellation
        );

    /// <summary>The names of entries that have just expired, and that nobody has taken away yet.</summary>
    public Task ExpireAsync(string prefix, long count, CancellationToken cancellation)
    {
        var moment = (DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - 1).ToString(CultureInfo.InvariantCulture);
        return PipelineAsync(
            count,
            number =>
                [
                    ["ZADD", Keys(userId), "0", Key(prefix, number)],
                    ["ZADD", $"fastkv:expiry:{{{userId}}}", moment, Key(prefix, number)],
                ],
            cancellation
        );
    }

    /// <summary>How many names the index of the user's keys has.</summary>
    public async Task<long> CountAsync(CancellationToken cancellation)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", redisPort, cancellation);
        await using var stream = client.GetStream();
        using var replies = new StreamReader(stream, Encoding.ASCII);
        var command = new StringBuilder();
        Append(command, ["ZCARD", Keys(userId)]);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(command.ToString()), cancellation);
        return long.Parse((await replies.ReadLineAsync(cancellation))![1..], CultureInfo.InvariantCulture);
    }

    private static string Key(string prefix, long number) => prefix + RequestPlan.Digits(number);

    private static string Data(string user, string prefix, long number) =>
        $"fastkv:data:{{{user}}}:{Key(prefix, number)}";

    private static string Keys(string user) => $"fastkv:keys:{{{user}}}";

    private async Task PipelineAsync(long count, Func<long, string[][]> commands, CancellationToken cancellation)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", redisPort, cancellation);
        var stream = client.GetStream();
        using var replies = new StreamReader(stream, Encoding.ASCII);
        var batch = new StringBuilder();
        var expected = 0;
        for (long number = 0; number < count; number++)
        {
            foreach (var command in commands(number))
            {
                Append(batch, command);
                expected++;
            }

            if (expected < CommandsPerBatch && number < count - 1)
            {
                continue;
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(batch.ToString()), cancellation);
            for (; expected > 0; expected--)
            {
                var reply = await replies.ReadLineAsync(cancellation);
                if (reply is null || reply.StartsWith('-'))
                {
                    throw new InvalidOperationException($"Redis refused to take the keys: {reply}");
                }
            }

            batch.Clear();
        }
    }

    private static void Append(StringBuilder batch, string[] words)
    {
        batch.Append('*').Append(words.Length).Append("\r\n");
        foreach (var word in words)
        {
            batch.Append('$').Append(word.Length).Append("\r\n").Append(word).Append("\r\n");
        }
    }
}
