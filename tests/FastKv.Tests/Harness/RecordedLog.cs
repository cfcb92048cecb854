using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace FastKv.Tests.Harness;

/// <summary>A log that keeps its lines, from Information on, in the order in which they came.</summary>
internal sealed class RecordedLog<T> : ILogger<T>
{
    private readonly ConcurrentQueue<string> lines = new();

    public IReadOnlyList<string> Lines => [.. lines];

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public void Log<TState>(
        LogLevel logLevel,
        EventId eventId,
        TState state,
        Exception? exception,
        Func<TState, Exception?, string> formatter
    ) => lines.Enqueue(formatter(state, exception));
}
