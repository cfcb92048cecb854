using Xunit;

namespace FastKv.Tests.Abuse;

/// <summary>Tests that measure, or that need most of what the machine has: they run while no other test does.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;
