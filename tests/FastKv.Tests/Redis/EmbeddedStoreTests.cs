#if EMBEDDED_STORE
using System.Collections.Concurrent;
using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class EmbeddedStoreTests
{
    [Fact]
    public async Task Everything_that_was_answered_survives_a_kill()
    {
        using var directory = new TemporaryDirectory();
        var users = new ConcurrentBag<(string Name, string Token)>();
        var stored = new ConcurrentDictionary<string, string>();
        string token;
        await using (var service = await StartAsync(directory))
        {
            token = await service.Api.NewUserTokenAsync();
            (await service.Api.StoreAsync(token, "deleted", "v")).Expect(HttpStatusCode.Created);
            (await service.Api.StoreAsync(token, "updated", "v")).Expect(HttpStatusCode.Created);
            (await service.Api.StoreAsync(token, "large", new string('x', 1024 * 1024))).Expect(HttpStatusCode.Created);
            (await service.Api.DeleteAsync(token, "deleted")).Expect(HttpStatusCode.OK);
            (await service.Api.UpdateAsync(token, "updated", "new")).Expect(HttpStatusCode.OK);

            var load = Enumerable
                .Range(0, 8)
                .Select(worker => WriteUntilKilledAsync(service.Api, token, worker, users, stored))
                .ToArray();
            await Wait.UntilAsync(
                "there is something to lose",
                () => Task.FromResult(stored.Count > 300 && users.Count > 10)
            );
            await service.KillAsync();
            await Task.WhenAll(load);
        }

        await using var again = await StartAsync(directory);
        (await again.Api.RetrieveAsync(token, "deleted")).ExpectError("KEY_NOT_FOUND");
        Assert.Equal("new", await ValueAsync(again.Api, token, "updated"));
        Assert.Equal(1024 * 1024, (await ValueAsync(again.Api, token, "large")).Length);
        foreach (var (key, value) in stored)
        {
            Assert.Equal(value, await ValueAsync(again.Api, token, key));
        }

        foreach (var (name, old) in users)
        {
            await again.Api.SignInAsync(name);
            (await again.Api.RetrieveAsync(old, "k")).ExpectError("KEY_NOT_FOUND");
            (await again.Api.PostAsync("/api/register", ApiClient.Registration(name))).ExpectError("USERNAME_EXISTS");
        }
    }

    [Fact]
    public async Task A_second_process_on_the_same_folder_is_refused_with_what_to_set()
    {
        using var directory = new TemporaryDirectory();
        await using var first = await StartAsync(directory);
        var token = await first.Api.NewUserTokenAsync();

        await using var second = FastKvProcess.Launch(null, ("FastKv__DataDirectory", directory.Path));

        Assert.Equal(1, await second.ExitCodeAsync());
        Assert.Equal(
            $"The data folder {directory.Path} is in use by another FastKv; set FastKv__DataDirectory to a folder of its own, or ConnectionStrings__Redis to a Redis.",
            second.Log
        );
        (await first.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task The_start_says_which_store_is_used_and_where_the_data_are()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await StartAsync(directory);

        Assert.Contains(
            $"embedded, for one process only; the data are in {directory.Path}",
            service.Log,
            StringComparison.Ordinal
        );
        Assert.Contains("ConnectionStrings__Redis", service.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_signing_key_that_is_made_is_for_its_owner_only()
    {
        using var directory = new TemporaryDirectory();
        await using var service = await StartAsync(directory);
        var file = Path.Combine(directory.Path, "signing.key");

        Assert.Equal(
            32,
            Convert.FromBase64String(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).Length
        );
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    private static Task<FastKvProcess> StartAsync(TemporaryDirectory directory) =>
        FastKvProcess.StartAsync(
            null,
            ("FastKv__DataDirectory", directory.Path),
            // What is tested is not how fast a cold store is on a busy machine.
            ("FastKv__Redis__TimeoutMilliseconds", "20000")
        );

    private static async Task WriteUntilKilledAsync(
        ApiClient api,
        string token,
        int worker,
        ConcurrentBag<(string, string)> users,
        ConcurrentDictionary<string, string> stored
    )
    {
        try
        {
            for (var i = 0; ; i++)
            {
                if (i % 20 == 0)
                {
                    var name = await api.RegisterAsync();
                    users.Add((name, await api.SignInAsync(name)));
                }

                var (key, value) = ($"{worker}-{i}", Guid.NewGuid().ToString());
                (await api.StoreAsync(token, key, value)).Expect(HttpStatusCode.Created);
                stored[key] = value;
            }
        }
        catch (HttpRequestException)
        {
            // Killed.
        }
    }

    private static async Task<string> ValueAsync(ApiClient api, string token, string key) =>
        (await api.RetrieveAsync(token, key)).Expect(HttpStatusCode.OK).Json["data"]!["value"]!.GetValue<string>();
}
#endif
