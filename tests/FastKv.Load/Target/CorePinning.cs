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

    public string Description =>
        ServerCores is null
            ? "not pinned"
            : $"server on core {ServerCores}; load generator and Redis on core {LoadCores}";
}
