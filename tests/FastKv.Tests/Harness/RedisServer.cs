using System.Net.Sockets;

namespace FastKv.Tests.Harness;

/// <summary>A redis-server of a test's own, on a free port, in a folder of its own.</summary>
internal sealed class RedisServer : ChildProcess
{
    private readonly TemporaryDirectory directory;
    private readonly string[] arguments;

    private RedisServer(TemporaryDirectory directory, int port, string[] arguments, string[]? first = null)
        : base(
            "redis-server",
            [
                .. first ?? [],
                "--port",
                $"{port}",
                "--bind",
                "127.0.0.1",
                "--dir",
                directory.Path,
                .. first is null ? (string[])["--save", ""] : [],
                .. arguments,
            ]
        )
    {
        this.directory = directory;
        this.arguments = arguments;
        Port = port;
    }

    public int Port { get; }

    public string Directory => directory.Path;

    public string ConnectionString => $"127.0.0.1:{Port}";

    /// <summary>Whether there is a redis-server on the PATH.</summary>
    public static bool IsInstalled { get; } =
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Any(folder => File.Exists(Path.Combine(folder, "redis-server")));

    public static async Task<RedisServer> StartAsync(params string[] arguments)
    {
        var server = new RedisServer(new TemporaryDirectory(), Wait.FreePort(), arguments);
        await server.UntilItAcceptsAsync();
        return server;
    }

    /// <summary>Starts a Sentinel with this configuration file, which it will rewrite.</summary>
    public static async Task<RedisServer> StartSentinelAsync(string configuration)
    {
        var sentinel = new RedisServer(new TemporaryDirectory(), Wait.FreePort(), [], [configuration, "--sentinel"]);
        await sentinel.UntilItAcceptsAsync();
        return sentinel;
    }

    /// <summary>Starts again after <see cref="ChildProcess.KillAsync"/>, on the same port and the same files.</summary>
    public async Task<RedisServer> RestartAsync()
    {
        await KillAsync();
        var again = new RedisServer(directory, Port, arguments);
        await again.UntilItAcceptsAsync();
        return again;
    }

    /// <summary>Runs redis-cli against it and returns what it prints.</summary>
    public async Task<string> CliAsync(params string[] command)
    {
        var start = new System.Diagnostics.ProcessStartInfo("redis-cli", ["-p", $"{Port}", .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var cli = System.Diagnostics.Process.Start(start)!;
        var output = await cli.StandardOutput.ReadToEndAsync();
        await cli.WaitForExitAsync();
        return output.Trim();
    }

    /// <summary>Runs redis-cli as a user, who types the password.</summary>
    public async Task<(int ExitCode, string Output)> CliAsUserAsync(
        string user,
        string password,
        params string[] command
    )
    {
        var start = new System.Diagnostics.ProcessStartInfo(
            "redis-cli",
            ["-p", $"{Port}", "--user", user, "--askpass", .. command]
        )
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var cli = System.Diagnostics.Process.Start(start)!;
        await cli.StandardInput.WriteLineAsync(password);
        cli.StandardInput.Close();
        var output = await Task.WhenAll(cli.StandardOutput.ReadToEndAsync(), cli.StandardError.ReadToEndAsync());
        await cli.WaitForExitAsync();
        return (cli.ExitCode, string.Concat(output));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        if (System.IO.Directory.Exists(directory.Path))
        {
            directory.Dispose();
        }
    }

    private Task UntilItAcceptsAsync() =>
        Wait.UntilAsync(
            "redis-server accepts connections",
            async () =>
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    await socket.ConnectAsync("127.0.0.1", Port);
                    return true;
                }
                catch (SocketException)
                {
                    return false;
                }
            }
        );
}
