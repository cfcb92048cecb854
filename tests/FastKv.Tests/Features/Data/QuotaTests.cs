using System.Net;
using FastKv.Tests.Abuse;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>The setting <c>FastKv__Limits__KeysPerUser</c>, here 3.</summary>
public sealed class QuotaTests(ServiceFixture fixture, QuotaTests.Limited limited) : IClassFixture<QuotaTests.Limited>
{
    public sealed class Limited : IAsyncDisposable
    {
        private OwnService? service;

        internal async Task<ApiClient> ApiAsync(ServiceFixture fixture) =>
            (service ??= await OwnService.StartAsync(fixture, ("FastKv__Limits__KeysPerUser", "3"))).Api;

        public async ValueTask DisposeAsync()
        {
            if (service is not null)
            {
                await service.DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task One_key_more_than_the_quota_is_refused_however_it_is_created()
    {
        var api = await limited.ApiAsync(fixture);
        var token = await FullAsync(api);

        (await api.StoreAsync(token, "d", "1")).ExpectError("QUOTA_EXCEEDED");
        (await api.UpdateAsync(token, "d", """{"value":"1"}""", "?upsert=true")).ExpectError("QUOTA_EXCEEDED");
        (await api.ModifyAsync(token, "d", """{"increment":1,"create":true}""")).ExpectError("QUOTA_EXCEEDED");
        Assert.Equal(["a", "b", "c"], await api.ListAllAsync(token));

        (await api.StoreAsync(token, "a", "1")).ExpectError("KEY_EXISTS");
        (await api.UpdateAsync(token, "a", """{"value":"2"}""", "?upsert=true")).Expect(HttpStatusCode.OK);
        (await api.ModifyAsync(token, "a", """{"increment":1,"create":true}""")).Expect(HttpStatusCode.OK);
        (await api.UpdateAsync(token, "d", """{"value":"2"}""", "?upsert=true", ("If-Match", "*"))).ExpectError(
            "PRECONDITION_FAILED"
        );
        (await api.DeleteAsync(token, "b")).Expect(HttpStatusCode.OK);
        (await api.StoreAsync(token, "d", "1")).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Of_a_batch_counts_what_it_would_leave()
    {
        var api = await limited.ApiAsync(fixture);
        var token = await FullAsync(api);

        var reply = await api.WriteBatchAsync(
            token,
            """
            {"op":"delete","key":"a"},{"op":"store","key":"d","value":"1"},
            {"op":"update","key":"b","value":"1"},{"op":"upsert","key":"e","value":"1"}
            """
        );
        reply.ExpectError("BATCH_REJECTED", "operations[1]", "operations[3]");
        Assert.All(reply.Json["details"]!.AsArray(), one => Assert.Equal("QUOTA_EXCEEDED", $"{one!["reason"]}"));
        Assert.Equal(["a", "b", "c"], await api.ListAllAsync(token));

        (
            await api.WriteBatchAsync(
                token,
                """{"op":"store","key":"d","value":"1"},{"op":"store","key":"e","value":"1"},{"op":"delete","key":"a"},{"op":"delete","key":"b"}"""
            )
        ).Expect(HttpStatusCode.OK);
        Assert.Equal(["c", "d", "e"], await api.ListAllAsync(token));
    }

    [Fact]
    public async Task What_has_expired_does_not_count()
    {
        var api = await limited.ApiAsync(fixture);
        var token = await api.NewUserTokenAsync();
        foreach (var key in new[] { "a", "b", "c" })
        {
            await api.PostTextAsync("/api/data", $$"""{"key":"{{key}}","value":"1","expires_in":1}""", token);
        }

        (await api.StoreAsync(token, "d", "1")).ExpectError("QUOTA_EXCEEDED");
        await Wait.UntilAsync(
            "they have expired",
            async () => (await api.RetrieveAsync(token, "c")).Status == HttpStatusCode.NotFound
        );
        (await api.StoreAsync(token, "d", "1")).Expect(HttpStatusCode.Created);
        Assert.Equal(["d"], await api.ListAllAsync(token));
    }

    [Fact]
    public async Task Of_64_at_once_as_many_get_in_as_there_is_room_for()
    {
        var api = await limited.ApiAsync(fixture);
        var token = await api.NewUserTokenAsync();

        var replies = await Task.WhenAll(Enumerable.Range(0, 64).Select(i => api.StoreAsync(token, $"k{i}", "1")));

        Assert.Equal(3, replies.Count(reply => reply.Status == HttpStatusCode.Created));
        Assert.All(
            replies.Where(reply => reply.Status != HttpStatusCode.Created),
            reply => reply.ExpectError("QUOTA_EXCEEDED")
        );
        Assert.Equal(3, (await api.ListAllAsync(token)).Count);
    }

    private static async Task<string> FullAsync(ApiClient api)
    {
        var token = await api.NewUserTokenAsync();
        foreach (var key in new[] { "a", "b", "c" })
        {
            (await api.StoreAsync(token, key, "1")).Expect(HttpStatusCode.Created);
        }

        return token;
    }
}
