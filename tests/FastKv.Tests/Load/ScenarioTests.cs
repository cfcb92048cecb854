using FastKv.Load.Scenarios;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class ScenarioTests
{
    [Fact]
    public void The_mix_is_exact_in_every_hundred_requests()
    {
        for (var start = 0; start < 1000; start += 100)
        {
            var counts = Enumerable.Range(start, 100).CountBy(number => MixStep.Pick(number)).ToDictionary();

            Assert.Equal(90, counts[Operation.Retrieve]);
            Assert.Equal(5, counts[Operation.Store]);
            Assert.Equal(4, counts[Operation.Update]);
            Assert.Equal(1, counts[Operation.Delete]);
        }
    }

    [Fact]
    public void There_is_a_scenario_for_each_documented_operation_and_a_mix()
    {
        var operations = Enum.GetValues<Operation>().Select(operation => operation.Name());

        Assert.Equal([.. operations, "mix"], ScenarioCatalogue.Names);
    }
}
