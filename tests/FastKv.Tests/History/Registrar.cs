using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.History;

/// <summary>Clients that register users out of few names and emails, so that many meet, and the record of the answers.</summary>
internal sealed class Registrar(Func<int[]> ports)
{
    private const int Rivals = 4;

    private readonly ConcurrentQueue<Attempt> attempts = new();
    private readonly ConcurrentQueue<string> illegal = new();
    private int round;

    private sealed record Attempt(string Username, string Email, string Password, int Status);

    /// <summary>Answers outside the contract.</summary>
    public IReadOnlyCollection<string> Illegal => illegal;

    public string Summary =>
        $"{attempts.Count} registrations; "
        + string.Join(", ", attempts.GroupBy(a => a.Status).OrderBy(g => g.Key).Select(g => $"{g.Key}: {g.Count()}"));

    public Task RunAsync(int clients, int seed, CancellationToken stop) =>
        Task.WhenAll(
            Enumerable.Range(0, clients).Select(i => Task.Run(() => ClientAsync(new Random(seed + i), stop), stop))
        );

    /// <summary>What must hold of users at the end.</summary>
    public async Task CheckAsync(ApiClient api, RedisServer server)
    {
        await using var redis = await ConnectionMultiplexer.ConnectAsync(server.ConnectionString);
        var database = redis.GetDatabase();
        var keys = redis.GetServers()[0].Keys(pattern: "fastkv:user:*").ToArray();
        var users = new Dictionary<string, string>();
        foreach (var key in keys)
        {
            string name = (await database.HashGetAsync(key, "username"))!;
            users.Add(name, (await database.HashGetAsync(key, "email"))!);
        }

        Assert.NotEmpty(users);
        Assert.Equal(users.Count, users.Values.Distinct().Count());
        var done = attempts.Where(attempt => attempt.Status == 201).ToArray();
        Assert.NotEmpty(done);
        Assert.Equal(done.Length, done.Select(attempt => attempt.Username).Distinct().Count());
        Assert.Equal(done.Length, done.Select(attempt => attempt.Email).Distinct().Count());
        foreach (var attempt in done)
        {
            Assert.Equal(attempt.Email, users[attempt.Username]);
            await LogsInAsync(api, attempt.Username, attempt.Password);
        }

        await AgeOrphansAsync(database, redis.GetServers()[0]);
        foreach (var name in attempts.Select(attempt => attempt.Username).Distinct().Where(n => !users.ContainsKey(n)))
        {
            await RegistersAsync(api, name, $"{ApiClient.NewName()}@example.com");
        }

        foreach (var email in attempts.Select(attempt => attempt.Email).Distinct().Except(users.Values))
        {
            await RegistersAsync(api, ApiClient.NewName(), email);
        }
    }

    private async Task ClientAsync(Random random, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            // All clients are in about the same round, and each round has a few names and emails of its own.
            var now = Interlocked.Increment(ref round) / 24;
            var username = $"n{now}-{random.Next(Rivals)}";
            var email = $"m{now}-{random.Next(Rivals)}@example.com";
            var password = ApiClient.NewName("pass1");
            var body = ApiClient.Registration(username);
            body["email"] = email;
            body["password"] = password;
            var replicas = ports();
            try
            {
                var reply = await WireClient.SendAsync(
                    replicas[random.Next(replicas.Length)],
                    "POST",
                    "/api/register",
                    null,
                    body.ToJsonString()
                );
                attempts.Enqueue(new Attempt(username, email, password, reply?.Status ?? 0));
                if (reply?.Status is not (null or 201 or 409 or 503 or 504))
                {
                    illegal.Enqueue($"register got {reply}");
                }
            }
            catch (NotSentException) { }

            await Task.Delay(random.Next(30), CancellationToken.None);
        }
    }

    // A claim without its user may be taken over after half a minute; the test makes it older instead of waiting.
    private static async Task AgeOrphansAsync(IDatabase database, IServer server)
    {
        foreach (var key in server.Keys(pattern: "fastkv:email:*").ToArray())
        {
            if (((string?)await database.StringGetAsync(key))?.Split(' ') is [var since, var userId, var username])
            {
                if (!await database.KeyExistsAsync($"fastkv:user:{username}"))
                {
                    var longAgo = long.Parse(since, System.Globalization.CultureInfo.InvariantCulture) - 60_000;
                    await database.StringSetAsync(key, $"{longAgo} {userId} {username}");
                }
            }
        }
    }

    private static async Task RegistersAsync(ApiClient api, string username, string email)
    {
        var body = ApiClient.Registration(username);
        body["email"] = email;
        var reply = await api.PostAsync("/api/register", body);
        // A machine that is busy with other tests may keep the store from answering in time.
        while (reply.Status is HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout)
        {
            var isUnknown = reply.Status == HttpStatusCode.GatewayTimeout;
            reply = await api.PostAsync("/api/register", body);
            if (isUnknown && reply.Code == "USERNAME_EXISTS")
            {
                await LogsInAsync(api, username, "secure_password123");
                return;
            }
        }

        reply.Expect(HttpStatusCode.Created);
        await LogsInAsync(api, username, "secure_password123");
    }

    private static async Task LogsInAsync(ApiClient api, string username, string password)
    {
        var reply = await api.PostAsync(
            "/api/token",
            new JsonObject { ["username"] = username, ["password"] = password }
        );
        reply.Expect(HttpStatusCode.OK);
    }
}
