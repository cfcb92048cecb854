namespace FastKv.Load.Scenarios;

/// <summary>What one request came to: which operation it was and, unless it succeeded, what went wrong.</summary>
/// <param name="Failure">Null for a 2xx answer, and for 304, which only a request with a condition gets; else <c>HTTP 429</c>, <c>timeout</c> or <c>connection</c>.</param>
internal readonly record struct Outcome(Operation Operation, string? Failure)
{
    public bool IsOk => Failure is null;

    public static Outcome Answered(Operation operation, int status) =>
        new(operation, status is (>= 200 and < 300) or 304 ? null : $"HTTP {status}");

    public static Outcome TimedOut(Operation operation) => new(operation, "timeout");

    public static Outcome NotConnected(Operation operation) => new(operation, "connection");
}
