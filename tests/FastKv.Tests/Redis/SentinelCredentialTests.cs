using FastKv.Redis;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

/// <summary>Sentinels know users of their own, which are not those of the servers that they watch.</summary>
public sealed class SentinelCredentialTests
{
    private const string Data = "user=fastkv,password=of-the-data";

    // What StackExchange.Redis and FastKv ask a Sentinel.
    private const string SentinelRights =
        "resetchannels &+switch-master &+sentinel -@all +@connection +info +role +subscribe +sentinel|masters +sentinel|get-master-addr-by-name +sentinel|replicas +sentinel|slaves +sentinel|sentinels";

    [Theory]
    [InlineData("nobody's", "", null, "")]
    [InlineData("one user for both", Data, "user fastkv on >of-the-data " + SentinelRights, "")]
    [InlineData("one password for both", "password=shared", "requirepass shared", "")]
    [InlineData("none at the Sentinel", Data, null, ",sentinelUser=,sentinelPassword=")]
    [InlineData(
        "a password at the Sentinel",
        Data,
        "requirepass its-own",
        ",sentinelUser=default,sentinelPassword=its-own"
    )]
    [InlineData(
        "a user at the Sentinel",
        Data,
        "user watcher on >its-own " + SentinelRights,
        ",sentinelUser=watcher,sentinelPassword=its-own"
    )]
    [InlineData("only a password at the Sentinel", "", "requirepass its-own", ",sentinelPassword=its-own")]
    public async Task Each_combination_finds_the_master(string what, string data, string? sentinel, string options)
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var master = await RedisServer.StartAsync(OfServer(data));
        using var directory = new TemporaryDirectory();
        var configuration = Path.Combine(directory.Path, "sentinel.conf");
        await File.WriteAllLinesAsync(
            configuration,
            [
                $"sentinel monitor kv 127.0.0.1 {master.Port} 1",
                .. data.Contains("user", StringComparison.Ordinal)
                    ? (string[])["sentinel auth-user kv fastkv", "sentinel auth-pass kv of-the-data"]
                : data.Length > 0 ? ["sentinel auth-pass kv shared"]
                : [],
                .. sentinel is null ? (string[])[]
                : sentinel.StartsWith("user ", StringComparison.Ordinal) ? [sentinel, "user default off"]
                : [sentinel],
            ],
            TestContext.Current.CancellationToken
        );
        await using var watcher = await RedisServer.StartSentinelAsync(configuration);
        var own = new RedisOptions().ToConfiguration(
            $"{watcher.ConnectionString},serviceName=kv{(data.Length > 0 ? "," : "")}{data}{options}"
        );

        Assert.Null(
            await new ConnectionProbe(own).FindAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken)
        );
        await using var connection = await ConnectionMultiplexer.ConnectAsync(own);
        Assert.True(await connection.GetDatabase().StringSetAsync("k", what));
        Assert.Equal(
            master.Port,
            ((System.Net.IPEndPoint)connection.GetServer("k", flags: CommandFlags.DemandMaster).EndPoint).Port
        );
    }

    private static string[] OfServer(string data) =>
        data switch
        {
            "" => [],
            Data => ["--user", "fastkv", "on", ">of-the-data", "~*", "&*", "+@all", "--user", "default", "off"],
            _ => ["--requirepass", "shared"],
        };
}
