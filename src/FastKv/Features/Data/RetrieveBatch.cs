using System.ComponentModel.DataAnnotations;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>Keys to read together.</summary>
internal sealed class RetrieveBatchRequest
{
    public const int MaximumKeys = 100;

    /// <summary>In the order of the answer.</summary>
    [MinLength(1), MaxLength(MaximumKeys)]
    public required IReadOnlyList<DataKey> Keys { get; init; }
}

internal sealed class RetrieveBatchBinder : IRequestBinder<RetrieveBatchRequest>
{
    public async ValueTask<RetrieveBatchRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var body = await RetrieveBatchBody.ReadAsync(context.HttpContext, cancellation);
        var problems = new RequestProblems();
        var keys = body.KeysOrProblems(ref problems);
        problems.ThrowIfAny();
        return new RetrieveBatchRequest { Keys = keys };
    }
}

/// <summary>Reads several keys at one instant: 200, whether they exist or not.</summary>
internal sealed class RetrieveBatch(DataStore data, RequestMemory memory) : Endpoint<RetrieveBatchRequest>
{
    public override void Configure()
    {
        Post("/api/batch/retrieve");
        DontAutoSendResponse();
        RequestBinder(new RetrieveBatchBinder());
        Summary(summary =>
        {
            summary.Summary = "Retrieve the values of several keys";
            summary.Description =
                "All at one instant of the store, in the order asked. If the values exceed 8 MiB together, the rest of the keys are "
                + "in `unread`: ask again for them.";
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<RetrieveBatchResponse>(200)
                .ProducesErrors(ApiError.InvalidKey)
        );
    }

    public override async Task HandleAsync(RetrieveBatchRequest request, CancellationToken cancellation)
    {
        var keys = (DataKey[])request.Keys;
        using var entries = await data.RetrieveAsync(HttpContext.Caller(), keys);
        await (
            HttpContext.Caller().Session.HasEnded(entries.Ended)
                ? ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken)
                : new RetrieveBatchWriter(keys, entries, memory).WriteAsync(HttpContext)
        );
    }
}

/// <summary>The answer with values.</summary>
internal sealed class RetrieveBatchResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    public required RetrievedBatch Data { get; init; }
}

/// <summary>Which keys have values, and which have none.</summary>
internal sealed class RetrievedBatch
{
    /// <summary>Keys that have a value, in the order asked.</summary>
    public required IReadOnlyList<RetrievedEntry> Items { get; init; }

    /// <summary>Keys that do not exist.</summary>
    public required IReadOnlyList<DataKey> Missing { get; init; }

    /// <summary>Keys for which there was no room: ask again for them.</summary>
    public required IReadOnlyList<DataKey> Unread { get; init; }
}

/// <summary>A key, its value and its version.</summary>
internal sealed class RetrievedEntry
{
    public required DataKey Key { get; init; }

    /// <example>data_value</example>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>The version of the value, without quotes.</summary>
    /// <example>07530d8e01dd7333880f14137f599dca</example>
    [RegularExpression("^[0-9a-f]{32}$")]
    public required string Etag { get; init; }

    /// <summary>Whole seconds until it expires, rounded up; null if it does not.</summary>
    /// <example>60</example>
    public required long? ExpiresIn { get; init; }
}
