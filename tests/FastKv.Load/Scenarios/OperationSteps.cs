namespace FastKv.Load.Scenarios;

/// <summary>One request for each documented operation, on data that make it succeed.</summary>
internal sealed class OperationSteps(Workload workload)
{
    public Task<Outcome> RegisterAsync(HttpClient client, CancellationToken cancellation) =>
        SendAsync(client, Operation.Register, ApiRequests.Register(workload.NextUsername()), cancellation);

    public Task<Outcome> TokenAsync(HttpClient client, CancellationToken cancellation) =>
        SendAsync(client, Operation.Token, ApiRequests.SignIn(workload.AnyAccount().Username), cancellation);

    public async Task<Outcome> StoreAsync(HttpClient client, CancellationToken cancellation)
    {
        var entry = workload.NextNew();
        var request = ApiRequests.Store(entry.Owner.Token, entry.Key, entry.Value);
        var outcome = await SendAsync(client, Operation.Store, request, cancellation);
        if (outcome.IsOk)
        {
            workload.Stored(entry);
        }

        return outcome;
    }

    public Task<Outcome> RetrieveAsync(HttpClient client, CancellationToken cancellation)
    {
        var entry = workload.AnyPrepared();
        var request = ApiRequests.Retrieve(entry.Owner.Token, entry.Key);
        return SendAsync(client, Operation.Retrieve, request, cancellation);
    }

    public Task<Outcome> UpdateAsync(HttpClient client, CancellationToken cancellation)
    {
        var entry = workload.AnyPrepared();
        var request = ApiRequests.Update(entry.Owner.Token, entry.Key, entry.Value);
        return SendAsync(client, Operation.Update, request, cancellation);
    }

    /// <summary>
    /// Only what exists can be deleted: with nothing left from an earlier store, this stores. A scenario that does
    /// nothing else therefore stores and deletes in turn, and the report shows the two apart.
    /// </summary>
    public Task<Outcome> DeleteAsync(HttpClient client, CancellationToken cancellation) =>
        workload.TakeDeletable() is { } entry
            ? SendAsync(client, Operation.Delete, ApiRequests.Delete(entry.Owner.Token, entry.Key), cancellation)
            : StoreAsync(client, cancellation);

    private static async Task<Outcome> SendAsync(
        HttpClient client,
        Operation operation,
        HttpRequestMessage request,
        CancellationToken cancellation
    )
    {
        try
        {
            using var sent = request;
            using var response = await client.DispatchAsync(sent, cancellation);
            return Outcome.Answered(operation, (int)response.StatusCode);
        }
        catch (HttpRequestException)
        {
            return Outcome.NotConnected(operation);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return Outcome.TimedOut(operation);
        }
    }
}
