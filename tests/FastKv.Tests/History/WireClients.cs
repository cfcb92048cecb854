using System.Diagnostics;

namespace FastKv.Tests.History;

/// <summary>Sends the calls of one user through any replica.</summary>
/// <param name="ports">Where the replicas listen now; the nemesis changes it.</param>
internal sealed class WireClients(Func<int[]> ports, string? token)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Sends a call once.</summary>
    /// <returns>Null if there was no connection to send it on.</returns>
    public async Task<Sent?> SendOnceAsync(Random random, Call call, string? idempotencyKey = null)
    {
        var replicas = ports();
        var request = DataProtocol.RequestOf(call);
        var headers = new List<(string, string)>();
        if (request.IfMatch is not null)
        {
            headers.Add(("If-Match", request.IfMatch));
        }

        if (idempotencyKey is not null)
        {
            headers.Add(("Idempotency-Key", idempotencyKey));
        }

        var start = Stopwatch.GetTimestamp();
        try
        {
            var reply = await WireClient.SendAsync(
                replicas[random.Next(replicas.Length)],
                request.Method,
                request.Path,
                token,
                request.Body?.ToJsonString(),
                [.. headers]
            );
            return new Sent(reply, start, Stopwatch.GetTimestamp(), null);
        }
        catch (NotSentException)
        {
            return null;
        }
    }

    /// <summary>
    /// Sends a call with an Idempotency-Key, and again with the same one, through any replica, after 503, 504 and a broken
    /// connection, until it is answered.
    /// </summary>
    public async Task<Sent> SendUntilAnsweredAsync(Random random, Call call, string idempotencyKey)
    {
        var begin = Stopwatch.GetTimestamp();
        long? firstUnknown = null;
        while (true)
        {
            var sent = await SendOnceAsync(random, call, idempotencyKey);
            if (sent is { Reply: not (null or { Status: 503 or 504 }) } || Stopwatch.GetElapsedTime(begin) > Patience)
            {
                return sent is null
                    ? new Sent(null, begin, Stopwatch.GetTimestamp(), firstUnknown)
                    : sent with
                    {
                        FirstUnknown = firstUnknown,
                    };
            }

            firstUnknown ??= sent is { Reply: null or { Status: 504 } } ? sent.Start : null;
            await Task.Delay(random.Next(20, 60), CancellationToken.None);
        }
    }
}

/// <summary>What became of a call.</summary>
/// <param name="Reply">The last answer; null if it was lost.</param>
/// <param name="Start">A moment before the last time it was sent.</param>
/// <param name="End">A moment after the answer.</param>
/// <param name="FirstUnknown">
/// A moment before the first of the earlier times of which nobody knows the outcome; null if there is none.
/// </param>
internal sealed record Sent(WireReply? Reply, long Start, long End, long? FirstUnknown);
