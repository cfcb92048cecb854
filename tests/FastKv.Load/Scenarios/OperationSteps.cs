namespace FastKv.Load.Scenarios;

/// <summary>One request for each operation, on data that make it succeed.</summary>
internal sealed class OperationSteps(Workload workload)
{
    /// <summary>Keys of a batch that is a scenario of its own.</summary>
    public const int KeysOfBatch = 100;

    private const int ExpiresInSeconds = 60;

    public async Task<Outcome> RegisterAsync(HttpClient client, CancellationToken cancellation)
    {
        var username = workload.NextUsername();
        var outcome = await SendAsync(client, Operation.Register, ApiRequests.Register(username), cancellation);
        if (outcome.IsOk)
        {
            workload.Registered(username);
        }

        return outcome;
    }

    public Task<Outcome> TokenAsync(HttpClient client, CancellationToken cancellation) =>
        SendAsync(client, Operation.Token, ApiRequests.SignIn(workload.AnyAccount().Username), cancellation);

    public Task<Outcome> RenewAsync(HttpClient client, CancellationToken cancellation) =>
        SendAsync(client, Operation.Renew, ApiRequests.Renew(workload.AnyAccount().Token), cancellation);

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

    public Task<Outcome> ListAsync(HttpClient client, CancellationToken cancellation) =>
        SendAsync(client, Operation.List, ApiRequests.List(workload.AnyAccount().Token), cancellation);

    public Task<Outcome> ModifyAsync(HttpClient client, CancellationToken cancellation)
    {
        var (owner, key) = workload.AnyCounter();
        return SendAsync(client, Operation.Modify, ApiRequests.Count(owner.Token, key), cancellation);
    }

    public Task<Outcome> RetrieveBatchAsync(HttpClient client, CancellationToken cancellation) =>
        RetrieveBatchAsync(KeysOfBatch, client, cancellation);

    public Task<Outcome> RetrieveBatchAsync(int keys, HttpClient client, CancellationToken cancellation)
    {
        var batch = workload.AnyPrepared(keys);
        var request = ApiRequests.RetrieveBatch(batch[0].Owner.Token, batch.Select(entry => entry.Key));
        return SendAsync(client, Operation.RetrieveBatch, request, cancellation);
    }

    public Task<Outcome> WriteBatchAsync(HttpClient client, CancellationToken cancellation) =>
        WriteBatchAsync(KeysOfBatch, client, cancellation);

    public Task<Outcome> WriteBatchAsync(int keys, HttpClient client, CancellationToken cancellation)
    {
        var (owner, batch, value) = workload.AnyBatch(keys);
        return SendAsync(client, Operation.WriteBatch, ApiRequests.WriteBatch(owner.Token, batch, value), cancellation);
    }

    /// <summary>Stores what goes by itself.</summary>
    public Task<Outcome> StoreForAWhileAsync(HttpClient client, CancellationToken cancellation)
    {
        var entry = workload.NextNew();
        var request = ApiRequests.Store(entry.Owner.Token, entry.Key, entry.Value, ExpiresInSeconds);
        return SendAsync(client, Operation.Store, request, cancellation);
    }

    /// <summary>Retrieves a value unless it is still in the version that is known: 200 or 304.</summary>
    public Task<Outcome> RetrieveIfChangedAsync(HttpClient client, CancellationToken cancellation)
    {
        var entry = workload.AnyPrepared();
        var request = ApiRequests.Retrieve(entry.Owner.Token, entry.Key);
        if (workload.Versions.TryGetValue(entry.Key, out var known))
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", known);
        }

        return SendAsync(client, Operation.Retrieve, request, cancellation);
    }

    /// <summary>
    /// Updates the version that is known. One update of a key at a time, so that the version holds and 412 is a failure; for a key
    /// that is taken, this retrieves.
    /// </summary>
    public async Task<Outcome> UpdateIfUnchangedAsync(HttpClient client, CancellationToken cancellation)
    {
        if (workload.ClaimPrepared() is not { } entry)
        {
            return await RetrieveIfChangedAsync(client, cancellation);
        }

        try
        {
            var request = ApiRequests.Update(entry.Owner.Token, entry.Key, entry.Value);

            // Whatever becomes of this request, the version that was known is known no more.
            var isKnown = workload.Versions.TryRemove(entry.Key, out var version);
            request.Headers.TryAddWithoutValidation("If-Match", isKnown ? version : "*");
            return await SendAsync(client, Operation.Update, request, cancellation, Remember);
        }
        finally
        {
            workload.Release(entry);
        }

        void Remember(HttpResponseMessage response)
        {
            if (response.IsSuccessStatusCode && response.Headers.ETag is { } version)
            {
                workload.Versions[entry.Key] = version.Tag;
            }
        }
    }

    private static async Task<Outcome> SendAsync(
        HttpClient client,
        Operation operation,
        HttpRequestMessage request,
        CancellationToken cancellation,
        Action<HttpResponseMessage>? onAnswer = null
    )
    {
        try
        {
            using var sent = request;
            using var response = await client.DispatchAsync(sent, cancellation);
            onAnswer?.Invoke(response);
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
