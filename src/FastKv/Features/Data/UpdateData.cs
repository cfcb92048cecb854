using System.ComponentModel;
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

    /// <summary>Seconds until the entry expires. Absent: its expiry stays as it is. Null: it does not expire from now on.</summary>
    public Expiry? ExpiresIn { get; init; }

    /// <summary>Whether to store the key if it does not exist.</summary>
    /// <example>false</example>
    [QueryParam, DefaultValue(false)]
    public bool? Upsert { get; init; }

    [FromHeader("If-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfMatch { get; init; }

    [FromHeader("If-None-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfNoneMatch { get; init; }

    [FromHeader(IdempotencyKey.Header, IsRequired = false, RemoveFromSchema = true)]
    public IdempotencyKey? IdempotencyKey { get; init; }
}

internal sealed class UpdateDataBinder : IRequestBinder<UpdateDataRequest>
{
    public async ValueTask<UpdateDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var key = DataRequest.KeyOf(context.HttpContext);
        var members = await DataBody.ReadAsync(context.HttpContext, cancellation);
        var problems = new RequestProblems();
        var preconditions = Preconditions.Of(context.HttpContext.Request, ref problems);
        var request = new UpdateDataRequest
        {
            Key = key,
            Value = members.ValueOrProblem("value", ref problems),
            ExpiresIn = Expiry.Of(members.ExpiresIn, "expires_in", ref problems),
            Upsert = QueryParameters.IsTrue(context.HttpContext.Request, "upsert", ref problems),
            IfMatch = preconditions.IfMatch,
            IfNoneMatch = preconditions.IfNoneMatch,
            IdempotencyKey = IdempotencyKey.Of(context.HttpContext.Request, ref problems),
        };
        problems.ThrowIfAny();
        return request;
    }
}

/// <summary>
/// The document's section 5, Update Data: 200, or 404 if there is no such key; with <c>upsert=true</c> 201 if there was none.
/// </summary>
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
            summary.Description =
                "Refused if there is no such key: to make it, store it, or say `upsert=true`. With `If-Match` only a version "
                + "that you have read is replaced.";
            summary.ResponseExamples[200] = new SuccessResponse("Data updated successfully.");
            summary.ResponseExamples[201] = new SuccessResponse("Data stored successfully.");
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(200));
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(201));
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(200));
            summary.ResponseHeaders.Add(DataSchema.ReplayedHeader(201));
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<SuccessResponse>(200)
                .Produces<SuccessResponse>(201)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidValue,
                    ApiError.InvalidExpiry,
                    ApiError.InvalidParameter,
                    ApiError.IdempotencyKeyReused,
                    ApiError.KeyNotFound,
                    ApiError.PreconditionFailed,
                    ApiError.QuotaExceeded,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(UpdateDataRequest request, CancellationToken cancellation)
    {
        var write = DataWrite.Update(
            request.Key,
            request.Value,
            request.ExpiresIn ?? default,
            new Preconditions(request.IfMatch, request.IfNoneMatch),
            isUpsert: request.Upsert is true
        );
        var written = await data.WriteAsync(HttpContext.Caller(), write, request.IdempotencyKey);
        await (
            written.Refusals is [var refusal, ..] ? DataResponse.RefuseAsync(HttpContext, refusal)
            : written.IsCreated ? WriteAsync(201, StoreData.Stored)
            : WriteAsync(200, Updated)
        );

        Task WriteAsync(int status, ReadOnlySpan<byte> json) =>
            DataResponse.WriteAsync(HttpContext, status, json, written, EntityTag.Of(request.Value.Span));
    }

    private static ReadOnlySpan<byte> Updated => """{"status":"success","message":"Data updated successfully."}"""u8;
}
