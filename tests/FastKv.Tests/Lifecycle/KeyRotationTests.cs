using System.Net;
using System.Security.Cryptography;
using FastKv.Tests.Abuse;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class KeyRotationTests(ServiceFixture fixture)
{
    /// <summary>
    /// The steps of docs/operations.md: the new key is added behind the old one, then put before it, then the old one is removed. At each
    /// step, replicas with the settings before and after it run side by side, and a client can meet either at any request.
    /// </summary>
    [Fact]
    public async Task Between_two_steps_of_a_rotation_every_replica_accepts_the_tokens_of_every_other()
    {
        Assert.SkipWhen(fixture.Redis is null, "The embedded store is for one process; this needs a Redis.");
        var (oldKey, newKey) = (NewKey(), NewKey());
        var prefix = $"test-{Guid.NewGuid():N}";
        string[][] steps =
        [
            [oldKey],
            [oldKey, newKey],
            [newKey, oldKey],
            [newKey],
        ];
        await using var replicas = new Replicas();
        foreach (var keys in steps)
        {
            var settings = keys.Select((key, i) => ($"FastKv__Token__SigningKeys__{i}", (string?)key));
            replicas.Add(await OwnService.StartAsync(fixture.Redis, prefix, [.. settings]));
        }

        var user = await replicas[0].Api.RegisterAsync();
        var tokens = new List<string>();
        foreach (var replica in replicas)
        {
            tokens.Add(await replica.Api.SignInAsync(user));
        }

        var session = tokens[0];
        for (var step = 1; step < steps.Length; step++)
        {
            var (before, after) = (replicas[step - 1], replicas[step]);

            // A client that renews meets either, and its session goes on.
            session = await before.Api.RenewAsync(session);
            session = await after.Api.RenewAsync(session);
            (await after.Api.RetrieveAsync(session, "absent")).Expect(HttpStatusCode.NotFound);

            // The last step is taken when the tokens of the old key have ended; the others may meet any token so far.
            var first = step == steps.Length - 1 ? 2 : 0;
            for (var token = first; token <= step; token++)
            {
                (await before.Api.RetrieveAsync(tokens[token], "absent")).Expect(HttpStatusCode.NotFound);
                (await after.Api.RetrieveAsync(tokens[token], "absent")).Expect(HttpStatusCode.NotFound);
            }
        }

        // And the old key is really gone.
        (await replicas[3].Api.RetrieveAsync(tokens[0], "absent")).Expect(HttpStatusCode.Unauthorized);
    }

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private sealed class Replicas : List<OwnService>, IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            foreach (var replica in this)
            {
                await replica.DisposeAsync();
            }
        }
    }
}
