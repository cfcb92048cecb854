using System.Collections.Concurrent;
using System.Net;
using FastKv.Tests.Abuse;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class RollingRestartTests(ServiceFixture fixture, ITestOutputHelper output)
{
    private const int Clients = 8;

    [Fact]
    public async Task A_rolling_restart_of_two_replicas_fails_no_request()
    {
        Assert.SkipWhen(fixture.Redis is null, "The embedded store is for one process; this needs a Redis.");
        var prefix = $"test-{Guid.NewGuid():N}";
        Task<OwnService> StartAsync() =>
            OwnService.StartAsync(fixture.Redis, prefix, ("FastKv__Http__DrainSeconds", "3"));
        var replicas = new List<OwnService> { await StartAsync(), await StartAsync() };
        await using var balancer = await Balancer.StartAsync(replicas[0].Address, replicas[1].Address);
        using var api = new ApiClient(balancer.Address);
        var user = await api.RegisterAsync();
        var failures = new ConcurrentQueue<string>();
        using var end = new CancellationTokenSource();
        var clients = Enumerable
            .Range(0, Clients)
            .Select(client => UseAsync(api, user, client, failures, end.Token))
            .ToArray();

        for (var i = 0; i < 2; i++)
        {
            var old = replicas[i];
            Assert.Equal(0, await old.Process.TerminateAsync());
            balancer.Remove(old.Address);
            await old.DisposeAsync();
            replicas[i] = await StartAsync();
            balancer.Add(replicas[i].Address);
            await Wait.UntilAsync(
                "the new replica serves through the balancer",
                () => Task.FromResult(balancer.IsReady(replicas[i].Address))
            );
        }

        await end.CancelAsync();
        var requests = (await Task.WhenAll(clients)).Sum();
        output.WriteLine($"{requests} requests of {Clients} clients during two restarts, {failures.Count} failed.");
        foreach (var replica in replicas)
        {
            await replica.DisposeAsync();
        }

        Assert.True(failures.IsEmpty, string.Join('\n', failures.Take(10)));
        Assert.True(requests > 100, $"Only {requests} requests.");
    }

    private static async Task<int> UseAsync(
        ApiClient api,
        string user,
        int client,
        ConcurrentQueue<string> failures,
        CancellationToken end
    )
    {
        var requests = 0;
        var token = await api.SignInAsync(user);
        async Task<Reply?> ExpectAsync(HttpStatusCode status, string what, Task<Reply> replyAsync)
        {
            requests++;
            try
            {
                var reply = await replyAsync;
                if (reply.Status != status)
                {
                    failures.Enqueue($"{what}: {(int)reply.Status} {reply.Text}");
                    return null;
                }

                return reply;
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
            {
                failures.Enqueue($"{what}: {exception.Message}");
                return null;
            }
        }

        for (var i = 0; !end.IsCancellationRequested; i++)
        {
            var key = $"{client}-{i}";
            await ExpectAsync(HttpStatusCode.Created, "store", api.StoreAsync(token, key, "value"));
            await ExpectAsync(HttpStatusCode.OK, "retrieve", api.RetrieveAsync(token, key));
            await ExpectAsync(HttpStatusCode.OK, "update", api.UpdateAsync(token, key, "other"));
            await ExpectAsync(HttpStatusCode.OK, "delete", api.DeleteAsync(token, key));
            var renewed = await ExpectAsync(
                HttpStatusCode.OK,
                "renew",
                api.SendAsync(HttpMethod.Post, "/api/token/renew", token)
            );
            token = renewed?.Json["data"]!["access_token"]!.GetValue<string>() ?? token;
        }

        return requests;
    }
}
