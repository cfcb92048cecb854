#if EMBEDDED_STORE
using System.Runtime.CompilerServices;
using FastKv.Redis;
using FastKv.Tests.Harness;
using Microsoft.Extensions.Logging.Abstractions;

namespace FastKv.Tests.Redis;

/// <summary>
/// An embedded store in a process of its own, which can be killed, and which the test can reach, as it can't reach that of a
/// service. The process is this program, which is a store instead of tests where an environment variable says so.
/// </summary>
internal sealed class StoreProcess : ChildProcess
{
    private const string FolderVariable = "FASTKV_TEST_STORE_FOLDER";

    private StoreProcess(string folder)
        : base(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "FastKv.Tests.dll")],
            new Dictionary<string, string?> { [FolderVariable] = folder }
        ) { }

    public string ConnectionString { get; private set; } = "";

    /// <summary>Starts a store, which compacts its folder far more often than one of a service does.</summary>
    public static async Task<StoreProcess> StartAsync(string folder)
    {
        var process = new StoreProcess(folder);
        await Wait.UntilAsync(
            "the store has started",
            () =>
                process.HasExited
                    ? throw new InvalidOperationException($"The store ended: {process.Log}")
                    : Task.FromResult(process.Log.Contains('\n', StringComparison.Ordinal))
        );
        process.ConnectionString = process.Log.Split('\n')[0];
        return process;
    }

    [ModuleInitializer]
    internal static void BeStoreIfAsked()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder)
        {
            return;
        }

        using var store = EmbeddedStore.Start(folder);
        using var upkeep = new EmbeddedStoreUpkeep(store, NullLogger<EmbeddedStoreUpkeep>.Instance)
        {
            MaximumCommandBytes = 2 << 20,
            MinimumDataBytes = 4 << 20,
        };
        upkeep.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        Console.WriteLine(store.ConnectionString);
        Console.WriteLine("The store has started.");
        Thread.Sleep(Timeout.Infinite);
    }
}
#endif
