using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>
/// Clients that store, read, update, delete, register and sign in while a test breaks the store, and that hold every answer
/// against what is promised: its status, its time, and what it says about what was done.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    /// <summary>The promise is two seconds; the rest is for a machine that is busy with other tests.</summary>
    public static readonly TimeSpan AnswerBound = TimeSpan.FromSeconds(4);

    private readonly ApiClient api;
    private readonly string[] tokens;
    private readonly ConcurrentBag<Entry> entries = [];
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
            var entry = new Entry(token, ApiClient.NewName("k"));
            entries.Add(entry);
            await UseEntryAsync(entry);
            await Task.Delay(5, CancellationToken.None);
        }
    }

    private async Task UseEntryAsync(Entry entry)
    {
        if (
            await WriteAsync("store", entry, 201, "one", () => api.StoreAsync(entry.Token, entry.Key, "one"))
            && await ReadAsync(entry)
            && await WriteAsync("update", entry, 200, "two", () => api.UpdateAsync(entry.Token, entry.Key, "two"))
            && await ReadAsync(entry)
            && Random.Shared.Next(2) == 0
            && await WriteAsync("delete", entry, 200, null, () => api.DeleteAsync(entry.Token, entry.Key))
        )
        {
            await ReadAsync(entry);
        }
    }

    // Each key has one client, so the only right success is the first; the key is left alone as soon as anything else comes.
    private async Task<bool> WriteAsync(
        string operation,
        Entry entry,
        int success,
        string? after,
        Func<Task<Reply>> send
    )
    {
        switch (await SendAsync(operation, true, send))
        {
            case { } reply when (int)reply.Status == success:
                entry.Possible = [after];
                entry.IsDeleted = operation == "delete";
                return true;
            case { Status: HttpStatusCode.ServiceUnavailable }:
                return false;
            case { Status: HttpStatusCode.GatewayTimeout }:
                entry.Possible = [.. entry.Possible, after];
                return false;
            case { } reply:
                violations.Enqueue(
                    $"{(reply.Status == HttpStatusCode.NotFound ? Lost : "")}{operation} of a key that holds {Show(entry.Possible)} got {reply.Text}"
                );
                return false;
            case null:
                entry.Possible = [.. entry.Possible, after];
                return false;
        }
    }

    private async Task<bool> ReadAsync(Entry entry)
    {
        var reply = await SendAsync("get", false, () => api.RetrieveAsync(entry.Token, entry.Key));
        if (reply is { Status: HttpStatusCode.OK or HttpStatusCode.NotFound })
        {
            Hold(entry, reply);
        }

        return true;
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
        var doubtful = entries.Where(entry => entry.Possible is not ["one" or "two"]).Take(3000).ToList();
        var sure = entries.Where(entry => entry.Possible is ["one" or "two"]).Take(1000);
        await Parallel.ForEachAsync(
            doubtful.Concat(sure),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (entry, _) => Hold(entry, await api.RetrieveAsync(entry.Token, entry.Key))
        );
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
            var isLost = value is null || (value == "one" && entry.Possible.Contains("two")) || entry.IsDeleted;
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
