using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.History;

/// <summary>The checks find bugs that are known to be there, each by the check that it is for, and none where there is none.</summary>
public sealed class PlantedBugTests(ITestOutputHelper output)
{
    // A bug shows in the first round nearly always.
    private const int MaximumRounds = 10;

    [Fact]
    public async Task A_right_store_passes()
    {
        Assert.Empty(await ViolationsAsync(Bug.None));
        Assert.Empty(await ViolationsAsync(Bug.None));
    }

    [Theory]
    [InlineData("AnswersBeforeItWrites", "history")]
    [InlineData("ReadsThenWritesInsteadOfSetIfAbsent", "history")]
    [InlineData("ReadsFromACopyThatLags", "history")]
    [InlineData("SometimesTriesADeleteTwice", "history")]
    [InlineData("SaysNothingWasDoneAfterItWasDone", "history")]
    [InlineData("LosesAnAcknowledgedWrite", "history")]
    [InlineData("ChecksAConditionBeforeItWrites", "history")]
    [InlineData("StopsInTheMiddleOfABatch", "history")]
    [InlineData("RemembersASuccessApartFromTheWrite", "history")]
    [InlineData("RemembersASuccessApartFromTheWrite", "once")]
    [InlineData("WritesTheIndexApartFromTheValue", "listing")]
    [InlineData("RemembersThatASessionIsAlive", "session")]
    [InlineData("ChecksTheSessionApartFromTheWrite", "session")]
    public async Task A_planted_bug_is_found(string bug, string check)
    {
        for (var round = 0; round < MaximumRounds; round++)
        {
            var violations = await ViolationsAsync(Enum.Parse<Bug>(bug));
            if (violations.Any(violation => violation.StartsWith(check, StringComparison.Ordinal)))
            {
                return;
            }
        }

        Assert.Fail($"Nothing was found in {MaximumRounds} rounds.");
    }

    private async Task<IReadOnlyList<string>> ViolationsAsync(Bug bug)
    {
        await using var store = await PlantedStore.StartAsync(bug);
        int[] ports = [store.Port];
        using var api = new ApiClient(new Uri($"http://127.0.0.1:{store.Port}"));
        var recorder = new Recorder(() => ports, null);
        var once = new ExactlyOnce(() => ports, null);
        var sessions = new SessionEnds(() => ports, [SessionEnd.SignOut]);
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await Task.WhenAll(
            recorder.RunAsync(8, seed: 1, stop.Token),
            once.RunAsync(4, seed: 1, stop.Token),
            sessions.RunAsync(2, seed: 1, stop.Token)
        );
        await recorder.ReadAllAsync();
        await once.CheckAsync(api);
        output.WriteLine(recorder.Summary);
        output.WriteLine(once.Summary);
        output.WriteLine(sessions.Summary);
        return
        [
            .. recorder.Illegal.Select(answer => $"illegal: {answer}"),
            .. once.Violations,
            .. sessions.Violations,
            .. await Listing.ViolationsAsync(api, null, recorder.Keys.Concat(once.Keys).Concat(sessions.Keys)),
            .. recorder.Violations(),
        ];
    }
}
