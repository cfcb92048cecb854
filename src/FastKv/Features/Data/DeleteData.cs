using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

internal readonly struct DeleteDataRequest
{
    public required DataKey Key { get; init; }

    [FromHeader("If-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfMatch { get; init; }

    [FromHeader("If-None-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfNoneMatch { get; init; }

    [FromHeader(IdempotencyKey.Header, IsRequired = false, RemoveFromSchema = true)]
    public IdempotencyKey? IdempotencyKey { get; init; }
}

internal sealed class DeleteDataBinder : IRequestBinder<DeleteDataRequest>
{
    public ValueTask<DeleteDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var key = DataRequest.KeyOf(context.HttpContext);
        var problems = new RequestProblems();
        var preconditions = Preconditions.Of(context.HttpContext.Request, ref problems);
        var request = new DeleteDataRequest
        {
            Key = key,
            IfMatch = preconditions.IfMatch,
            IfNoneMatch = preconditions.IfNoneMatch,
            IdempotencyKey = IdempotencyKey.Of(context.HttpContext.Request, ref problems),
        };
        problems.ThrowIfAny();
        return new(request);
    }
}

/// <summary>The document's section 6, Delete Data: 200, or 404 if there is no such key.</summary>
internal sealed class DeleteData(DataStore data) : Endpoint<DeleteDataRequest>
{
    public override void Configure()
    {
        Delete("/api/data/{key}");
        DontAutoSendResponse();
        RequestBinder(new DeleteDataBinder());
        Summary(summary =>
        {
            summary.Summary = "Delete a key and its value";
            summary.Description =
                "Refused if there is no such key. With `If-Match` only a version that you have read is deleted.";
            summary.ResponseExamples[200] = new SuccessResponse("Data deleted successfully.");
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(200));
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<SuccessResponse>(200)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidParameter,
                    ApiError.IdempotencyKeyReused,
                    ApiError.KeyNotFound,
                    ApiError.PreconditionFailed,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(DeleteDataRequest request, CancellationToken cancellation)
    {
        var write = DataWrite.Delete(request.Key, new Preconditions(request.IfMatch, request.IfNoneMatch));
        var written = await data.WriteAsync(HttpContext.Caller(), write, request.IdempotencyKey);
        await (
            written.Refusals is [var refusal, ..]
                ? DataResponse.RefuseAsync(HttpContext, refusal)
                : DataResponse.WriteAsync(HttpContext, 200, Deleted, written)
        );
    }

    private static ReadOnlySpan<byte> Deleted => """{"status":"success","message":"Data deleted successfully."}"""u8;
}
