using FastKv.Load.Cli;
using FastKv.Load.Scenarios;
using FastKv.Load.Target;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Load;

public sealed class ScenarioTests(ServiceFixture fixture)
{
    /// <summary>Iterations after which each step of a mix came twice.</summary>
    private const int Iterations = 200;

    public static TheoryData<string> Names => [.. ScenarioCatalogue.Names];

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
    public void The_conditional_mix_is_exact_in_every_hundred_requests()
    {
        for (var start = 0; start < 1000; start += 100)
        {
            var counts = Enumerable.Range(start, 100).CountBy(number => ConditionalMixStep.Pick(number)).ToDictionary();

            Assert.Equal(50, counts[Operation.Retrieve]);
            Assert.Equal(15, counts[Operation.Update]);
            Assert.Equal(15, counts[Operation.Modify]);
            Assert.Equal(5, counts[Operation.Store]);
            Assert.Equal(5, counts[Operation.List]);
            Assert.Equal(5, counts[Operation.RetrieveBatch]);
            Assert.Equal(5, counts[Operation.WriteBatch]);
        }
    }

    [Fact]
    public void There_is_a_scenario_for_each_operation_and_two_mixes()
    {
        var operations = Enum.GetValues<Operation>().Select(operation => operation.Name());

        Assert.Equal([.. operations, "mix", "mix-conditional"], ScenarioCatalogue.Names);
    }

    [Fact]
    public void All_means_every_scenario()
    {
        var options = FastKv.Load.RunOptions.From(Arguments.Parse(["run", "all"]), "");

        Assert.Equal(ScenarioCatalogue.Names, options.Scenarios);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_request_of_a_scenario_succeeds_and_is_one_that_it_names(string name)
    {
        using var client = Client();
        var scenario = ScenarioCatalogue.Create(name, await PrepareAsync(client));
        var iterations = scenario.HashesPasswords ? 2 : Iterations;

        var done = new HashSet<Operation>();
        for (var iteration = 0; iteration < iterations; iteration++)
        {
            var outcome = await scenario.Step(client, TestContext.Current.CancellationToken);
            Assert.Null(outcome.Failure);
            done.Add(outcome.Operation);
        }

        Assert.Equal(scenario.Operations.Order(), done.Order());
    }

    [Fact]
    public async Task Updates_of_the_conditional_mix_meet_the_version_that_they_name_also_when_many_run_at_once()
    {
        using var client = Client();
        var steps = new OperationSteps(await PrepareAsync(client));

        var outcomes = await Task.WhenAll(
            Enumerable
                .Range(0, 16)
                .Select(async _ =>
                {
                    var own = new List<Outcome>();
                    for (var iteration = 0; iteration < 50; iteration++)
                    {
                        own.Add(await steps.UpdateIfUnchangedAsync(client, TestContext.Current.CancellationToken));
                    }

                    return own;
                })
        );

        Assert.All(outcomes.SelectMany(own => own), outcome => Assert.Null(outcome.Failure));
    }

    [Fact]
    public async Task A_value_that_is_known_is_not_sent_again()
    {
        using var client = Client();
        var workload = await PrepareAsync(client, keys: 1);
        var steps = new OperationSteps(workload);
        await steps.UpdateIfUnchangedAsync(client, TestContext.Current.CancellationToken);
        var entry = workload.AnyPrepared();
        using var request = ApiRequests.Retrieve(entry.Owner.Token, entry.Key);
        request.Headers.TryAddWithoutValidation("If-None-Match", workload.Versions[entry.Key]);

        using var response = await client.DispatchAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(304, (int)response.StatusCode);
    }

    [Fact]
    public async Task Of_the_users_that_were_made_none_is_left()
    {
        using var client = Client();
        var workload = await PrepareAsync(client);
        var steps = new OperationSteps(workload);
        var account = workload.AnyAccount();
        Assert.Null((await steps.RegisterAsync(client, TestContext.Current.CancellationToken)).Failure);
        Assert.Null((await steps.StoreAsync(client, TestContext.Current.CancellationToken)).Failure);

        var (left, because) = await workload.DeleteAccountsAsync(client, TestContext.Current.CancellationToken);

        Assert.Equal((0, null), (left, because));
        foreach (var username in new[] { account.Username, $"{workload.Prefix}-n1" })
        {
            using var request = ApiRequests.SignIn(username);
            using var response = await client.DispatchAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(401, (int)response.StatusCode);
        }

        // Tokens that have ended are no hindrance, and users who are gone are told of.
        Assert.NotEqual(0, (await workload.DeleteAccountsAsync(client, TestContext.Current.CancellationToken)).Left);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public async Task A_batch_has_keys_of_one_account_and_none_twice(int keys)
    {
        using var client = Client();
        var workload = await PrepareAsync(client, keys);

        var batch = workload.AnyPrepared(100);

        Assert.Single(batch.Select(entry => entry.Owner).Distinct());
        Assert.Equal(batch.Count, batch.Select(entry => entry.Key).Distinct().Count());
    }

    private HttpClient Client() =>
        HttpClients.Create(fixture.Service.Address, http2: false, connections: 16, TimeSpan.FromSeconds(60));

    private static Task<Workload> PrepareAsync(HttpClient client, int keys = 20) =>
        Workload.PrepareAsync(
            client,
            new WorkloadOptions(Accounts: 2, keys, [100, 1000]),
            TestContext.Current.CancellationToken
        );
}
