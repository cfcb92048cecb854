using System.Net;
using System.Net.Sockets;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

public sealed class UnixSocketTests(ServiceFixture fixture) : IDisposable
{
    private readonly TemporaryDirectory directory = new();

    private string SocketPath => Path.Combine(directory.Path, "fastkv.sock");

    public void Dispose() => directory.Dispose();

    private async Task<FastKvProcess> StartAsync(HttpClient client, params (string Name, string? Value)[] settings)
    {
        var service = LaunchOnSocket(settings);
        await Wait.UntilAsync("it is ready", () => AnswersAsync(client, "ready"));
        return service;
    }

    [Fact]
    public async Task A_socket_that_a_killed_process_left_behind_is_replaced()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such sockets.");
        for (var round = 0; round < 2; round++)
        {
            await using var service = LaunchOnSocket();
            using var client = OverSocket();
            await Wait.UntilAsync("it answers there", () => AnswersAsync(client));
            await service.KillAsync();

            Assert.True(File.Exists(SocketPath));
        }
    }

    [Fact]
    public async Task A_socket_on_which_somebody_listens_is_left_alone()
    {
        await using var service = LaunchOnSocket();
        using var client = OverSocket();
        await Wait.UntilAsync("it answers there", () => AnswersAsync(client));

        await ExpectSentenceAsync(SocketPath, "another program listens there");

        Assert.True(await AnswersAsync(client));
    }

    [Fact]
    public async Task A_path_that_can_be_no_socket_ends_the_program()
    {
        var file = Path.Combine(directory.Path, "file");
        await File.WriteAllTextAsync(file, "kept", TestContext.Current.CancellationToken);

        await ExpectSentenceAsync(file, "no socket");
        await ExpectSentenceAsync(directory.Path, "no socket");
        await ExpectSentenceAsync(Path.Combine(directory.Path, "none", "fastkv.sock"), "folder");
        await ExpectSentenceAsync(Path.Combine(directory.Path, new string('a', 200)), "too long");

        Assert.Equal("kept", await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Clients_of_a_socket_do_not_share_a_limit_by_address()
    {
        using var client = OverSocket();
        await using var service = await StartAsync(
            client,
            ("FastKv__Limits__FailedLoginsPerAddress", "1"),
            ("FastKv__Limits__RegistrationsPerHourPerAddress", "1")
        );
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client));
            using var registration = await client.PostAsync(
                "http://localhost/api/register",
                ApiClient.Json(ApiClient.Registration().ToJsonString()),
                TestContext.Current.CancellationToken
            );
            Assert.Equal(HttpStatusCode.Created, registration.StatusCode);
        }

        // A client can't choose an address of its own there.
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client, "203.0.113.1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client, "203.0.113.1"));
    }

    [Fact]
    public async Task A_proxy_on_the_socket_that_is_trusted_names_its_clients()
    {
        using var client = OverSocket();
        await using var service = await StartAsync(
            client,
            ("FastKv__Limits__FailedLoginsPerAddress", "1"),
            ("FastKv__Http__TrustedProxies__0", "unix")
        );

        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client, "203.0.113.1"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await LoginAsync(client, "203.0.113.1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client, "203.0.113.2"));
        // What its client claims to be does not count.
        Assert.Equal(HttpStatusCode.TooManyRequests, await LoginAsync(client, "198.51.100.9, 203.0.113.1"));
    }

    [Fact]
    public async Task Who_trusts_a_proxy_elsewhere_does_not_trust_the_socket()
    {
        using var client = OverSocket();
        await using var service = await StartAsync(
            client,
            ("FastKv__Limits__FailedLoginsPerAddress", "1"),
            ("FastKv__Http__TrustedProxies__0", "10.0.0.7")
        );

        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client, "203.0.113.1"));
        Assert.Equal(HttpStatusCode.Unauthorized, await LoginAsync(client, "203.0.113.1"));
    }

    private FastKvProcess LaunchOnSocket(params (string Name, string? Value)[] settings) =>
        FastKvProcess.Launch(
            fixture.Redis,
            [
                ("ASPNETCORE_URLS", $"http://unix:{SocketPath}"),
                ("FastKv__DataDirectory", Path.Combine(directory.Path, "data")),
                ("FastKv__Redis__KeyPrefix", $"test-{Guid.NewGuid():N}"),
                .. settings,
            ]
        );

    private async Task ExpectSentenceAsync(string path, string named)
    {
        await using var service = FastKvProcess.Launch(
            fixture.Redis,
            ("ASPNETCORE_URLS", $"http://unix:{path}"),
            ("FastKv__DataDirectory", Path.Combine(directory.Path, "other"))
        );

        Assert.Equal(1, await service.ExitCodeAsync());
        await Wait.UntilAsync(
            "it says why",
            () => Task.FromResult(service.Log.Contains(named, StringComparison.Ordinal))
        );
        Assert.DoesNotContain("   at ", service.Log, StringComparison.Ordinal);
    }

    private HttpClient OverSocket() =>
        new(
            new SocketsHttpHandler
            {
                UseProxy = false,
                ConnectCallback = async (_, cancellation) =>
                {
                    var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellation);
                    return new NetworkStream(socket, ownsSocket: true);
                },
            }
        );

    private static async Task<bool> AnswersAsync(HttpClient client, string asked = "live")
    {
        try
        {
            using var reply = await client.GetAsync($"http://localhost/health/{asked}");
            return reply.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task<HttpStatusCode> LoginAsync(HttpClient client, string? forwarded = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://localhost/api/token")
        {
            Content = ApiClient.Json($$"""{"username":"{{ApiClient.NewName()}}","password":"wrong_password1"}"""),
        };
        if (forwarded is not null)
        {
            request.Headers.Add("X-Forwarded-For", forwarded);
        }

        using var reply = await client.SendAsync(request);
        return reply.StatusCode;
    }
}
