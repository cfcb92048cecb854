using FastKv.Tests.Faults;
using Xunit;

namespace FastKv.Tests.History;

/// <summary>The recorder and the checker find bugs that are known to be there, and none where there is none.</summary>
[Collection(FaultTests.Name)]
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_right_store_passes() => Assert.Empty(await ViolationsAsync(Bug.None));

    [Theory]
    [InlineData("AnswersBeforeItWrites")]
    [InlineData("ReadsThenWritesInsteadOfSetIfAbsent")]
    [InlineData("ReadsFromACopyThatLags")]
    [InlineData("SometimesTriesADeleteTwice")]
    [InlineData("SaysNothingWasDoneAfterItWasDone")]
    [InlineData("LosesAnAcknowledgedWrite")]
    public async Task A_planted_bug_is_found(string bug) =>
        Assert.NotEmpty(await ViolationsAsync(Enum.Parse<Bug>(bug)));

    private async Task<IReadOnlyList<string>> ViolationsAsync(Bug bug)
    {
        await using var store = await PlantedStore.StartAsync(bug);
        int[] ports = [store.Port];
        var recorder = new Recorder(() => ports, null);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await recorder.RunAsync(8, seed: 1, stop.Token);
        await recorder.ReadAllAsync();
        output.WriteLine(recorder.Summary);
        Assert.Empty(recorder.Illegal);
        return recorder.Violations();
    }
}
