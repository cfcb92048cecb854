using System.Net.Sockets;
using System.Text;

namespace FastKv.Load.Bench;

/// <summary>
/// Puts values straight into Redis, as the service keeps them (<c>fastkv:data:{user_id}:key</c>), and takes them out
/// again: a million keys through the API would take minutes. Speaks the Redis protocol in one pipeline.
/// </summary>
internal sealed class KeyLoader(int redisPort, string userId)
{
    private const int CommandsPerBatch = 100;

    /// <summary>Stores <c>prefix</c> + ten digits for each number below <paramref name="count"/>.</summary>
    public Task StoreAsync(string prefix, long count, int valueBytes, CancellationToken cancellation)
    {
        var value = new string('v', valueBytes);
        return PipelineAsync(count, number => ["SET", Key(prefix, number), value], cancellation);
    }

    public Task RemoveAsync(string prefix, long count, CancellationToken cancellation) =>
        PipelineAsync(count, number => ["UNLINK", Key(prefix, number)], cancellation);

    private string Key(string prefix, long number) => $"fastkv:data:{{{userId}}}:{prefix}{RequestPlan.Digits(number)}";

    private async Task PipelineAsync(long count, Func<long, string[]> command, CancellationToken cancellation)
    {
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync("127.0.0.1", redisPort, cancellation);
        var stream = client.GetStream();
        using var replies = new StreamReader(stream, Encoding.ASCII);
        var batch = new StringBuilder();
        for (long from = 0; from < count; from += CommandsPerBatch)
        {
            var end = Math.Min(from + CommandsPerBatch, count);
            batch.Clear();
            for (var number = from; number < end; number++)
            {
                Append(batch, command(number));
            }

            await stream.WriteAsync(Encoding.ASCII.GetBytes(batch.ToString()), cancellation);
            for (var number = from; number < end; number++)
            {
                var reply = await replies.ReadLineAsync(cancellation);
                if (reply is null || reply.StartsWith('-'))
                {
                    throw new InvalidOperationException($"Redis refused to take the keys: {reply}");
                }
            }
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
