using DotNet.Testcontainers.Builders;
using FastKv.Tests.Harness;
using Testcontainers.Redis;
using Xunit;

[assembly: AssemblyFixture(typeof(ServiceFixture))]

namespace FastKv.Tests.Harness;

/// <summary>
/// One service for all tests that break nothing, on the store that is there: FASTKV_TEST_REDIS if it is set, else Docker, else a
/// redis-server on the PATH, else the embedded store. <c>FASTKV_TEST_REDIS=embedded</c> asks for the last.
/// </summary>
public sealed class ServiceFixture : IAsyncLifetime
{
    private readonly TemporaryDirectory dataDirectory = new();
    private RedisServer? server;
    private RedisContainer? container;
    private FastKvProcess service = null!;

    /// <summary>The connection string of the store for services; null if it is the embedded one.</summary>
    internal string? Redis { get; private set; }

    /// <summary>The same for tests that look into the store, which asks for more rights than a service has.</summary>
    internal string? Administration { get; private set; }

    internal FastKvProcess Service => service;

    internal ApiClient Api => service.Api;

    public async ValueTask InitializeAsync()
    {
        var (redis, name) = await StoreAsync();
        Redis = redis;
        Administration = server?.ConnectionString ?? redis;
        Console.WriteLine($"The tests use {name}.");
        service = await FastKvProcess.StartAsync(redis, ("FastKv__DataDirectory", dataDirectory.Path));
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        if (server is not null)
        {
            var denied = await server.CliAsync("ACL", "LOG");
            await server.DisposeAsync();
            Assert.True(denied.Length == 0, $"The user of docs/redis.md lacks a right: {denied}");
        }

        if (container is not null)
        {
            await container.DisposeAsync();
        }

        dataDirectory.Dispose();
    }

    private async Task<(string? Redis, string Name)> StoreAsync()
    {
        switch (Environment.GetEnvironmentVariable("FASTKV_TEST_REDIS"))
        {
            case "embedded":
                return (null, "the embedded store, as FASTKV_TEST_REDIS says");
            case { Length: > 0 } given:
                return (given, "the Redis of FASTKV_TEST_REDIS");
        }

        try
        {
            container = new RedisBuilder("redis:7-alpine").Build();
            await container.StartAsync();
            return (container.GetConnectionString(), "Redis in a container");
        }
        catch (DockerUnavailableException)
        {
            container = null;
        }

        if (RedisServer.IsInstalled)
        {
            // Tests set some services apart from the others by a key prefix.
            server = await RedisServer.StartAsync(["--user", .. RedisUser.Of("fastkv"), "~test-*"]);
            return ($"{server.ConnectionString},{RedisUser.Credentials}", "the redis-server on the PATH");
        }

        return (null, "the embedded store: there is neither Docker nor a redis-server");
    }
}
