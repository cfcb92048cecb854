using System.Net;
using System.Net.Sockets;
using FastKv.Tests.Faults;
using FastKv.Tests.Harness;
using Xunit;
using static FastKv.Tests.Redis.Diagnosis;

namespace FastKv.Tests.Redis;

/// <summary>What an operator is told when Redis can't be used: the cause, apart from all others.</summary>
public sealed class RedisDiagnosticsTests
{
    [Theory]
    [InlineData("UnknownHost", "no-such-host.invalid:6379")]
    [InlineData("UnknownHost", "rediss://user:hunter2@no-such-host.invalid")]
    [InlineData("ConnectionRefused", "127.0.0.1:1")]
    [InlineData("ConnectionRefused", "127.0.0.1:1,127.0.0.1:2,ssl=true,password=hunter2,connectTimeout=60000")]
    public Task A_server_that_is_not_there(string cause, string connectionString) =>
        ExpectAsync(cause, connectionString);

    [Theory]
    [InlineData("NoAnswer", null, "password=hunter2")]
    [InlineData("NoAnswer", null, "ssl=true")]
    [InlineData("NotRedis", "HTTP/1.1 400 Bad Request\r\n\r\n", "user=fastkv,password=hunter2")]
    [InlineData("NotRedis", "HTTP/1.1 400 Bad Request\r\n\r\n", "ssl=true")]
    [InlineData("NotRedis", "+OK POP3 at your service\r\n", "name=fastkv")]
    [InlineData("Loading", "-LOADING Redis is loading the dataset in memory\r\n", "password=hunter2")]
    [InlineData("ProtectedMode", "-DENIED Redis is running in protected mode\r\n", "name=fastkv")]
    [InlineData("WrongPassword", "-ERR invalid password\r\n", "password=hunter2")]
    [InlineData("ErrorReply", "-ERR unknown, with args beginning with hunter2\r\n", "password=hunter2")]
    [InlineData("ErrorReply", "-hunter2\r\n", "password=hunter2")]
    public async Task A_server_that_says_something_else(string cause, string? reply, string options)
    {
        using var stub = new StubServer(reply);
        await ExpectAsync(cause, $"127.0.0.1:{stub.Port},{options}");
    }

    [Fact]
    public async Task A_server_whose_address_answers_nothing()
    {
        // A queue that is full: further attempts to connect are dropped, as a firewall drops them.
        using var full = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        full.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        full.Listen(0);
        var clients = Enumerable.Range(0, 4).Select(_ => new TcpClient()).ToList();
        var connecting = clients.Select(client => client.ConnectAsync((IPEndPoint)full.LocalEndPoint!)).ToList();

        await ExpectAsync("Unreachable", $"{full.LocalEndPoint},password={Secret}");

        clients.ForEach(client => client.Dispose());
        await Task.WhenAll(connecting).ContinueWith(_ => { }, TaskScheduler.Default);
    }

    [Theory]
    [InlineData("PasswordRequired", "name=fastkv", "--requirepass", "other")]
    [InlineData("WrongPassword", "password=hunter2", "--requirepass", "other")]
    [InlineData("WrongPassword", "user=nobody,password=hunter2", "--requirepass", "other")]
    [InlineData(
        "NoPermission",
        "user=u,password=hunter2",
        "--user",
        "u",
        "on",
        ">hunter2",
        "~*",
        "+@all",
        "-setex",
        "-psetex"
    )]
    [InlineData("NoPermission", "user=u,password=hunter2", "--user", "u", "on", ">hunter2", "~other", "+@all")]
    [InlineData("NoPermission", "user=u,password=hunter2", "--user", "u", "on", ">hunter2", "~*", "-@all")]
    [InlineData("TlsNotSupported", "ssl=true,password=hunter2", "--requirepass", "other")]
    [InlineData("TlsNotSupported", "ssl=true", "--tcp-keepalive", "60")]
    [InlineData("ReadOnly", "name=fastkv", "--replicaof", "127.0.0.1", "1")]
    [InlineData("OutOfMemory", "name=fastkv", "--maxmemory", "1", "--maxmemory-policy", "noeviction")]
    public async Task A_Redis_that_does_not_let_the_service_in(string cause, string options, params string[] arguments)
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync(arguments);
        await ExpectAsync(cause, $"{redis.ConnectionString},{options}");
    }

    [Fact]
    public async Task A_Redis_that_takes_no_more_connections()
    {
        Assert.SkipUnless(RedisServer.IsInstalled, FaultTests.NoRedis);
        await using var redis = await RedisServer.StartAsync("--maxclients", "1");
        TcpClient? client = null;
        await Wait.UntilAsync(
            "the only place is taken",
            async () =>
            {
                client?.Dispose();
                client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, redis.Port);
                return await IsAnsweredAsync(client.GetStream());
            }
        );
        using (client)
        {
            await ExpectAsync("TooManyConnections", redis.ConnectionString);
        }
    }

    // Whoever looked whether the server is up may still have the place.
    private static async Task<bool> IsAnsweredAsync(NetworkStream connection)
    {
        try
        {
            await connection.WriteAsync("PING\r\n"u8.ToArray());
            return connection.ReadByte() == '+';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
