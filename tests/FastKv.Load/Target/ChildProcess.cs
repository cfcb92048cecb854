using System.Collections.Concurrent;
using System.Diagnostics;

namespace FastKv.Load.Target;

/// <summary>A program that this tool started and ends; its last lines are kept for the day when it fails.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int LinesKept = 40;
    private readonly ConcurrentQueue<string> lastLines = new();
    private readonly Process process;

    private ChildProcess(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public string LastLines => string.Join(Environment.NewLine, lastLines);

    /// <summary>User and system time of the process so far.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            ThrowIfEnded();
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public long ResidentBytes
    {
        get
        {
            ThrowIfEnded();
            process.Refresh();
            return process.WorkingSet64;
        }
    }

    /// <summary>The most that was ever resident, as the system keeps it.</summary>
    public long MostResidentBytes
    {
        get
        {
            ThrowIfEnded();
            process.Refresh();
            return process.PeakWorkingSet64;
        }
    }

    public static ChildProcess Start(
        string program,
        IEnumerable<string> arguments,
        string? cores = null,
        IReadOnlyDictionary<string, string>? environment = null,
        string? folder = null
    ) => new(Process.Start(StartInfo(program, arguments, cores, environment, folder))!);

    /// <summary>Runs a program to its end and gives what it printed; a non-zero exit code is an exception.</summary>
    public static async Task<string> OutputOfAsync(
        string program,
        IEnumerable<string> arguments,
        string? cores,
        CancellationToken cancellation
    )
    {
        using var process = Process.Start(StartInfo(program, arguments, cores, null, null))!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode == 0
                ? await output
                : throw new InvalidOperationException(
                    $"{program} ended with exit code {process.ExitCode}: {await errors}{await output}"
                );
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>What was started must live until it is disposed of: with it dead, nothing that was measured counts.</summary>
    public void ThrowIfEnded()
    {
        if (EndedBecause is { } reason)
        {
            throw new InvalidOperationException(reason);
        }
    }

    /// <summary>Says so if it has ended by itself; null while it lives.</summary>
    public string? EndedBecause =>
        process.HasExited
            ? $"{process.StartInfo.FileName} {string.Join(' ', process.StartInfo.ArgumentList)} ended by itself with exit code {process.ExitCode}. {LastLines}"
            : null;

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    private static ProcessStartInfo StartInfo(
        string program,
        IEnumerable<string> arguments,
        string? cores,
        IReadOnlyDictionary<string, string>? environment,
        string? folder
    )
    {
        // taskset replaces itself with the program, so the process id stays that of the program.
        var pinned = cores is null
            ? [program, .. arguments]
            : (string[])["taskset", "-c", cores, program, .. arguments];
        var start = new ProcessStartInfo(pinned[0], pinned[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return start;
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lastLines.Enqueue(line);
        while (lastLines.Count > LinesKept)
        {
            lastLines.TryDequeue(out _);
        }
    }
}
