using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Microsoft.IdentityModel.JsonWebTokens;

namespace FastKv.Tests.History;

/// <summary>How a session ends.</summary>
internal enum SessionEnd
{
    SignOut,
    SignOutEverywhere,
    NewPassword,
    Deletion,
}

/// <summary>
/// Users whose sessions end while clients count with their tokens through all replicas. Once the end is answered, no request that
/// begins succeeds, no count that was under way is added, and the token of a session that nobody has ended is never refused.
/// </summary>
internal sealed class SessionEnds(Func<int[]> ports, SessionEnd[] ends)
{
    private const int Counters = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ConcurrentQueue<string> violations = new();
    private readonly ConcurrentQueue<string> keys = new();
    private readonly ConcurrentQueue<(string UserId, string Token)> deleted = new();
    private int ended;
    private int refused;

    public IReadOnlyCollection<string> Violations => violations;

    /// <summary>Every key that may be there, of any user.</summary>
    public IEnumerable<string> Keys => keys;

    /// <summary>Users who were deleted, each with a token.</summary>
    public IReadOnlyCollection<(string UserId, string Token)> Deleted => deleted;

    public string Summary =>
        $"{ended} sessions ended, {deleted.Count} of them with their user; {refused} requests refused";

    public Task RunAsync(int users, int seed, CancellationToken stop) =>
        Task.WhenAll(
            Enumerable
                .Range(0, users)
                .Select(i => Task.Run(() => UserAsync(new Random(seed + i), stop), CancellationToken.None))
        );

    private async Task UserAsync(Random random, CancellationToken stop)
    {
        var user = new SessionUser { Name = ApiClient.NewName() };
        await RegisterAsync(random, user);
        for (var round = 0; !stop.IsCancellationRequested; round++)
        {
            await RoundAsync(random, user, ends[round % ends.Length], $"{user.Name}-{round}");
        }
    }

    private async Task RoundAsync(Random random, SessionUser user, SessionEnd end, string counter)
    {
        var token = await SignInAsync(random, user);
        var state = new Countdown();
        var clients = Enumerable
            .Range(0, Counters)
            .Select(_ => CountAsync(new Random(random.Next()), token, counter, state))
            .ToArray();
        await Task.Delay(random.Next(50, 200), CancellationToken.None);

        state.IsEnding = true;
        await EndAsync(random, user, token, end);
        state.EndedAt = Stopwatch.GetTimestamp();
        Interlocked.Increment(ref ended);

        keys.Enqueue(counter);

        // Whatever is under way now is in, or is refused.
        var witness = await SignInAsync(random, user);
        var before = await ReadAsync(random, witness, counter);
        await Task.WhenAll(clients);
        var after = await ReadAsync(random, witness, counter);
        if (before != after)
        {
            violations.Enqueue($"session: {before} became {after} after the end of the session by {end}");
        }

        if (end != SessionEnd.Deletion && (after < state.Successes || after > state.Successes + state.Unknown))
        {
            violations.Enqueue($"session: {after} after {state.Successes} counts and {state.Unknown} unknown ones");
        }

        if (end == SessionEnd.Deletion && after != 0)
        {
            violations.Enqueue($"session: the next user of the name reads {after} of the one before");
        }
    }

    /// <summary>Counts until a request that began after the end has been answered.</summary>
    private async Task CountAsync(Random random, string token, string counter, Countdown state)
    {
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < Patience)
        {
            var wasEnding = state.IsEnding;
            var start = Stopwatch.GetTimestamp();
            var isAfter = state.EndedAt is > 0 and var moment && start > moment;
            var isRead = random.Next(4) == 0;
            var reply = isRead
                ? await SendAsync(random, "GET", $"/api/data/{counter}", token)
                : await SendAsync(random, "PATCH", $"/api/data/{counter}", token, """{"increment":1,"create":true}""");
            switch (reply?.Status)
            {
                case 200 or 201 or 404:
                    if (isAfter)
                    {
                        violations.Enqueue(
                            $"session: {reply.Status} for a request that began after the end was answered"
                        );
                    }

                    Interlocked.Add(ref state.Successes, isRead ? 0 : 1);
                    break;
                case 401:
                    Interlocked.Increment(ref refused);
                    if (!wasEnding && !state.IsEnding)
                    {
                        violations.Enqueue("session: 401 for a token of a session that nobody has ended");
                    }

                    break;
                case 503:
                    break;
                case null or 504:
                    Interlocked.Add(ref state.Unknown, isRead ? 0 : 1);
                    break;
                default:
                    violations.Enqueue($"session: {reply.Status} {reply.Body}");
                    break;
            }

            if (isAfter && reply?.Status is 401)
            {
                return;
            }

            await Task.Delay(random.Next(10), CancellationToken.None);
        }

