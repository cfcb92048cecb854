#if EMBEDDED_STORE
using System.Runtime.CompilerServices;
using FastKv.Redis;
using FastKv.Tests.Harness;
using Microsoft.Extensions.Logging;

namespace FastKv.Tests.Redis;

/// <summary>
/// An embedded store in a process of its own, which can be killed, and which the test can reach, as it can't reach that of a
/// service. The process is this program, which is a store instead of tests where an environment variable says so.
/// </summary>
internal sealed class EmbeddedStoreProcess : ChildProcess
{
    private const string FolderVariable = "FASTKV_TEST_STORE_FOLDER";

    private EmbeddedStoreProcess(string folder)
        : base(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "FastKv.Tests.dll")],
            new Dictionary<string, string?> { [FolderVariable] = folder }
        ) { }

    public string ConnectionString { get; private set; } = "";

    /// <summary>How often it has compacted its folder.</summary>
    public int Compactions => Log.Split('\n').Count(line => line.Contains("was compacted", StringComparison.Ordinal));

    /// <summary>Starts a store, which compacts its folder far more often than one of a service does.</summary>
    public static async Task<EmbeddedStoreProcess> StartAsync(string folder)
    {
        var process = new EmbeddedStoreProcess(folder);
        await Wait.UntilAsync(
            "the store has started",
            () =>
                process.HasExited
                    ? throw new InvalidOperationException($"The store ended: {process.Log}")
                    : Task.FromResult(process.Log.Contains('\n', StringComparison.Ordinal)),
            TimeSpan.FromMinutes(1)
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
        Console.WriteLine(store.ConnectionString);
        Console.WriteLine("The store has started.");
        using var logs = LoggerFactory.Create(logging =>
            logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Debug)
        );
        using var monitor = new DataFolderMonitor(store.Folder, logs.CreateLogger<DataFolderMonitor>());
        using var compaction = new EmbeddedStoreCompaction(store, logs.CreateLogger<EmbeddedStoreCompaction>())
        {
            MinimumBytes = 1 << 20,
        };
        monitor.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        compaction.StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        Thread.Sleep(Timeout.Infinite);
    }
}
#endif
