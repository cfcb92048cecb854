using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

internal readonly record struct DeleteDataRequest(DataKey Key);

internal sealed class DeleteDataBinder : IRequestBinder<DeleteDataRequest>
{
    public ValueTask<DeleteDataRequest> BindAsync(BinderContext context, CancellationToken cancellation) =>
        new(new DeleteDataRequest(DataRequest.KeyOf(context)));
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
            summary.Description = "Refused if there is no such key.";
            summary.ResponseExamples[200] = new SuccessResponse("Data deleted successfully.");
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .Produces<SuccessResponse>(200)
                .ProducesErrors(ApiError.InvalidKey, ApiError.KeyNotFound, ApiError.OutcomeUnknown)
        );
    }

    public override async Task HandleAsync(DeleteDataRequest request, CancellationToken cancellation)
    {
        var deleted = await data.DeleteAsync(HttpContext.Caller().UserId, request.Key);
        await (
            deleted
                ? ApiResponse.WriteAsync(HttpContext, 200, Deleted)
                : ApiResponse.ErrorAsync(HttpContext, ApiError.KeyNotFound)
        );
    }

    private static ReadOnlySpan<byte> Deleted => """{"status":"success","message":"Data deleted successfully."}"""u8;
}
