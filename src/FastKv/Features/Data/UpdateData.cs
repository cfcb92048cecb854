using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>The new value of a key.</summary>
internal readonly struct UpdateDataRequest
{
    public required DataKey Key { get; init; }

    /// <example>new_data_value</example>
    public required ReadOnlyMemory<byte> Value { get; init; }
}

internal sealed class UpdateDataBinder : IRequestBinder<UpdateDataRequest>
{
    public async ValueTask<UpdateDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var key = DataRequest.KeyOf(context);
        var body = await DataBody.ReadAsync(context.HttpContext, cancellation);
        return new UpdateDataRequest { Key = key, Value = body.Value ?? throw DataRequest.InvalidValue() };
    }
}

/// <summary>The document's section 5, Update Data: 200, or 404 if there is no such key.</summary>
internal sealed class UpdateData(DataStore data) : Endpoint<UpdateDataRequest>
{
    public override void Configure()
    {
        Put("/api/data/{key}");
        DontAutoSendResponse();
        RequestBinder(new UpdateDataBinder());
        Summary(summary =>
        {
            summary.Summary = "Update the value of a key";
            summary.Description = "Refused if there is no such key: to make it, store it.";
            summary.ResponseExamples[200] = new SuccessResponse("Data updated successfully.");
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .Produces<SuccessResponse>(200)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidValue,
                    ApiError.KeyNotFound,
                    ApiError.OutcomeUnknown
                )
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
