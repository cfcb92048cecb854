using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>
/// wrk over HTTP/1.1 and h2load over HTTP/2 where they are installed, because they cost little themselves; else, and for
/// what h2load cannot send (a body of its own for each request, each path once), our own client.
/// </summary>
internal sealed class Drivers(WorkFolder folder, string? cores)
{
    private readonly bool hasWrk = ProgramPath.Find("wrk") is not null;
    private readonly bool hasH2load = ProgramPath.Find("h2load") is not null;

    public IDriver For(RequestPlan plan, bool http2)
    {
        if (!http2 && hasWrk)
        {
            return new WrkDriver(folder, cores);
        }

        return http2 && hasH2load && plan.HasOneBody && plan.Pick is NumberPick.Random
            ? new H2loadDriver(folder, cores)
            : new OwnDriver(folder, cores, http2);
    }
}
