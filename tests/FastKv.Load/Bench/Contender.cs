using FastKv.Load.Target;

namespace FastKv.Load.Bench;

/// <summary>A server in a comparison.</summary>
internal sealed record Contender(string Name, ServiceProcess Service)
{
    public const string Bare = "bare";
    public const string FastKv = "FastKv";
    public const string Traced = "FastKv, traced";

    /// <summary>Another build, named with <c>--beside</c>.</summary>
    public const string Other = "FastKv, other build";

    public bool IsBare => Name == Bare;
}
