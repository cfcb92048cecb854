using System.Net;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class ReplicaTests(TwoReplicas replicas) : IClassFixture<TwoReplicas>
{
    private readonly ApiClient one = replicas.One;
    private readonly ApiClient other = replicas.Other;

    [Fact]
    public async Task What_one_replica_does_the_other_sees_at_once()
    {
        var name = await one.RegisterAsync();
        var token = await other.SignInAsync(name);

        for (var i = 0; i < 20; i++)
        {
            var key = $"k{i}";
            (await one.StoreAsync(token, key, "v")).Expect(HttpStatusCode.Created);
            (await other.StoreAsync(token, key, "w")).ExpectError("KEY_EXISTS");
            (await other.RetrieveAsync(token, key)).Expect(HttpStatusCode.OK);
            (await other.UpdateAsync(token, key, "new")).Expect(HttpStatusCode.OK);
            (await one.RetrieveAsync(token, key)).ExpectSuccess(
                HttpStatusCode.OK,
                $$$"""{"status":"success","data":{"key":"{{{key}}}","value":"new"}}"""
            );
            (await other.DeleteAsync(token, key)).Expect(HttpStatusCode.OK);
            (await one.RetrieveAsync(token, key)).ExpectError("KEY_NOT_FOUND");
        }
    }

    [Fact]
    public async Task Of_64_parallel_stores_of_one_key_on_two_replicas_exactly_one_wins()
    {
        var token = await one.NewUserTokenAsync();

        var replies = await Task.WhenAll(
            Enumerable.Range(0, 64).Select(i => (i % 2 == 0 ? one : other).StoreAsync(token, "race", $"v{i}"))
        );

        var winner = Assert.Single(replies, reply => reply.Status == HttpStatusCode.Created);
        Assert.All(replies.Where(reply => reply != winner), reply => reply.ExpectError("KEY_EXISTS"));
    }
}
