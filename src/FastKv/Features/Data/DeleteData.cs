using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>The document's section 6, Delete Data.</summary>
internal readonly record struct DeleteDataRequest(DataKey Key);

internal sealed class DeleteDataBinder : IRequestBinder<DeleteDataRequest>
{
    public ValueTask<DeleteDataRequest> BindAsync(BinderContext context, CancellationToken cancellation) =>
        new(new DeleteDataRequest(DataRequest.KeyOf(context)));
}

/// <summary>200, or 404 if there is no such key.</summary>
internal sealed class DeleteData(DataStore data) : Endpoint<DeleteDataRequest>
{
    public override void Configure()
    {
        Delete("/api/data/{key}");
        DontAutoSendResponse();
        RequestBinder(new DeleteDataBinder());
        Description(
            route =>
                route.Documents(
                    new(6, "deleteData", OpenApiTags.Data, "Delete a key and its value")
                    {
                        Description = "Refused if there is no such key.",
                        Key = DataDocument.Key,
                        Status = 200,
                        Answers = DataDocument.DeleteResponse,
                        Refuses =
                        [
                            ApiError.InvalidToken,
                            ApiError.InvalidKey,
                            ApiError.KeyNotFound,
                            ApiError.OutcomeUnknown,
                        ],
                    }
                ),
            clearDefaults: true
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
