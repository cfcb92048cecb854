using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>Operations that are done together or not at all.</summary>
internal sealed class WriteBatchRequest
{
    public const int MaximumOperations = 100;

    /// <summary>No two of them have the same key.</summary>
    [MinLength(1), MaxLength(MaximumOperations)]
    public required IReadOnlyList<BatchOperation> Operations { get; init; }

    [FromHeader(IdempotencyKey.Header, IsRequired = false, RemoveFromSchema = true)]
    public IdempotencyKey? IdempotencyKey { get; init; }

    internal DataWrite[] Writes { get; init; } = [];
}

/// <summary>One operation on one key.</summary>
internal sealed class BatchOperation
{
    /// <summary>`store` a new key, `update` one that exists, `upsert` either, or `delete` one that exists.</summary>
    /// <example>upsert</example>
    [AllowedValues("store", "update", "upsert", "delete")]
    public required string Op { get; init; }

    public required DataKey Key { get; init; }

    /// <summary>Of all but `delete`: 1 byte to 1 MiB in UTF-8.</summary>
    /// <example>data_value</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Value { get; init; }

    /// <summary>Seconds until the entry expires, as `POST` and `PUT` of one key take them.</summary>
    public Expiry? ExpiresIn { get; init; }

    /// <summary>The version that must be there, without quotes, or `*`. Of all but `store`.</summary>
    /// <example>*</example>
    [RegularExpression(@"^(\*|[0-9A-Fa-f]{32})$")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? IfMatch { get; init; }
}

internal sealed class WriteBatchBinder : IRequestBinder<WriteBatchRequest>
{
    public async ValueTask<WriteBatchRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var body = await WriteBatchBody.ReadAsync(context.HttpContext, cancellation);
        var problems = new RequestProblems();
        var request = new WriteBatchRequest
        {
            Operations = [],
            Writes = body.WritesOrProblems(ref problems),
            IdempotencyKey = IdempotencyKey.Of(context.HttpContext.Request, ref problems),
        };
        problems.ThrowIfAny();
        return request;
    }
}

/// <summary>Does all operations or none: 200, or 409 if one of them can't be done.</summary>
internal sealed class WriteBatch(DataStore data) : Endpoint<WriteBatchRequest>
{
    public override void Configure()
    {
        Post("/api/batch/write");
        DontAutoSendResponse();
        RequestBinder(new WriteBatchBinder());
        Summary(summary =>
        {
            summary.Summary = "Store, update and delete several keys, all or nothing";
            summary.Description =
                "Atomic: nobody sees a part of it. If an operation can't be done, none is, and `details` has an entry for each that "
                + "stands in the way, with its code as the reason.";
            summary.RequestExamples.Add(
                new RequestExample(
                    new
                    {
                        operations = new object[]
                        {
                            new
                            {
                                op = "store",
                                key = "a",
                                value = "1",
                                expires_in = 60,
                            },
                            new
                            {
                                op = "upsert",
                                key = "b",
                                value = "2",
                            },
                        },
                    }
                )
            );
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(200));
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<WriteBatchResponse>(200)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidValue,
                    ApiError.InvalidExpiry,
                    ApiError.InvalidParameter,
                    ApiError.IdempotencyKeyReused,
                    ApiError.BatchRejected,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(WriteBatchRequest request, CancellationToken cancellation)
    {
        var written = await data.WriteAsync(HttpContext.Caller(), request.Writes, request.IdempotencyKey);
        await (
            written.Refusals is { } refusals
                ? RefuseAsync(refusals)
                : DataResponse.WriteAsync(HttpContext, 200, Write(request.Writes), written)
        );
    }

    private Task RefuseAsync(IReadOnlyList<WriteRefusal> refusals) =>
        refusals[0].Error == ApiError.InvalidToken || refusals[0].Error == ApiError.IdempotencyKeyReused
            ? DataResponse.RefuseAsync(HttpContext, refusals[0])
            : ApiResponse.ErrorAsync(
                HttpContext,
                ApiError.BatchRejected,
                [
                    .. refusals
                        .OrderBy(refusal => refusal.Operation)
                        .Select(refusal => new ErrorDetail($"operations[{refusal.Operation}]", refusal.Error.Code)),
                ]
            );

    private static ReadOnlySpan<byte> Write(DataWrite[] writes)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, ApiJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("status"u8, "success"u8);
        json.WriteString("message"u8, "Batch written successfully."u8);
        json.WriteStartObject("data"u8);
        json.WriteStartArray("results"u8);
        foreach (var write in writes)
        {
            json.WriteStartObject();
            json.WriteString("key"u8, write.Key.Utf8);
            if (write.HasValue)
            {
                json.WriteString("etag"u8, EntityTag.Of(((ReadOnlyMemory<byte>)write.Value).Span).Digits);
            }
            else
            {
                json.WriteNull("etag"u8);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }
}

/// <summary>The answer to a batch that was done.</summary>
internal sealed class WriteBatchResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    /// <summary>What happened, for a person.</summary>
    /// <example>Batch written successfully.</example>
    public required string Message { get; init; }

    public required WrittenBatch Data { get; init; }
}

/// <summary>What was done.</summary>
internal sealed class WrittenBatch
{
    /// <summary>In the order of the operations.</summary>
    public required IReadOnlyList<WrittenEntry> Results { get; init; }
}

/// <summary>A key and the version that it has now.</summary>
internal sealed class WrittenEntry
{
    public required DataKey Key { get; init; }

    /// <summary>The version, without quotes; null if the key was deleted.</summary>
    /// <example>07530d8e01dd7333880f14137f599dca</example>
    [RegularExpression("^[0-9a-f]{32}$")]
    public required string? Etag { get; init; }
}
