namespace FastKv.Load.Target;

/// <summary>
/// Which cores a process may use. With taskset and two cores or more the server gets core 0 for itself; the load, and
/// Redis with it, get the others, so that neither takes time from the server.
/// </summary>
internal sealed record CorePinning(string? ServerCores, string? LoadCores)
{
    private static readonly CorePinning None = new(null, null);

    public static CorePinning Choose(bool wanted)
    {
        var last = Environment.ProcessorCount - 1;
        return wanted && last > 0 && ProgramPath.Find("taskset") is not null
            ? new CorePinning("0", last == 1 ? "1" : $"1-{last}")
            : None;
    }

    /// <summary>
    /// Some benches put the load on from this process. Threads made later inherit the cores of those that make them.
    /// </summary>
    public Task PinThisProcessAsync(CancellationToken cancellation) =>
        LoadCores is null
            ? Task.CompletedTask
            : ChildProcess.OutputOfAsync(
                "taskset",
                ["-a", "-c", "-p", LoadCores, $"{Environment.ProcessId}"],
                cores: null,
                cancellation
            );

    public string Description =>
        ServerCores is null
            ? "not pinned"
            : $"server on core {ServerCores}; load generator and Redis on core {LoadCores}";
}