        violations.Enqueue("session: no answer for a minute");
    }

    private async Task EndAsync(Random random, SessionUser user, string token, SessionEnd end)
    {
        switch (end)
        {
            case SessionEnd.SignOut:
                await UntilAsync(() => SendAsync(random, "DELETE", "/api/token", token), 200, 401);
                break;
            case SessionEnd.SignOutEverywhere:
                var other = await SignInAsync(random, user);
                await UntilAsync(() => SendAsync(random, "DELETE", "/api/token?all=true", other), 200, 401);
                break;
            case SessionEnd.NewPassword:
                await ChangePasswordAsync(random, user, token);
                break;
            case SessionEnd.Deletion:
                await UntilAsync(
                    () => SendAsync(random, "POST", "/api/account/delete", token, Body(("password", user.Password))),
                    200,
                    401
                );
                deleted.Enqueue((new JsonWebToken(token).Subject, token));
                await RegisterAsync(random, user);
                break;
        }
    }

    // If the answer is lost, whoever signs in learns which password is in force.
    private async Task ChangePasswordAsync(Random random, SessionUser user, string token)
    {
        var next = $"secure_password{random.Next()}";
        while (true)
        {
            var reply = await SendAsync(
                random,
                "PUT",
                "/api/account/password",
                token,
                Body(("password", user.Password), ("new_password", next))
            );
            if (reply?.Status is 200 || reply?.Status is not 503 && await CanSignInAsync(random, user.Name, next))
            {
                user.Password = next;
                return;
            }

            await Task.Delay(random.Next(20, 60), CancellationToken.None);
        }
    }

    private async Task<bool> CanSignInAsync(Random random, string name, string password) =>
        (
            await UntilAsync(
                () => SendAsync(random, "POST", "/api/token", null, Body(("username", name), ("password", password))),
                200,
                401
            )
        ).Status == 200;

    private async Task<string> SignInAsync(Random random, SessionUser user)
    {
        var reply = await UntilAsync(
            () =>
                SendAsync(
                    random,
                    "POST",
                    "/api/token",
                    null,
                    Body(("username", user.Name), ("password", user.Password))
                ),
            200
        );
        return JsonNode.Parse(reply.Body)!["data"]!["access_token"]!.GetValue<string>();
    }

    private async Task RegisterAsync(Random random, SessionUser user)
    {
        var registration = ApiClient.Registration(user.Name);
        registration["password"] = user.Password;
        var tries = 0;
        await UntilAsync(
            async () =>
            {
                var reply = await SendAsync(random, "POST", "/api/register", null, registration.ToJsonString());
                // Perhaps by an earlier try whose answer was lost, or the name is not free yet.
                return reply is { Status: 409 } && ++tries > 1 && await CanSignInAsync(random, user.Name, user.Password)
                    ? reply with
                    {
                        Status = 201,
                    }
                    : reply;
            },
            201
        );
    }

    private async Task<long> ReadAsync(Random random, string token, string counter)
    {
        var reply = await UntilAsync(() => SendAsync(random, "GET", $"/api/data/{counter}", token), 200, 404);
        return reply.Status == 404
            ? 0
            : long.Parse(
                JsonNode.Parse(reply.Body)!["data"]!["value"]!.GetValue<string>(),
                CultureInfo.InvariantCulture
            );
    }

    private static async Task<WireReply> UntilAsync(Func<Task<WireReply?>> send, params int[] statuses)
    {
        var begun = Stopwatch.GetTimestamp();
        WireReply? reply = null;
        while (Stopwatch.GetElapsedTime(begun) < Patience)
        {
            reply = await send();
            if (reply is not null && statuses.Contains(reply.Status))
            {
                return reply;
            }

            await Task.Delay(20, CancellationToken.None);
        }

        throw new TimeoutException(
            $"Waited for {string.Join(" or ", statuses)}, and got {reply?.Status} {reply?.Body}"
        );
    }

    private async Task<WireReply?> SendAsync(
        Random random,
        string method,
        string path,
        string? token,
        string? body = null
    )
    {
        var replicas = ports();
        try
        {
            return await WireClient.SendAsync(replicas[random.Next(replicas.Length)], method, path, token, body);
        }
        catch (NotSentException)
        {
            return new WireReply(503, new Dictionary<string, string>(), "");
        }
    }

    private static string Body(params (string Name, string Value)[] members) =>
        new JsonObject(
            members.Select(member => KeyValuePair.Create(member.Name, (JsonNode?)JsonValue.Create(member.Value)))
        ).ToJsonString();

    private sealed class SessionUser
    {
        public required string Name { get; init; }

        public string Password { get; set; } = "secure_password123";
    }

    private sealed class Countdown
    {
        public int Successes;
        public int Unknown;
        private long endedAt;

        public volatile bool IsEnding;

        public long EndedAt
        {
            get => Volatile.Read(ref endedAt);
            set => Volatile.Write(ref endedAt, value);
        }
    }
}
