using System.Diagnostics;
using FastKv.Load.Cli;

namespace FastKv.Load.Target;

/// <summary>The published Release build of the service: what users run, ReadyToRun included.</summary>
internal static class ServiceBuild
{
    private const string Assembly = "FastKv.dll";

    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(5);

    /// <returns>The path of the service's assembly.</returns>
    public static async Task<string> PublishAsync(string? published, CancellationToken cancellation) =>
        AssemblyIn(published ?? await PublishAsync(cancellation));

    /// <returns>The path of the service's assembly in a folder that it was published to.</returns>
    /// <exception cref="UsageException">There is none.</exception>
    public static string AssemblyIn(string folder)
    {
        var assembly = Path.Combine(Path.GetFullPath(folder), Assembly);
        return File.Exists(assembly)
            ? assembly
            : throw new UsageException($"There is no {Assembly} in {folder}: publish src/FastKv there first.");
    }

    private static async Task<string> PublishAsync(CancellationToken cancellation)
    {
        var root =
            FindRoot() ?? throw new UsageException("Run this inside the repository, or name a build with --published.");
        var folder = Path.Combine(root, "artifacts", "load", "service");
        await Console.Error.WriteLineAsync($"Publishing src/FastKv (Release) to {folder}; it takes a minute or two.");
        var since = Stopwatch.GetTimestamp();
        var publishing = ChildProcess.OutputOfAsync(
            "dotnet",
            ["publish", Path.Combine(root, "src", "FastKv"), "-c", "Release", "-o", folder],
            cores: null,
            cancellation
        );
        while (await Task.WhenAny(publishing, Task.Delay(TellEvery, CancellationToken.None)) != publishing)
        {
            await Console.Error.WriteLineAsync($"  {Stopwatch.GetElapsedTime(since).TotalSeconds:0} s");
        }

        await publishing;
        return folder;
    }

    /// <summary>The folder of the repository that this program was built in.</summary>
    public static string? FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FastKv.sln")))
            {
                return folder.FullName;
            }
        }

        return null;
    }
}
