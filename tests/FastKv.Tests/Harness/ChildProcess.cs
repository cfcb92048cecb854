using System.Collections.Concurrent;
using System.Diagnostics;

namespace FastKv.Tests.Harness;

/// <summary>A program that a test starts, with what it prints; it is killed at the latest when the test ends.</summary>
internal class ChildProcess : IAsyncDisposable
{
    private readonly ConcurrentQueue<string> lines = new();

    protected ChildProcess(
        string fileName,
        IEnumerable<string> arguments,
        IDictionary<string, string?>? environment = null
    )
    {
        var start = new ProcessStartInfo(fileName, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        Process = new Process { StartInfo = start };
        Process.OutputDataReceived += (_, line) => Keep(line.Data);
        Process.ErrorDataReceived += (_, line) => Keep(line.Data);
        Process.Start();
        Process.BeginOutputReadLine();
        Process.BeginErrorReadLine();
    }

    public Process Process { get; }

    /// <summary>All that it has printed so far.</summary>
    public string Log => string.Join('\n', lines);

    public bool HasExited => Process.HasExited;

    /// <summary>Sends a signal by name, for example TERM, STOP, CONT.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>kill -9, and waits until it is gone.</summary>
    public async Task KillAsync()
    {
        if (!Process.HasExited)
        {
            Process.Kill();
        }

        await Process.WaitForExitAsync();
    }

    /// <summary>SIGTERM; returns the exit code.</summary>
    public async Task<int> TerminateAsync(TimeSpan? limit = null)
    {
        Signal("TERM");
        return await ExitCodeAsync(limit);
    }

    public async Task<int> ExitCodeAsync(TimeSpan? limit = null)
    {
        using var bound = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(30));
        await Process.WaitForExitAsync(bound.Token);
        return Process.ExitCode;
    }

    public virtual async ValueTask DisposeAsync()
    {
        await KillAsync();
        Process.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Keep(string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }
}
