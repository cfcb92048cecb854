namespace FastKv.Load.Scenarios;

/// <summary>Every scenario by name, on one prepared workload.</summary>
internal static class ScenarioCatalogue
{
    public const string Mix = "mix";
    public const string ConditionalMix = "mix-conditional";

    /// <summary>In the order in which <c>run all</c> takes them.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "register",
        "token",
        "renew",
        "store",
        "retrieve",
        "update",
        "delete",
        "list",
        "modify",
        "batch-retrieve",
        "batch-write",
        Mix,
        ConditionalMix,
    ];

    public static Scenario Create(string name, Workload workload)
    {
        var steps = new OperationSteps(workload);
        return name switch
        {
            "register" => new Scenario(name, [Operation.Register], steps.RegisterAsync),
            "token" => new Scenario(name, [Operation.Token], steps.TokenAsync),
            "renew" => new Scenario(name, [Operation.Renew], steps.RenewAsync),
            "store" => new Scenario(name, [Operation.Store], steps.StoreAsync),
            "retrieve" => new Scenario(name, [Operation.Retrieve], steps.RetrieveAsync),
            "update" => new Scenario(name, [Operation.Update], steps.UpdateAsync),
            "delete" => new Scenario(name, [Operation.Store, Operation.Delete], steps.DeleteAsync),
            "list" => new Scenario(name, [Operation.List], steps.ListAsync),
            "modify" => new Scenario(name, [Operation.Modify], steps.ModifyAsync),
            "batch-retrieve" => new Scenario(name, [Operation.RetrieveBatch], steps.RetrieveBatchAsync),
            "batch-write" => new Scenario(name, [Operation.WriteBatch], steps.WriteBatchAsync),
            Mix => new Scenario(
                name,
                [Operation.Retrieve, Operation.Store, Operation.Update, Operation.Delete],
                new MixStep(steps).RunAsync
            ),
            ConditionalMix => new Scenario(
                name,
                [
                    Operation.Retrieve,
                    Operation.Store,
                    Operation.Update,
                    Operation.List,
                    Operation.Modify,
                    Operation.RetrieveBatch,
                    Operation.WriteBatch,
                ],
                new ConditionalMixStep(steps).RunAsync
            ),
            _ => throw new ArgumentException($"There is no scenario '{name}'.", nameof(name)),
        };
    }
}
