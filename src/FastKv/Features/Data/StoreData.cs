using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>A new key and its value.</summary>
internal readonly struct StoreDataRequest
{
    public required DataKey Key { get; init; }

    /// <example>data_value</example>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Seconds until the entry expires. Absent or null: it does not.</summary>
    public Expiry? ExpiresIn { get; init; }

    [FromHeader(IdempotencyKey.Header, IsRequired = false, RemoveFromSchema = true)]
    public IdempotencyKey? IdempotencyKey { get; init; }
}

internal sealed class StoreDataBinder : IRequestBinder<StoreDataRequest>
{
    public async ValueTask<StoreDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var members = await DataBody.ReadAsync(context.HttpContext, cancellation);
        var problems = new RequestProblems();
        var request = new StoreDataRequest
        {
            Key = members.KeyOrProblem("key", ref problems),
            Value = members.ValueOrProblem("value", ref problems),
            ExpiresIn = Expiry.Of(members.ExpiresIn, "expires_in", ref problems),
            IdempotencyKey = IdempotencyKey.Of(context.HttpContext.Request, ref problems),
        };
        problems.ThrowIfAny();
        return request;
    }
}

/// <summary>The document's section 3, Store Data: 201, or 409 if the key exists.</summary>
internal sealed class StoreData(DataStore data) : Endpoint<StoreDataRequest>
{
    public override void Configure()
    {
        Post("/api/data");
        DontAutoSendResponse();
        RequestBinder(new StoreDataBinder());
        Summary(summary =>
        {
            summary.Summary = "Store a value under a new key";
            summary.Description = "Refused if the key exists: to change it, update it.";
            summary.ResponseExamples[201] = new SuccessResponse("Data stored successfully.");
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(201));
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(201));
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<SuccessResponse>(201)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidValue,
                    ApiError.InvalidExpiry,
                    ApiError.InvalidParameter,
                    ApiError.IdempotencyKeyReused,
                    ApiError.KeyExists,
                    ApiError.QuotaExceeded,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(StoreDataRequest request, CancellationToken cancellation)
    {
        var write = DataWrite.Store(request.Key, request.Value, request.ExpiresIn ?? default);
        var written = await data.WriteAsync(HttpContext.Caller(), write, request.IdempotencyKey);
        await (
            written.Refusals is [var refusal, ..]
                ? DataResponse.RefuseAsync(HttpContext, refusal)
                : DataResponse.WriteAsync(HttpContext, 201, Stored, written, EntityTag.Of(request.Value.Span))
        );
    }

    public static ReadOnlySpan<byte> Stored => """{"status":"success","message":"Data stored successfully."}"""u8;
}
