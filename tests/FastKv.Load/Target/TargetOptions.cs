using FastKv.Load.Cli;

namespace FastKv.Load.Target;

/// <summary>A given address, or null to start the service here.</summary>
/// <param name="Published">A folder with a published build, instead of publishing one.</param>
internal sealed record TargetOptions(Uri? Address, bool Http2, string? Published)
{
    public static TargetOptions From(Arguments arguments, bool http2)
    {
        var allowRemote = arguments.Flag(TargetRule.AllowRemote);
        var address = arguments.Text("--url") is { } url ? TargetRule.Check(url, allowRemote) : null;
        return new TargetOptions(address, http2, arguments.Text("--published"));
    }
}
