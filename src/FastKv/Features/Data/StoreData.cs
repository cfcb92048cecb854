using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>The document's section 3, Store Data.</summary>
internal readonly record struct StoreDataRequest(DataKey Key, ReadOnlyMemory<byte> Value);

internal sealed class StoreDataBinder : IRequestBinder<StoreDataRequest>
{
    public async ValueTask<StoreDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var body = await DataBody.ReadAsync(context.HttpContext, cancellation);
        if (!DataKey.TryCreate(body.Key.GetValueOrDefault().Span, out var key))
        {
            throw DataRequest.InvalidKey(valueToo: body.Value is null);
        }

        return new StoreDataRequest(key, body.Value ?? throw DataRequest.InvalidValue());
    }
}

/// <summary>201, or 409 if the key exists.</summary>
internal sealed class StoreData(DataStore data) : Endpoint<StoreDataRequest>
{
    public override void Configure()
    {
        Post("/api/data");
        DontAutoSendResponse();
        RequestBinder(new StoreDataBinder());
        Description(
            route =>
                route.Documents(
                    new(3, "storeData", OpenApiTags.Data, "Store a value under a new key")
                    {
                        Description = "Refused if the key exists: to change it, update it.",
                        Takes = DataDocument.StoreRequest,
                        Status = 201,
                        Answers = DataDocument.StoreResponse,
                        Refuses =
                        [
                            ApiError.InvalidToken,
                            ApiError.InvalidKey,
                            ApiError.InvalidValue,
                            ApiError.KeyExists,
                            ApiError.OutcomeUnknown,
                        ],
                    }
                ),
            clearDefaults: true
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
