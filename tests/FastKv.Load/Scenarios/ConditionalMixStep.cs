namespace FastKv.Load.Scenarios;

/// <summary>
/// What a client does that keeps what it has read: 50 % retrieve what it may have in this version, 15 % update the version that it
/// has, 15 % count, 5 % store what expires, 5 % list, 5 % retrieve ten keys at once, 5 % write ten. Exact in every hundred iterations.
/// </summary>
internal sealed class ConditionalMixStep(OperationSteps steps)
{
    private const int KeysOfBatch = 10;
    private long iterations;

    public Task<Outcome> RunAsync(HttpClient client, CancellationToken cancellation) =>
        Pick(Interlocked.Increment(ref iterations)) switch
        {
            Operation.Retrieve => steps.RetrieveIfChangedAsync(client, cancellation),
            Operation.Update => steps.UpdateIfUnchangedAsync(client, cancellation),
            Operation.Modify => steps.ModifyAsync(client, cancellation),
            Operation.Store => steps.StoreForAWhileAsync(client, cancellation),
            Operation.List => steps.ListAsync(client, cancellation),
            Operation.RetrieveBatch => steps.RetrieveBatchAsync(KeysOfBatch, client, cancellation),
            _ => steps.WriteBatchAsync(KeysOfBatch, client, cancellation),
        };

    public static Operation Pick(long iteration) =>
        MixSlot.Of(iteration) switch
        {
            < 50 => Operation.Retrieve,
            < 65 => Operation.Update,
            < 80 => Operation.Modify,
            < 85 => Operation.Store,
            < 90 => Operation.List,
            < 95 => Operation.RetrieveBatch,
            _ => Operation.WriteBatch,
        };
}
