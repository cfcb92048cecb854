using System.Security.Cryptography;

namespace FastKv.Tests.Harness;

/// <summary>The real program, as a process of its own on a free port.</summary>
internal sealed class FastKvProcess : ChildProcess
{
    private FastKvProcess(Uri address, string[] command, IDictionary<string, string?> environment)
        : base(command[0], [.. command[1..], ProgramPath], environment)
    {
        Address = address;
        Api = new ApiClient(address);
    }

    /// <summary>One signing key for all services of a test run, so that they are replicas of each other.</summary>
    public static string SigningKey { get; } = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    public Uri Address { get; }

    /// <summary>Talks to it.</summary>
    public ApiClient Api { get; }

    /// <summary>Whether this machine lets a process see a hosts file of its own.</summary>
    public static bool CanHaveHosts { get; } = MayUnshare();

    private static string ProgramPath => Path.Combine(AppContext.BaseDirectory, "FastKv.dll");

    /// <summary>Starts a service without waiting for it.</summary>
    /// <param name="redis">The connection string; null for the embedded store.</param>
    /// <param name="settings">More settings, by the names of their environment variables.</param>
    public static FastKvProcess Launch(string? redis, params (string Name, string? Value)[] settings) =>
        Launch(["dotnet"], redis, settings);

    /// <summary>Starts a service that reads the names of hosts from a file of its own, and waits until it is ready.</summary>
    public static async Task<FastKvProcess> StartWithHostsAsync(string redis, string hosts)
    {
        var service = Launch(["unshare", .. WithHosts(hosts)], redis, []);
        await service.UntilReadyAsync();
        return service;
    }

    /// <summary>Starts a service that may have so many files open (RLIMIT_NOFILE), without waiting for it.</summary>
    public static FastKvProcess LaunchWithFiles(
        int maximum,
        string? redis,
        params (string Name, string? Value)[] settings
    ) => Launch(["prlimit", $"--nofile={maximum}", "dotnet"], redis, settings);

    private static FastKvProcess Launch(string[] command, string? redis, (string Name, string? Value)[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{Wait.FreePort()}");
        var environment = new Dictionary<string, string?>
        {
            ["ASPNETCORE_URLS"] = address.ToString(),
            ["ConnectionStrings__Redis"] = redis,
            ["FastKv__Token__SigningKeys__0"] = redis is null ? null : SigningKey,
            // The embedded store answers a burst of scripts at its end, and its first scripts are slow: 64 of them took 1.9 s on a
            // busy machine with 2 cores, and 0.07 s later.
            ["FastKv__Redis__TimeoutMilliseconds"] = redis is null ? "10000" : null,
            // The cheapest hashes that the settings allow: what is tested is not their strength.
            ["FastKv__Passwords__MemoryKiB"] = "1024",
            ["FastKv__Passwords__Iterations"] = "1",
            ["FastKv__Passwords__MaxQueuedHashes"] = "10000",
            ["FastKv__Http__WarmUpSeconds"] = "0",
            // There is no balancer to wait for.
            ["FastKv__Http__DrainSeconds"] = "0",
            // Most of these processes live for seconds. The compiler optimizes what is called often, and leaves the rest as it is:
            // from the start to the twenty-second answer 1.35 s of CPU instead of 2.0 with the runtime's threshold of 30.
            ["DOTNET_TieredPGO"] = "0",
            ["DOTNET_TC_CallCountThreshold"] = "1000",
            // All tests come from one address.
            ["FastKv__Limits__FailedLoginsPerAddress"] = "0",
        };
        foreach (var (name, value) in settings)
        {
            environment[name] = value;
        }

        return new FastKvProcess(address, command, environment);
    }

    /// <summary>Starts a service and waits until it is ready.</summary>
    public static async Task<FastKvProcess> StartAsync(string? redis, params (string Name, string? Value)[] settings)
    {
        var service = Launch(redis, settings);
        await service.UntilReadyAsync();
        return service;
    }

    public Task UntilReadyAsync(TimeSpan? limit = null) =>
        Wait.UntilAsync(
            "the service is ready",
            async () =>
                HasExited
                    ? throw new InvalidOperationException($"The service ended with {Process.ExitCode}: {Log}")
                    : await Api.IsReadyAsync(),
            limit
        );

    // In a mount namespace of its own the file lies over /etc/hosts; the shell becomes the program, so the process is the same.
    private static string[] WithHosts(string hosts) =>
        ["--map-root-user", "--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec dotnet \"$1\"", hosts];

    private static bool MayUnshare()
    {
        try
        {
            using var unshare = System.Diagnostics.Process.Start("unshare", ["--map-root-user", "--mount", "true"]);
            unshare.WaitForExit();
            return unshare.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
