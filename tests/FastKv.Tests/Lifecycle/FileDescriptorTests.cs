using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FastKv.Tests.Abuse;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Lifecycle;

/// <summary>Without a free file descriptor the runtime ends the process, so connections must not take the last.</summary>
public sealed class FileDescriptorTests(ServiceFixture fixture)
{
    private const int Connections = 200;

    [Fact]
    public async Task More_connections_than_descriptors_are_closed_and_all_else_goes_on()
    {
        SkipWithoutLimits();
        await using var service = await OwnService.StartAsync(fixture, ("FastKv__Limits__MaxConnections", "1000"));
        var token = await service.Api.NewUserTokenAsync();
        (await service.Api.StoreAsync(token, "key", "value")).Expect(HttpStatusCode.Created);
        using var early = await RawConnection.OpenAsync(service.Address);
        Assert.True(await IsServedAsync(early));
        var id = service.Process.Process.Id;
        var maximum = Directory.GetFileSystemEntries($"/proc/{id}/fd").Length + 40;
        await RunAsync("prlimit", $"--pid={id}", $"--nofile={maximum}:{maximum}");

        var (served, closed) = await FloodAsync(service.Address);

        Assert.InRange(served, 1, 40);
        Assert.Equal(Connections, served + closed);
        Assert.True(await IsServedAsync(early));
        (await service.Api.RetrieveAsync(token, "key")).Expect(HttpStatusCode.OK);
        await Wait.UntilAsync("there is room again", () => IsServedAsync(service.Address));
        (await service.Api.UpdateAsync(token, "key", "other")).Expect(HttpStatusCode.OK);
        Assert.Single(Warnings(service.Process), line => line.Contains("descriptors", StringComparison.Ordinal));
        Assert.Equal(0, await service.Process.TerminateAsync());
        Assert.DoesNotContain("   at ", service.Process.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_of_connections_that_the_descriptors_do_not_allow_is_lowered_with_one_warning()
    {
        SkipWithoutLimits();
        using var directory = new TemporaryDirectory();
        await using var service = FastKvProcess.LaunchWithFiles(
            400,
            fixture.Redis,
            ("FastKv__DataDirectory", directory.Path),
            ("FastKv__Redis__KeyPrefix", $"test-{Guid.NewGuid():N}"),
            ("FastKv__Http__Http2Port", $"{Wait.FreePort()}")
        );
        await service.UntilReadyAsync();

        var warning = Assert.Single(Warnings(service));
        Assert.Contains("FastKv__Limits__MaxConnections is 20000", warning, StringComparison.Ordinal);
        Assert.Contains("400", warning, StringComparison.Ordinal);

        var (served, closed) = await FloodAsync(service.Address);

        Assert.InRange(served, 20, Connections - 1);
        Assert.Equal(Connections, served + closed);
        await Wait.UntilAsync("there is room again", () => IsServedAsync(service.Address));
        Assert.Equal(2, Warnings(service).Count);
        Assert.Equal(0, await service.TerminateAsync());
    }

    [Fact]
    public async Task A_limit_of_connections_that_the_descriptors_allow_is_nothing_to_warn_of()
    {
        await using var service = await OwnService.StartAsync(fixture, ("FastKv__Limits__MaxConnections", "100"));

        Assert.Empty(Warnings(service.Process));
    }

    [Theory]
    [InlineData(null, 0)]
    [InlineData("20000", 1)]
    public async Task A_limit_that_nobody_has_set_is_lowered_without_a_warning_while_it_is_not_low(
        string? setting,
        int warnings
    )
    {
        SkipWithoutLimits();
        using var directory = new TemporaryDirectory();
        await using var service = FastKvProcess.LaunchWithFiles(
            5000,
            fixture.Redis,
            ("FastKv__DataDirectory", directory.Path),
            ("FastKv__Redis__KeyPrefix", $"test-{Guid.NewGuid():N}"),
            ("FastKv__Limits__MaxConnections", setting)
        );
        await service.UntilReadyAsync();

        Assert.Equal(
            warnings,
            Warnings(service).Count(line => line.Contains("MaxConnections", StringComparison.Ordinal))
        );
    }

    /// <summary>Opens many connections and asks on each; all of them stay open until the end.</summary>
    private static async Task<(int Served, int Closed)> FloodAsync(Uri address)
    {
        var connections = new List<RawConnection>();
        try
        {
            for (var i = 0; i < Connections; i++)
            {
                connections.Add(await RawConnection.OpenAsync(address));
            }

            var served = await Task.WhenAll(connections.Select(IsServedAsync));
            return (served.Count(isServed => isServed), served.Count(isServed => !isServed));
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }
    }

    private static async Task<bool> IsServedAsync(Uri address)
    {
        using var connection = await RawConnection.OpenAsync(address);
        return await IsServedAsync(connection);
    }

    private static async Task<bool> IsServedAsync(RawConnection connection)
    {
        try
        {
            await connection.SendAsync("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
            return await connection.ReadAsync() is { Status: 200 };
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // Of the Redis of the tests, which keeps no log, there is another.
    private static List<string> Warnings(FastKvProcess service) =>
        [
            .. service
                .Log.Split('\n')
                .Where(line => line.Contains("\"LogLevel\":\"Warning\"", StringComparison.Ordinal))
                .Where(line => !line.Contains("may lose what was acknowledged", StringComparison.Ordinal)),
        ];

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }

    private static void SkipWithoutLimits() =>
        Assert.SkipUnless(File.Exists("/usr/bin/prlimit"), "There is no prlimit (util-linux) here.");
}
