using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>The document's section 5, Update Data.</summary>
internal readonly record struct UpdateDataRequest(DataKey Key, ReadOnlyMemory<byte> Value);

internal sealed class UpdateDataBinder : IRequestBinder<UpdateDataRequest>
{
    public async ValueTask<UpdateDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var key = DataRequest.KeyOf(context);
        var body = await DataBody.ReadAsync(context.HttpContext, cancellation);
        return new UpdateDataRequest(key, body.Value ?? throw DataRequest.InvalidValue());
    }
}

/// <summary>200, or 404 if there is no such key.</summary>
internal sealed class UpdateData(DataStore data) : Endpoint<UpdateDataRequest>
{
    public override void Configure()
    {
        Put("/api/data/{key}");
        DontAutoSendResponse();
        RequestBinder(new UpdateDataBinder());
        Description(
            route =>
                route.Documents(
                    new(5, "updateData", OpenApiTags.Data, "Update the value of a key")
                    {
                        Description = "Refused if there is no such key: to make it, store it.",
                        Takes = DataDocument.UpdateRequest,
                        Key = DataDocument.Key,
                        Status = 200,
                        Answers = DataDocument.UpdateResponse,
                        Refuses =
                        [
                            ApiError.InvalidToken,
                            ApiError.InvalidKey,
                            ApiError.InvalidValue,
                            ApiError.KeyNotFound,
                            ApiError.OutcomeUnknown,
                        ],
                    }
                ),
            clearDefaults: true
        );
    }

    public override async Task HandleAsync(UpdateDataRequest request, CancellationToken cancellation)
    {
        var updated = await data.UpdateAsync(HttpContext.Caller().UserId, request.Key, request.Value);
        await (
            updated
                ? ApiResponse.WriteAsync(HttpContext, 200, Updated)
                : ApiResponse.ErrorAsync(HttpContext, ApiError.KeyNotFound)
        );
    }

    private static ReadOnlySpan<byte> Updated => """{"status":"success","message":"Data updated successfully."}"""u8;
}
