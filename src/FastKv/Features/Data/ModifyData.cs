using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

/// <summary>What to change about an entry: its number, its expiry, or both. At least one of `increment` and `expires_in`.</summary>
internal readonly struct ModifyDataRequest
{
    public required DataKey Key { get; init; }

    /// <summary>What to add to the value, which must be a whole number of 64 bits in its shortest decimal form.</summary>
    /// <example>5</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Increment { get; init; }

    /// <summary>With `increment`: whether a key that does not exist counts as 0 and is created; false if absent.</summary>
    /// <example>true</example>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Create { get; init; }

    /// <summary>
    /// Seconds until the entry expires; null: it does not expire from now on. With `increment` it is that of a key which this
    /// request creates, and an existing one keeps its own.
    /// </summary>
    public Expiry? ExpiresIn { get; init; }

    [FromHeader("If-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfMatch { get; init; }

    [FromHeader("If-None-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfNoneMatch { get; init; }

    [FromHeader(IdempotencyKey.Header, IsRequired = false, RemoveFromSchema = true)]
    public IdempotencyKey? IdempotencyKey { get; init; }
}

internal sealed class ModifyDataBinder : IRequestBinder<ModifyDataRequest>
{
    // Bytes: far more than a legal one has.
    private const int MaximumBodyLength = 64 * 1024;

    public async ValueTask<ModifyDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var key = DataRequest.KeyOf(context.HttpContext);
        var members = await DataBody.ReadAsync(context.HttpContext, cancellation, MaximumBodyLength);
        var problems = new RequestProblems();
        var preconditions = Preconditions.Of(context.HttpContext.Request, ref problems);
        if (members.Increment.IsAbsent && members.ExpiresIn.IsAbsent)
        {
            problems.Add(ApiError.InvalidRequest, "body", "must have increment, expires_in, or both");
        }

        var request = new ModifyDataRequest
        {
            Key = key,
            Increment = IncrementOf(members.Increment, ref problems),
            Create = CreateOf(members.Create, ref problems),
            ExpiresIn = Expiry.Of(members.ExpiresIn, "expires_in", ref problems),
            IfMatch = preconditions.IfMatch,
            IfNoneMatch = preconditions.IfNoneMatch,
            IdempotencyKey = IdempotencyKey.Of(context.HttpContext.Request, ref problems),
        };
        problems.ThrowIfAny();
        return request;
    }

    private static long? IncrementOf(JsonMember member, ref RequestProblems problems)
    {
        if (member.IsAbsent)
        {
            return null;
        }

        if (!member.TryGetWholeNumber(out var increment))
        {
            problems.Add(ApiError.InvalidValue, "increment", "must be a whole number of 64 bits");
        }

        return increment;
    }

    private static bool? CreateOf(JsonMember member, ref RequestProblems problems)
    {
        if (member.Token is not (JsonTokenType.None or JsonTokenType.True or JsonTokenType.False))
        {
            problems.Add(ApiError.InvalidRequest, "create", "must be true or false");
        }

        return member.Token is JsonTokenType.True;
    }
}

/// <summary>Adds to a number, or changes the expiry, in place: 200, 201 if it created the key, or 404 if there is none.</summary>
internal sealed class ModifyData(DataStore data) : Endpoint<ModifyDataRequest>
{
    public override void Configure()
    {
        Patch("/api/data/{key}");
        DontAutoSendResponse();
        RequestBinder(new ModifyDataBinder());
        Summary(summary =>
        {
            summary.Summary = "Modify the number or the expiry of a key in place";
            summary.Description =
                "With `increment` the answer has the sum, as a string, because a number in JSON loses digits beyond 2^53. Without it "
                + "only the expiry changes.";
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(200));
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(201));
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(200));
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(201));
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<ModifyDataResponse>(200)
                .Produces<ModifyDataResponse>(201)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidValue,
                    ApiError.InvalidExpiry,
                    ApiError.InvalidParameter,
                    ApiError.IdempotencyKeyReused,
                    ApiError.KeyNotFound,
                    ApiError.PreconditionFailed,
                    ApiError.QuotaExceeded,
                    ApiError.ValueNotInteger,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(ModifyDataRequest request, CancellationToken cancellation)
    {
        var preconditions = new Preconditions(request.IfMatch, request.IfNoneMatch);
        var expiry = request.ExpiresIn ?? default;
        var write = request.Increment is { } increment
            ? DataWrite.Increment(request.Key, increment, expiry, preconditions, create: request.Create is true)
            : DataWrite.Expire(request.Key, expiry, preconditions);
        var written = await data.WriteAsync(HttpContext.Caller(), write, request.IdempotencyKey);
        await (
            written.Refusals is [var refusal, ..] ? DataResponse.RefuseAsync(HttpContext, refusal)
            : request.Increment is null ? DataResponse.WriteAsync(HttpContext, 200, Modified, written)
            : WriteSumAsync(written)
        );
    }

    private Task WriteSumAsync(in WriteResult written)
    {
        ReadOnlyMemory<byte> sum = written.Sum;
        return DataResponse.WriteAsync(
            HttpContext,
            written.IsCreated ? 201 : 200,
            [.. Opening, .. sum.Span, .. Closing],
            written,
            EntityTag.Of(sum.Span)
        );
    }

    private static ReadOnlySpan<byte> Modified => """{"status":"success","message":"Data modified successfully."}"""u8;

    private static ReadOnlySpan<byte> Opening =>
        """{"status":"success","message":"Data modified successfully.","data":{"value":" """u8[..^1];

    private static ReadOnlySpan<byte> Closing => "\"}}"u8;
}

/// <summary>The answer to a change.</summary>
internal sealed class ModifyDataResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    /// <summary>What happened, for a person.</summary>
    /// <example>Data modified successfully.</example>
    public required string Message { get; init; }

    /// <summary>With an increment.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ModifiedData? Data { get; init; }
}

/// <summary>What is there now.</summary>
internal sealed class ModifiedData
{
    /// <summary>The sum.</summary>
    /// <example>"47"</example>
    [RegularExpression("^-?[0-9]+$")]
    public required string Value { get; init; }
}
