using Xunit;

namespace FastKv.Tests.Faults;

/// <summary>Tests that break a store of their own; they run one after the other, when nothing else does, because they measure time.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultTests
{
    public const string Name = "Faults";
    internal const string NoRedis = "There is no redis-server on the PATH to break.";
}
