namespace FastKv.Load.Scenarios;

/// <summary>
/// 90 % retrieve, 5 % store, 4 % update, 1 % delete: exact in every hundred iterations, and spread over them.
/// </summary>
internal sealed class MixStep(OperationSteps steps)
{
    private long iterations;

    public Task<Outcome> RunAsync(HttpClient client, CancellationToken cancellation) =>
        Pick(Interlocked.Increment(ref iterations)) switch
        {
            Operation.Retrieve => steps.RetrieveAsync(client, cancellation),
            Operation.Store => steps.StoreAsync(client, cancellation),
            Operation.Update => steps.UpdateAsync(client, cancellation),
            _ => steps.DeleteAsync(client, cancellation),
        };

    public static Operation Pick(long iteration) =>
        MixSlot.Of(iteration) switch
        {
            < 90 => Operation.Retrieve,
            < 95 => Operation.Store,
            < 99 => Operation.Update,
            _ => Operation.Delete,
        };
}
