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
}

internal sealed class StoreDataBinder : IRequestBinder<StoreDataRequest>
{
    public async ValueTask<StoreDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var body = await DataBody.ReadAsync(context.HttpContext, cancellation);
        if (!DataKey.TryCreate(body.Key.GetValueOrDefault().Span, out var key))
        {
            throw DataRequest.InvalidKey(valueToo: body.Value is null);
        }

        return new StoreDataRequest { Key = key, Value = body.Value ?? throw DataRequest.InvalidValue() };
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
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .Produces<SuccessResponse>(201)
                .ProducesErrors(ApiError.InvalidKey, ApiError.InvalidValue, ApiError.KeyExists, ApiError.OutcomeUnknown)
        );
    }

    public override async Task HandleAsync(StoreDataRequest request, CancellationToken cancellation)
    {
        var stored = await data.StoreAsync(HttpContext.Caller().UserId, request.Key, request.Value);
        await (
            stored
                ? ApiResponse.WriteAsync(HttpContext, 201, Stored)
                : ApiResponse.ErrorAsync(HttpContext, ApiError.KeyExists)
        );
    }

    private static ReadOnlySpan<byte> Stored => """{"status":"success","message":"Data stored successfully."}"""u8;
}
