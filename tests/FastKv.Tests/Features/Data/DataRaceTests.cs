using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using FastKv.Tests.History;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>Many writes of the same keys at once.</summary>
public sealed class DataRaceTests(ServiceFixture fixture)
{
    private const int Clients = 64;

    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task Of_64_increments_at_once_none_is_lost()
    {
        var token = await api.NewUserTokenAsync();

        var replies = await AtOnceAsync(_ => IncrementAsync(token, "counter"));

        Assert.Single(replies, reply => reply.Status == HttpStatusCode.Created);
        Assert.Equal(
            Enumerable.Range(1, Clients),
            replies.Select(reply => int.Parse(ValueOf(reply), CultureInfo.InvariantCulture)).Order()
        );
        Assert.Equal($"{Clients}", await ReadAsync(token, "counter"));
    }

    [Fact]
    public async Task Of_64_writers_of_one_version_exactly_one_wins_each_round()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "k", "first");

        for (var round = 0; round < 8; round++)
        {
            var before = Tag(await ReadAsync(token, "k"));
            var replies = await AtOnceAsync(async i =>
                (Value: $"{round}-{i}", Reply: await UpdateAsync(token, "k", $"{round}-{i}", ("If-Match", before)))
            );

            var (value, _) = Assert.Single(replies, each => each.Reply.Status == HttpStatusCode.OK);
            Assert.Equal(value, await ReadAsync(token, "k"));
            Assert.All(
                replies.Where(each => each.Value != value),
                each =>
                {
                    each.Reply.Expect(HttpStatusCode.PreconditionFailed);
                    Assert.Equal(Tag(value), each.Reply.Headers["ETag"]);
                }
            );
        }
    }

    [Fact]
    public async Task Of_64_writers_that_try_again_with_the_new_version_each_is_done_once()
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "log", "|");

        await AtOnceAsync(async i =>
        {
            Reply reply;
            do
            {
                var read = await ReadAsync(token, "log");
                reply = await UpdateAsync(token, "log", $"{read}{i}|", ("If-Match", Tag(read)));
            } while (reply.Status == HttpStatusCode.PreconditionFailed);
            return reply.Expect(HttpStatusCode.OK);
        });

        var log = (await ReadAsync(token, "log")).Split('|', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            Enumerable.Range(0, Clients),
            log.Select(entry => int.Parse(entry, CultureInfo.InvariantCulture)).Order()
        );
    }

    [Fact]
    public async Task Of_64_batches_that_overlap_each_is_done_as_a_whole_or_not_at_all()
    {
        var token = await api.NewUserTokenAsync();
        string[] keys = [.. Enumerable.Range(0, 8).Select(i => $"k{i}")];
        var written = Enumerable.Range(0, Clients).Select(i => KeysOf(i, keys)).ToArray();

        // Each fourth one has an operation that can't be done.
        var replies = await AtOnceAsync(i =>
            WriteBatchAsync(
                token,
                [
                    .. written[i].Select(key => Upsert(key, $"{i}")),
                    i % 4 == 0
                        ? new JsonObject { ["op"] = "delete", ["key"] = "absent" }
                        : new JsonObject
                        {
                            ["op"] = "store",
                            ["key"] = $"own-{i:00}",
                            ["value"] = "v",
                        },
                ]
            )
        );

        for (var i = 0; i < Clients; i++)
        {
            replies[i].Expect(i % 4 == 0 ? HttpStatusCode.Conflict : HttpStatusCode.OK);
        }

        var done = Enumerable.Range(0, Clients).Where(i => i % 4 != 0).ToArray();
        var last = new Dictionary<string, int>();
        foreach (var key in keys)
        {
            last[key] = int.Parse(await ReadAsync(token, key), CultureInfo.InvariantCulture);
        }

        Assert.All(last.Values, batch => Assert.Contains(batch, done));
        AssertSomeOrderEndsIn(last, done.ToDictionary(i => i, i => written[i]));
        Assert.Equal([.. keys, .. done.Select(i => $"own-{i:00}")], await Listing.WalkAsync(api, token, limit: 10));
    }

    [Theory]
    [InlineData("store")]
    [InlineData("increment")]
    [InlineData("delete")]
    [InlineData("batch")]
    public async Task Of_64_uses_of_one_Idempotency_Key_at_once_one_is_done_and_the_others_replay_it(string operation)
    {
        var token = await api.NewUserTokenAsync();
        await api.StoreAsync(token, "there", "v");
        (string, string) once = ("Idempotency-Key", "once");

        var replies = await AtOnceAsync(_ =>
            operation switch
            {
                "store" => api.SendAsync(
                    HttpMethod.Post,
                    "/api/data",
                    token,
                    ApiClient.Json("""{"key":"k","value":"v"}"""),
                    once
                ),
                "increment" => IncrementAsync(token, "k", once),
                "delete" => api.SendAsync(HttpMethod.Delete, ApiClient.PathOf("there"), token, null, once),
                _ => WriteBatchAsync(
                    token,
                    [
                        new JsonObject { ["op"] = "delete", ["key"] = "there" },
                        new JsonObject
                        {
                            ["op"] = "store",
                            ["key"] = "k",
                            ["value"] = "v",
                        },
                    ],
                    once
                ),
            }
        );

        var first = Assert.Single(replies, reply => !reply.Headers.ContainsKey("Idempotent-Replayed"));
        first.Expect(operation is "store" or "increment" ? HttpStatusCode.Created : HttpStatusCode.OK);
        Assert.All(
            replies,
            reply =>
            {
                reply.Expect(first.Status);
                Assert.Equal(first.Text, reply.Text);
                Assert.Equal(first.Headers.GetValueOrDefault("ETag"), reply.Headers.GetValueOrDefault("ETag"));
            }
        );
    }

    [Fact]
    public async Task A_write_that_races_with_the_expiry_is_done_or_finds_nothing_and_the_listing_agrees()
    {
        var token = await api.NewUserTokenAsync();
        string[] keys = [.. Enumerable.Range(0, Clients).Select(i => $"k{i:00}")];
        var entries = keys.Select(key =>
        {
            var operation = Upsert(key, "0");
            operation["expires_in"] = 1;
            return operation;
        });
        (await WriteBatchAsync(token, [.. entries])).Expect(HttpStatusCode.OK);

        // Written until they expire, unless the expiry is taken away at some time before.
        var kept = new ConcurrentBag<string>();
        await AtOnceAsync(async i =>
        {
            var random = new Random(i);
            while (true)
            {
                var isKept = random.Next(40) == 0;
                var reply = await (
                    isKept ? PutAsync(token, keys[i], """{"value":"1","expires_in":null}""")
                    : random.Next(2) == 0 ? PutAsync(token, keys[i], """{"value":"1"}""")
                    : PatchAsync(token, keys[i], """{"increment":1}""")
                );
                Assert.True(reply.Status is HttpStatusCode.OK or HttpStatusCode.NotFound, reply.Text);
                if (reply.Status == HttpStatusCode.NotFound)
                {
                    (await api.RetrieveAsync(token, keys[i])).Expect(HttpStatusCode.NotFound);
                    return reply;
                }

                if (isKept)
                {
                    kept.Add(keys[i]);
                    return reply;
                }
            }
        });

        Assert.Equal(kept.Order(StringComparer.Ordinal), await Listing.WalkAsync(api, token));
        Assert.Empty(await Listing.ViolationsAsync(api, token, keys));
    }

    [Fact]
    public async Task A_counter_that_races_with_its_expiry_begins_again_and_expires_again()
    {
        var token = await api.NewUserTokenAsync();
        var windows = new ConcurrentBag<int>();

        await AtOnceAsync(async i =>
        {
            var key = $"window{i % 4}";
            while (true)
            {
                var reply = await PatchAsync(token, key, """{"increment":1,"create":true,"expires_in":1}""");
                if (reply.Status == HttpStatusCode.Created)
                {
                    Assert.Equal("1", ValueOf(reply));
                    windows.Add(i % 4);
                }
                else
                {
                    reply.Expect(HttpStatusCode.OK);
                }

                // Its second window has begun.
                if (windows.Count(window => window == i % 4) >= 2)
                {
                    return reply;
                }
            }
        });

        await Wait.UntilAsync(
            "the second windows have ended, too",
            async () => (await Listing.WalkAsync(api, token)).Count == 0
        );
        Assert.Empty(await Listing.ViolationsAsync(api, token, ["window0", "window1", "window2", "window3"]));
    }

    [Fact]
    public async Task A_batch_that_races_with_the_expiry_of_its_entries_is_done_or_refused_and_leaves_none_behind()
    {
        string[] keys = [.. Enumerable.Range(0, 100).Select(i => $"k{i:00}")];
        await Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async _ =>
                {
                    var token = await api.NewUserTokenAsync();
                    var entries = keys.Select(key =>
                    {
                        var operation = Upsert(key, "0");
                        operation["expires_in"] = 1;
                        return operation;
                    });
                    (await WriteBatchAsync(token, [.. entries])).Expect(HttpStatusCode.OK);

                    // All of them expire at one moment: a batch is long enough to be under way just then.
                    Reply reply;
                    do
                    {
                        reply = await WriteBatchAsync(
                            token,
                            [
                                .. keys.Select(key => new JsonObject
                                {
                                    ["op"] = "update",
                                    ["key"] = key,
                                    ["value"] = "1",
                                }),
                            ]
                        );
                    } while (reply.Status == HttpStatusCode.OK);

                    reply.Expect(HttpStatusCode.Conflict);
                    await Wait.UntilAsync(
                        "all have expired",
                        async () => (await Listing.WalkAsync(api, token)).Count == 0,
                        TimeSpan.FromSeconds(5)
                    );
                    Assert.Empty(await Listing.ViolationsAsync(api, token, keys));
                })
        );
    }

    [Fact]
    public async Task No_request_fails_while_Redis_forgets_its_scripts_again_and_again()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, "There is no redis-server on the PATH.");
        await using var redis = await RedisServer.StartAsync();
        await using var service = await FastKvProcess.StartAsync(redis.ConnectionString);
        await using var flushing = await ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);
        var token = await service.Api.NewUserTokenAsync();

        var writing = Task.WhenAll(
            Enumerable
                .Range(0, 8)
                .Select(async i =>
                {
                    for (var sum = 1; sum <= 40; sum++)
                    {
                        var write = await service.Api.SendAsync(
                            HttpMethod.Patch,
                            ApiClient.PathOf($"k{i}"),
                            token,
                            ApiClient.Json("""{"increment":1,"create":true}""")
                        );
                        Assert.Equal(
                            $"{sum}",
                            ValueOf(write.Expect(sum == 1 ? HttpStatusCode.Created : HttpStatusCode.OK))
                        );
                        (await service.Api.GetAsync("/api/data?limit=3", token)).Expect(HttpStatusCode.OK);
                    }
                })
        );
        var flushes = 0;
        for (; !writing.IsCompleted; flushes++)
        {
            await flushing.GetDatabase().ExecuteAsync("SCRIPT", "FLUSH");
        }

        await writing;
        Assert.True(flushes > 40, $"Only {flushes} times.");
    }

    // If they are done one after the other in any order, then each key holds what the last one with it wrote: so what a key holds
    // was written after all others with it, and these "afters" have no circle.
    private static void AssertSomeOrderEndsIn(Dictionary<string, int> last, Dictionary<int, string[]> written)
    {
        var left = written.Keys.ToHashSet();
        while (left.Count > 0)
        {
            var latest = left.FirstOrDefault(
                batch => written[batch].All(key => last[key] == batch || !left.Contains(last[key])),
                -1
            );
            Assert.True(latest >= 0, $"No order ends in {string.Join(", ", last)}.");
            left.Remove(latest);
        }
    }

    private static string[] KeysOf(int batch, string[] keys)
    {
        var mixed = keys.ToArray();
        new Random(batch).Shuffle(mixed);
        return mixed[..5];
    }

    private static Task<T[]> AtOnceAsync<T>(Func<int, Task<T>> send) =>
        Task.WhenAll(Enumerable.Range(0, Clients).Select(send));

    private static JsonObject Upsert(string key, string value) =>
        new()
        {
            ["op"] = "upsert",
            ["key"] = key,
            ["value"] = value,
        };

    private static string Tag(string value) => $"\"{Entries.VersionOf(value)}\"";

    private static string ValueOf(Reply reply) => reply.Json["data"]!["value"]!.GetValue<string>();

    private async Task<string> ReadAsync(string token, string key) =>
        ValueOf((await api.RetrieveAsync(token, key)).Expect(HttpStatusCode.OK));

    private Task<Reply> UpdateAsync(string token, string key, string value, params (string, string)[] headers) =>
        api.SendAsync(
            HttpMethod.Put,
            ApiClient.PathOf(key),
            token,
            ApiClient.Json(new JsonObject { ["value"] = value }.ToJsonString()),
            headers
        );

    private Task<Reply> PutAsync(string token, string key, string json) =>
        api.SendAsync(HttpMethod.Put, ApiClient.PathOf(key), token, ApiClient.Json(json));

    private Task<Reply> PatchAsync(string token, string key, string json, params (string, string)[] headers) =>
        api.SendAsync(HttpMethod.Patch, ApiClient.PathOf(key), token, ApiClient.Json(json), headers);

    private Task<Reply> IncrementAsync(string token, string key, params (string, string)[] headers) =>
        PatchAsync(token, key, """{"increment":1,"create":true}""", headers);

    private Task<Reply> WriteBatchAsync(string token, JsonArray operations, params (string, string)[] headers) =>
        api.SendAsync(
            HttpMethod.Post,
            "/api/batch/write",
            token,
            ApiClient.Json(new JsonObject { ["operations"] = operations }.ToJsonString()),
            headers
        );
}
