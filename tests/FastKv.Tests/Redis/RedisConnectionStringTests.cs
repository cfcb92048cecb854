using System.Net;
using FastKv.Configuration;
using FastKv.Redis;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using StackExchange.Redis;
using Xunit;

namespace FastKv.Tests.Redis;

public sealed class RedisConnectionStringTests
{
    /// <summary>A string, and the servers, TLS, user, password and database that it names.</summary>
    public static TheoryData<string, string, bool, string?, string?, int?> Strings =>
        new()
        {
            { "redis", "redis:6379", false, null, null, null },
            { " redis:1, 10.0.0.1 ,", "redis:1 10.0.0.1:6379", false, null, null, null },
            { "[::1]:7000,::1,[fe80::1]", "[::1]:7000 [::1]:6379 [fe80::1]:6379", false, null, null, null },
            { "redis,ssl=true", "redis:6380", true, null, null, null },
            { "sentinel,serviceName=kv", "sentinel:26379", false, null, null, null },
            { "redis:1,user=u,password=p=/+ x,defaultDatabase=2", "redis:1", false, "u", "p=/+ x", 2 },
            { "redis://redis", "redis:6379", false, null, null, null },
            { "rediss://redis/\n", "redis:6379", true, null, null, null },
            { "REDISS://redis:1/3", "redis:1", true, null, null, 3 },
            { "redis://:pass@redis:1", "redis:1", false, null, "pass", null },
            { "redis://pass@redis:1", "redis:1", false, null, "pass", null },
            { "redis://user:@redis:1", "redis:1", false, "user", null, null },
            { "rediss://user:pass@redis.example.com:1/0", "redis.example.com:1", true, "user", "pass", 0 },
            { "redis://us%3Aer:p%2Ca%40b%2Fc%3Fd%23e%25f+g@h:1", "h:1", false, "us:er", "p,a@b/c?d#e%f+g", null },
            { "redis://user:a:b@c#d@redis:1", "redis:1", false, "user", "a:b@c#d", null },
            { "redis://user:100%sure@redis:1", "redis:1", false, "user", "100%sure", null },
            { "redis://user:%C3%BC@redis:1", "redis:1", false, "user", "\u00fc", null },
            { "redis://[::1]:7000/1", "[::1]:7000", false, null, null, 1 },
            { "redis://:pass@[::1]", "[::1]:6379", false, null, "pass", null },
            { "redis://redis?db=4", "redis:6379", false, null, null, 4 },
            { "rediss://u:p@redis:1/2?connectTimeout=5000&sslHost=other", "redis:1", true, "u", "p", 2 },
            { "redis://u:p@sentinel?serviceName=kv&sentinelPassword=a%3Db", "sentinel:26379", false, "u", "p", null },
        };

    [Theory]
    [MemberData(nameof(Strings))]
    public void A_string_is_understood(
        string text,
        string servers,
        bool ssl,
        string? user,
        string? password,
        int? database
    )
    {
        var configuration = RedisConnectionString.Parse(text).Configuration;

        Assert.Equal(servers, string.Join(' ', configuration.EndPoints.Select(EndPointCollection.ToString)));
        Assert.Equal(ssl, configuration.Ssl);
        Assert.Equal(user, configuration.User);
        Assert.Equal(password, configuration.Password);
        Assert.Equal(database, configuration.DefaultDatabase);
    }

    [Theory]
    [InlineData("hunter2@redis:6379")]
    [InlineData(":hunter2@redis:6379")]
    [InlineData("user:hunter2@redis:6379")]
    [InlineData("hunter2@")]
    [InlineData("//user:hunter2@redis")]
    [InlineData("redis:6379;password=hunter2")]
    [InlineData("redis:6379 password=hunter2")]
    [InlineData("redis,password=x,hunter2")]
    [InlineData("redis,password=x,hunter2:6379")]
    [InlineData("redis,password=x,hunter2=y")]
    [InlineData("redis,sentinelPassword=x,hunter2")]
    [InlineData("redis,password=x,!/hunter2")]
    [InlineData("redis,password=x,=hunter2")]
    [InlineData("redis,=hunter2")]
    [InlineData("redis,!hunter2")]
    [InlineData("redis,hun/ter2")]
    [InlineData("redis,[hunter2]")]
    [InlineData("redis,hunter2:")]
    [InlineData("redis,hunter2:0")]
    [InlineData("redis,hunter2:65536")]
    [InlineData("redis,tunnel=hunter2")]
    [InlineData("redis,tunnel=http:hunter2:port")]
    [InlineData("redis,defaultDatabase=hunter2")]
    [InlineData("redis,password=x,ssl=hunter2")]
    [InlineData("http://user:hunter2@redis")]
    [InlineData("redis+tls://user:hunter2@redis")]
    [InlineData("unix://user:hunter2@/run/redis.sock")]
    [InlineData("redis://user:hunter2@")]
    [InlineData("redis://user:hunter2@redis:6379,redis2:6379")]
    [InlineData("redis://user:hunter2@redis:6379,ssl=true")]
    [InlineData("redis://user:hunter2@redis:port")]
    [InlineData("redis://user:hunter2@redis/zero")]
    [InlineData("redis://user:hunter2@redis/99999999999")]
    [InlineData("redis://user:hunter2@redis/0#1")]
    [InlineData("redis://user:hunter2@redis?#")]
    [InlineData("redis://user:hunter2@redis?ssl_cert_reqs=none")]
    [InlineData("redis://user:hunter2@redis?family=6")]
    [InlineData("redis://user@redis?password=hunter2")]
    [InlineData("redis://redis?name=a%2Chunter2")]
    [InlineData("redis://redis?db=hunter2")]
    [InlineData("redis://user:hun/ter2@redis")]
    [InlineData("redis://user:hun?ter2@redis")]
    [InlineData("redis://user:123?hunter2@redis")]
    [InlineData("redis://!/hunter2")]
    public void A_string_that_is_not_understood_is_refused_without_repeating_it(string text)
    {
        var refusal = Assert.Throws<InvalidSettingException>(() => RedisConnectionString.Parse(text));

        Assert.StartsWith("ConnectionStrings__Redis ", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refusal.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ter2", refusal.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_URL_of_a_hosted_service_reaches_the_user_and_the_database_that_it_names()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        const string Password = "a,b:c@d/e?f#g%h";
        using var directory = new TemporaryDirectory();
        var files = TlsCertificate.WriteTo(directory.Path);
        var port = Wait.FreePort();
        await using var redis = await RedisServer.StartAsync([
            .. TlsCertificate.RedisArguments(port, files),
            "--user",
            .. $"hosted on >{Password} ~* &* +@all".Split(' '),
            "--requirepass",
            "admin",
        ]);
        await using var service = await FastKvProcess.StartAsync(
            $"rediss://hosted:{Uri.EscapeDataString(Password)}@localhost:{port}/3",
            ("SSL_CERT_FILE", files.Certificate)
        );

        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "k", "v")).Expect(HttpStatusCode.Created);

        Assert.Matches("db3:keys=[0-9]+", await redis.CliAsync("-a", "admin", "info", "keyspace"));
        Assert.DoesNotContain("db0", await redis.CliAsync("-a", "admin", "info", "keyspace"), StringComparison.Ordinal);
    }
}
