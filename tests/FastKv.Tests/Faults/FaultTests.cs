using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>
/// Tests that hammer a store which they break, and measure what that takes: they run one after the other, when nothing else does.
/// Those that wait for a failover most of the time run beside other tests; their bounds leave room for that.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultTests
{
    public const string Name = "Faults";
    internal const string NoRedis = "There is no redis-server on the PATH to break.";
}
