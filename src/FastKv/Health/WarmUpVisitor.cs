using System.Text;
using FastKv.Auth;
using FastKv.Redis;
using FastKv.Telemetry;

namespace FastKv.Health;

/// <summary>
/// A user who does not exist and has one entry: mostly reads it, and does all else that there is to do with data. What is stored for
/// it is deleted, and expires if it can't be, so it leaves no trace in the data.
/// </summary>
internal sealed class WarmUpVisitor(AccessTokens tokens, TimeProvider time, RedisCommands redis, RedisKeys keys)
{
    /// <summary>
    /// Requests of a user in a burst: three rounds of all kinds. A method is compiled again, better, each time it was called 30 times.
    /// </summary>
    public const int Requests = 3 * RequestsOfRound;
    private const int RequestsOfRound = 24;

    /// <summary>Longer than the service takes to answer in any case, so that no request is given up and done later.</summary>
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Whatever is made goes by itself after so many seconds, also when this process dies before it deletes it.</summary>
    private const int LifetimeSeconds = 120;

    /// <summary>Bytes: more than a small value has.</summary>
    private const int LargeLength = SmallValue.MaximumLength + 1024;

    private static readonly string[] MadeKeys = ["entry", "made", "other", "count", "large"];

    // A user with one entry, as the script for writes would leave it, but that the sets of its names expire, too. They keep that as
    // long as the entry is there.
    private static readonly RedisScript BeginVisit = new(
        """
        local time = redis.call('TIME')
        local moment = string.format('%.0f', tonumber(time[1]) * 1000 + tonumber(ARGV[1]))
        redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[1])
        redis.call('ZADD', KEYS[1], 0, 'entry')
        redis.call('PEXPIREAT', KEYS[1], moment)
        redis.call('ZADD', KEYS[2], moment, 'entry')
        redis.call('PEXPIREAT', KEYS[2], moment)
        return 0
        """
    );

    /// <summary>Who sends the requests of a user, over one version of HTTP.</summary>
    public static HttpClient Client(Uri address, Version version)
    {
        var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null })
        {
            BaseAddress = address,
            DefaultRequestVersion = version,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Timeout = RequestTimeout,
        };

        // Not sampled (W3C Trace Context, 3.2): nobody wants to read these traces.
        client.DefaultRequestHeaders.Add(
            "traceparent",
            $"00-{RequestTracingMiddleware.WarmUpTrace}-{Random.Shared.NextInt64(1, long.MaxValue):x16}-00"
        );
        return client;
    }

    /// <summary>Sends the requests of a new user.</summary>
    public async Task VisitAsync(HttpClient client, CancellationToken cancellation)
    {
        var user = $"warm-up-{Guid.NewGuid():N}";
        var session = Session.Begin(user, user, time.GetUtcNow().ToUnixTimeMilliseconds());
        var token = $"Bearer {tokens.Issue(session)!.AccessToken}";
        var (names, expiry, entry) = (keys.Keys(user), keys.Expiry(user), keys.Data(user, "entry"u8));
        try
        {
            await redis.WriteAsync(
                BeginVisit,
                [names, expiry, entry],
                [LifetimeSeconds * 1000, "A value of some length, \"quoted\""],
                isLarge: false
            );
            for (var request = 0; request < Requests; request++)
            {
                // A request that is under way is waited for: what it makes must be there when it is deleted.
                cancellation.ThrowIfCancellationRequested();
                using var message = RequestOf(request % RequestsOfRound);
                message.Headers.Add("Authorization", token);
                message.Version = client.DefaultRequestVersion;
                message.VersionPolicy = client.DefaultVersionPolicy;
                using var response = await client.SendAsync(message, CancellationToken.None);
            }
        }
        finally
        {
            foreach (var key in MadeKeys)
            {
                await redis.DeleteAsync(keys.Data(user, Encoding.ASCII.GetBytes(key)));
            }

            await redis.DeleteAsync(names);
            await redis.DeleteAsync(expiry);
        }
    }

    private static HttpRequestMessage RequestOf(int number)
    {
        const string Get = "GET";
        return number switch
        {
            0 => Of(Get, "data/missing"),
            1 => Of("PUT", "data/missing", Body.Update, ("Idempotency-Key", "warm-up")),
            2 => Of("DELETE", "data/missing"),
            3 => Of("POST", "data", """{"key":"refused","value":""}"""),
            4 => Of("POST", "data", Body.Store),
            5 => Of("PUT", "data/made", Body.Update),
            6 => Of("PUT", "data/made", Body.Update, ("If-Match", "*")),
            7 => Of("PATCH", "data/count", Body.Count),
            8 => Of(Get, "data"),
            9 => Of("POST", "batch/retrieve", """{"keys":["entry","made","missing"]}"""),
            10 => Of("POST", "batch/write", Body.Batch),
            11 => Of("DELETE", "data/other"),
            12 => Of("DELETE", "data/count"),
            13 => Of(Get, "data/entry", null, ("If-None-Match", "*")),
            14 => Of(Get, "data/entry?include=expires_in"),
            15 => Of("PUT", "data/large?upsert=true", Body.Large),
            16 => Of(Get, "data/large"),
            _ => Of(Get, "data/entry"),
        };

        static HttpRequestMessage Of(
            string method,
            string path,
            string? body = null,
            (string Name, string Value)? header = null
        )
        {
            var request = new HttpRequestMessage(new HttpMethod(method), $"/api/{path}")
            {
                Content = body is null ? null : new StringContent(body, null, "application/json"),
            };
            if (header is { } given)
            {
                request.Headers.TryAddWithoutValidation(given.Name, given.Value);
            }

            return request;
        }
    }

    /// <summary>What the requests bring along.</summary>
    private static class Body
    {
        public const string Update = """{"value":"warm-up"}""";
        public static readonly string Store = $$"""{"key":"made","value":"warm-up","expires_in":{{LifetimeSeconds}}}""";
        public static readonly string Count = $$"""{"increment":1,"create":true,"expires_in":{{LifetimeSeconds}}}""";
        public static readonly string Batch =
            $$"""{"operations":[{"op":"upsert","key":"other","value":"warm-up","expires_in":{{LifetimeSeconds}}},{"op":"delete","key":"made"}]}""";
        public static readonly string Large =
            $$"""{"value":"{{new string('v', LargeLength)}}","expires_in":{{LifetimeSeconds}}}""";
    }
}
