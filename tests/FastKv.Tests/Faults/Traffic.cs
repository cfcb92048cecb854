using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>
/// Clients that store, read, list, update, modify, delete, write batches, register and sign in while a test breaks the store, and that hold every answer
/// against what is promised: its status, its time, and what it says about what was done.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    /// <summary>The promise is two seconds; the rest is for a machine that is busy with other tests.</summary>
    public static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(4);

    private readonly ApiClient api;
    private readonly string[] tokens;
    private readonly string prefix = ApiClient.NewName("k");
    private readonly ConcurrentBag<Entry> entries = [];
    private readonly ConcurrentBag<(Entry, Entry)> unknownBatches = [];
    private readonly ConcurrentBag<Account> accounts = [];
    private readonly ConcurrentQueue<Call> calls = new();
    private readonly ConcurrentQueue<string> violations = new();
    private volatile bool stopped;
    private readonly List<Task> clients = [];

    private Traffic(ApiClient api, string[] tokens)
    {
        this.api = api;
        this.tokens = tokens;
    }

    private sealed record Call(string Operation, int Status, string? Code, TimeSpan Duration, DateTime End);

    /// <summary>A key with one client, and all that it may hold: what was promised and nothing else.</summary>
    private sealed record Entry(string Token, string Key)
    {
        public string?[] Possible { get; set; } = [null];

        public bool IsDeleted { get; set; }
    }

    private sealed record Account(string Name, int Status);

    public static Traffic Start(ApiClient api, int clients, params string[] tokens)
    {
        var traffic = new Traffic(api, tokens);
        for (var i = 0; i < clients; i++)
        {
            var token = tokens[i % tokens.Length];
            traffic.clients.Add(Task.Run(() => traffic.UseDataAsync(token)));
        }

        traffic.clients.Add(Task.Run(traffic.UseUsersAsync));
        traffic.clients.Add(Task.Run(traffic.WatchHealthAsync));
        return traffic;
    }

    public async ValueTask DisposeAsync()
    {
        stopped = true;
        await Task.WhenAll(clients);
    }

    public int Count(params int[] statuses) =>
        calls.Count(call => call.Operation is not ("live" or "ready") && statuses.Contains(call.Status));

    /// <summary>Waits until this many requests more have been answered with one of these statuses.</summary>
    public Task UntilAnsweredAsync(int more, params int[] statuses)
    {
        var goal = Count(statuses) + more;
        return Wait.UntilAsync(
            $"{more} more answers with {string.Join(" or ", statuses)}",
            () => Task.FromResult(Count(statuses) >= goal)
        );
    }

    /// <summary>Waits until readiness has this status again.</summary>
    public async Task UntilReadinessIsAsync(int status)
    {
        var since = DateTime.UtcNow;
        await Wait.UntilAsync(
            $"readiness is {status}",
            () => Task.FromResult(calls.Any(c => c.Operation == "ready" && c.Status == status && c.End > since))
        );
    }

    /// <summary>Ends the traffic and checks each of the promises against every answer and against what the store holds now.</summary>
    /// <param name="keepsAcknowledged">
    /// False for a failover: Redis replicates after it has answered, so a master that dies takes its last answers with it.
    /// </param>
    public async Task StopAndCheckAsync(ITestOutputHelper output, bool keepsAcknowledged = true)
    {
        await DisposeAsync();
        foreach (var group in calls.GroupBy(c => (c.Operation, c.Status)).OrderBy(g => g.Key.Operation))
        {
            output.WriteLine(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{group.Key.Operation, -8} {group.Key.Status}: {group.Count(), 6}, slowest {group.Max(c => c.Duration).TotalMilliseconds:0} ms"
                )
            );
        }

        await CheckEntriesAsync();
        await CheckBatchesAsync();
        await CheckListingAsync();
        await CheckAccountsAsync(keepsAcknowledged);
        foreach (var call in calls.Where(call => call.Duration > AnswerBound))
        {
            violations.Enqueue($"{call.Operation} took {call.Duration.TotalMilliseconds:0} ms");
        }

        if (keepsAcknowledged)
        {
            Assert.Empty(violations);
        }
        else
        {
            Assert.DoesNotContain(violations, violation => !violation.StartsWith(Lost, StringComparison.Ordinal));
        }
    }

    private const string Lost = "An acknowledged write is lost: ";

    private async Task UseDataAsync(string token)
    {
        while (!stopped)
        {
            var entry = new Entry(token, ApiClient.NewName(prefix));
            entries.Add(entry);
            await UseEntryAsync(entry);
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private async Task UseEntryAsync(Entry entry)
    {
        if (
            await WriteAsync("store", [entry], 201, "1", () => api.StoreAsync(entry.Token, entry.Key, "1"))
            && await ReadAsync(entry)
            && await ChangeAsync(entry)
            && await ReadAsync(entry)
            && Random.Shared.Next(2) == 0
            && await WriteAsync("delete", [entry], 200, null, () => api.DeleteAsync(entry.Token, entry.Key))
        )
        {
            await ReadAsync(entry);
        }
    }

    // Three ways to write 2 where 1 is.
    private Task<bool> ChangeAsync(Entry entry) =>
        Random.Shared.Next(3) switch
        {
            0 => WriteAsync("update", [entry], 200, "2", () => api.UpdateAsync(entry.Token, entry.Key, "2")),
            1 => WriteAsync("modify", [entry], 200, "2", () => IncrementAsync(entry)),
            _ => ChangeWithAnotherAsync(entry),
        };

    private Task<Reply> IncrementAsync(Entry entry) =>
        api.SendAsync(
            HttpMethod.Patch,
            ApiClient.PathOf(entry.Key),
            entry.Token,
            ApiClient.Json("""{"increment":1}""")
        );

    private async Task<bool> ChangeWithAnotherAsync(Entry entry)
    {
        var other = new Entry(entry.Token, $"{entry.Key}-other");
        entries.Add(other);
        var body =
            $$"""{"operations":[{"op":"update","key":"{{entry.Key}}","value":"2"},{"op":"store","key":"{{other.Key}}","value":"2"}]}""";
        var isDone = await WriteAsync(
            "batch",
            [entry, other],
            200,
            "2",
            () => api.PostTextAsync("/api/batch/write", body, entry.Token)
        );
        if (!isDone)
        {
            unknownBatches.Add((entry, other));
        }

        return isDone;
    }

    // Each key has one client, so the only right success is the first; the key is left alone as soon as anything else comes.
    private async Task<bool> WriteAsync(
        string operation,
        Entry[] written,
        int success,
        string? after,
        Func<Task<Reply>> send
    )
    {
        var reply = await SendAsync(operation, true, send);
        if ((int?)reply?.Status == success)
        {
            foreach (var entry in written)
            {
                entry.Possible = [after];
                entry.IsDeleted = operation == "delete";
            }

            return true;
        }

        if (reply is null or { Status: HttpStatusCode.GatewayTimeout })
        {
            foreach (var entry in written)
            {
                entry.Possible = [.. entry.Possible, after];
            }
        }
        else if (reply.Status != HttpStatusCode.ServiceUnavailable)
        {
            var isLost = reply.Text.Contains("KEY_NOT_FOUND", StringComparison.Ordinal);
            violations.Enqueue(
                $"{(isLost ? Lost : "")}{operation} of a key that holds {Show(written[0].Possible)} got {reply.Text}"
            );
        }

        return false;
    }

    private async Task<bool> ReadAsync(Entry entry)
    {
        if (Random.Shared.Next(3) == 0)
        {
            await ListAsync(entry);
            return true;
        }

        var reply = await SendAsync("get", false, () => api.RetrieveAsync(entry.Token, entry.Key));
        if (reply is { Status: HttpStatusCode.OK or HttpStatusCode.NotFound })
        {
            Hold(entry, reply);
        }

        return true;
    }

    private async Task ListAsync(Entry entry)
    {
        var reply = await SendAsync(
            "list",
            false,
            () => api.GetAsync($"/api/data?limit=10&prefix={entry.Key}", entry.Token)
        );
        if (reply is { Status: HttpStatusCode.OK })
        {
            var items = reply.Json["data"]!["items"]!.AsArray();
            var isNamed = items.Any(item => item!["key"]!.GetValue<string>() == entry.Key);
            if (!entry.Possible.Any(value => value is not null == isNamed))
            {
                // A key that is gone, or is back after its delete, is a lost write.
                violations.Enqueue(
                    $"{(!isNamed || entry.IsDeleted ? Lost : "")}a key that holds {Show(entry.Possible)} is {(isNamed ? "" : "not ")}listed"
                );
            }
        }
        else if (reply is { Status: not HttpStatusCode.ServiceUnavailable })
        {
            violations.Enqueue($"list got {reply.Text}");
        }
    }

    private async Task UseUsersAsync()
    {
        while (!stopped)
        {
            var name = ApiClient.NewName();
            var reply = await SendAsync(
                "register",
                true,
                () => api.PostAsync("/api/register", ApiClient.Registration(name))
            );
            if (
                reply is
                {
                    Status: not (
                        HttpStatusCode.Created
                        or HttpStatusCode.ServiceUnavailable
                        or HttpStatusCode.GatewayTimeout
                    )
                }
            )
            {
                violations.Enqueue($"register of a new name got {reply.Text}");
            }

            accounts.Add(new Account(name, (int)(reply?.Status ?? HttpStatusCode.GatewayTimeout)));
            if (reply?.Status == HttpStatusCode.Created)
            {
                var login = await SendAsync("login", false, () => SignInAsync(name));
                if (login is { Status: not (HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable) })
                {
                    violations.Enqueue($"{Lost}login of {name} got {login.Text}");
                }
            }

            await Task.Delay(50, CancellationToken.None);
        }
    }

    private Task<Reply> SignInAsync(string name) =>
        api.PostAsync("/api/token", new JsonObject { ["username"] = name, ["password"] = "secure_password123" });

    private async Task WatchHealthAsync()
    {
        while (!stopped)
        {
            var live = await SendAsync("live", false, () => api.GetAsync("/health/live"));
            if (live?.Status != HttpStatusCode.OK)
            {
                violations.Enqueue($"liveness was {live?.Text}");
            }

            await SendAsync("ready", false, () => api.GetAsync("/health/ready"));
            await Task.Delay(50, CancellationToken.None);
        }
    }

    private async Task<Reply?> SendAsync(string operation, bool write, Func<Task<Reply>> send)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            var reply = await send();
            var status = (int)reply.Status;
            var code = status >= 400 && operation != "ready" ? reply.Code : null;
            calls.Enqueue(new Call(operation, status, code, Stopwatch.GetElapsedTime(start), DateTime.UtcNow));
            var isAllowed = status switch
            {
                < 500 => true,
                503 => operation == "ready" || code == "STORE_UNAVAILABLE" && reply.Headers.ContainsKey("Retry-After"),
                504 => write && code == "OUTCOME_UNKNOWN",
                _ => false,
            };
            if (!isAllowed)
            {
                violations.Enqueue($"{operation} got {status} {reply.Text}");
            }

            return reply;
        }
        catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
        {
            violations.Enqueue($"{operation} got no answer: {exception.Message}");
            return null;
        }
    }

    private async Task CheckEntriesAsync()
    {
        // Every write that was refused or is unknown, and as many of the others.
        var doubtful = entries.Where(entry => entry.Possible is not ["1" or "2"]).Take(3000).ToList();
        var sure = entries.Where(entry => entry.Possible is ["1" or "2"]).Take(1000);
        await Parallel.ForEachAsync(
            doubtful.Concat(sure),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (entry, _) => Hold(entry, await api.RetrieveAsync(entry.Token, entry.Key))
        );
    }

    // Done as a whole or not at all.
    private Task CheckBatchesAsync() =>
        Parallel.ForEachAsync(
            unknownBatches.Take(1000),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (batch, _) =>
            {
                var (entry, other) = batch;
                var changed = (await api.RetrieveAsync(entry.Token, entry.Key)).Text.Contains("\"value\":\"2\"");
                var stored = (await api.RetrieveAsync(other.Token, other.Key)).Status == HttpStatusCode.OK;
                if (changed != stored)
                {
                    violations.Enqueue($"of a batch only {(changed ? "the update" : "the store")} was done");
                }
            }
        );

    private async Task CheckListingAsync()
    {
        foreach (var own in entries.GroupBy(entry => entry.Token))
        {
            foreach (var violation in await Listing.ViolationsAsync(api, own.Key, own.Select(e => e.Key), prefix))
            {
                violations.Enqueue(violation);
            }
        }
    }

    private void Hold(Entry entry, Reply reply)
    {
        var value = reply.Status switch
        {
            HttpStatusCode.OK => reply.Json["data"]!["value"]!.GetValue<string>(),
            HttpStatusCode.NotFound => null,
            _ => $"status {reply.Status}",
        };
        if (!entry.Possible.Contains(value))
        {
            // A value older than any that is possible is a lost write; anything else is a write that must not have happened.
            var isLost = value is null || (value == "1" && entry.Possible.Contains("2")) || entry.IsDeleted;
            violations.Enqueue(
                $"{(isLost ? Lost : "")}a key holds {value ?? "nothing"} where only {Show(entry.Possible)} is possible"
            );
        }
    }

    private async Task CheckAccountsAsync(bool keepsAcknowledged)
    {
        foreach (var account in accounts.Where(a => a.Status == 201).Take(30))
        {
            if ((await SignInAsync(account.Name)).Status != HttpStatusCode.OK)
            {
                violations.Enqueue($"{Lost}{account.Name} was registered and can't log in");
            }
        }

        // What was refused did not happen, so it can be done now; what is unknown is done by now, or can be.
        foreach (var account in accounts.Where(a => a.Status is 503 or 504).Take(40))
        {
            var again = await api.PostAsync("/api/register", ApiClient.Registration(account.Name));
            if (
                again.Status != HttpStatusCode.Created
                && !(account.Status == 504 && again.Status == HttpStatusCode.Conflict)
            )
            {
                violations.Enqueue($"{account.Name} was answered {account.Status} and then {again.Text}");
            }
            else if ((await SignInAsync(account.Name)).Status != HttpStatusCode.OK && keepsAcknowledged)
            {
                violations.Enqueue($"{account.Name} can't log in after its second registration");
            }
        }
    }

    private static string Show(string?[] possible) => string.Join(" or ", possible.Select(value => value ?? "nothing"));
}
