using System.Buffers;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

internal readonly struct RetrieveDataRequest
{
    public required DataKey Key { get; init; }

    /// <summary>What the answer has beside key and value. It then changes with time, and has no ETag.</summary>
    /// <example>expires_in</example>
    [QueryParam, AllowedValues(RetrieveDataBinder.ExpiresIn)]
    public string? Include { get; init; }

    [FromHeader("If-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfMatch { get; init; }

    [FromHeader("If-None-Match", IsRequired = false, RemoveFromSchema = true)]
    public EntityTagList? IfNoneMatch { get; init; }
}

internal sealed class RetrieveDataBinder : IRequestBinder<RetrieveDataRequest>
{
    public const string ExpiresIn = "expires_in";

    public ValueTask<RetrieveDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var key = DataRequest.KeyOf(context.HttpContext);
        var problems = new RequestProblems();
        var preconditions = Preconditions.Of(context.HttpContext.Request, ref problems);
        var include = QueryParameters.Find(context.HttpContext.Request, "include", ref problems);
        if (include is not (null or ExpiresIn))
        {
            problems.Add(ApiError.InvalidParameter, "include", "must be expires_in");
        }

        problems.ThrowIfAny();
        return new(
            new RetrieveDataRequest
            {
                Key = key,
                Include = include,
                IfMatch = preconditions.IfMatch,
                IfNoneMatch = preconditions.IfNoneMatch,
            }
        );
    }
}

/// <summary>
/// The document's section 4, Retrieve Data: 200 with the value, 304 if the client has it already, or 404 if there is no such key.
/// HEAD is answered as GET, without the body.
/// </summary>
internal sealed class RetrieveData(DataStore data, RequestMemory memory) : Endpoint<RetrieveDataRequest>
{
    public override void Configure()
    {
        Verbs(Http.GET, Http.HEAD);
        Routes("/api/data/{key}");
        DontAutoSendResponse();
        RequestBinder(new RetrieveDataBinder());
        Summary(summary =>
        {
            summary.Summary = "Retrieve the value of a key";
            summary.Description =
                "Each user has keys of their own and reaches no others. With `If-None-Match` a value that you have is not sent again.";
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(200));
            summary.ResponseHeaders.Add(DataSchema.EntityTagHeader(304));
            summary.ResponseHeaders.Add(DataSchema.CacheControlHeader(200));
            summary.ResponseHeaders.Add(DataSchema.CacheControlHeader(304));
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<RetrieveDataResponse>(200)
                .Produces(304)
                .ProducesErrors(
                    ApiError.InvalidKey,
                    ApiError.InvalidParameter,
                    ApiError.KeyNotFound,
                    ApiError.PreconditionFailed
                )
        );
    }

    public override Task HandleAsync(RetrieveDataRequest request, CancellationToken cancellation) =>
        request.Include is null
            ? RetrieveAsync(request.Key, new Preconditions(request.IfMatch, request.IfNoneMatch))
            : RetrieveWithExpiryAsync(request);

    private async Task RetrieveAsync(DataKey key, Preconditions preconditions)
    {
        using var value = await data.RetrieveAsync(HttpContext.Caller(), key);
        await AnswerAsync(key, preconditions, value);
    }

    private Task AnswerAsync(DataKey key, in Preconditions preconditions, in StoredValue value)
    {
        if (HttpContext.Caller().Session.HasEnded(value.Ended))
        {
            return ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken);
        }

        if (!value.Exists)
        {
            return ApiResponse.ErrorAsync(HttpContext, ApiError.KeyNotFound);
        }

        var version = EntityTag.Of(value.Bytes.Span);
        HttpContext.Response.Headers.ETag = version.Quoted;
        return preconditions.StatusOfRead(version) switch
        {
            StatusCodes.Status412PreconditionFailed => ApiResponse.ErrorAsync(HttpContext, ApiError.PreconditionFailed),
            StatusCodes.Status304NotModified => WriteNotModifiedAsync(),
            _ => WriteEntryAsync(key, value.Bytes, Closing),
        };
    }

    private async Task RetrieveWithExpiryAsync(RetrieveDataRequest request)
    {
        using var entries = await data.RetrieveAsync(HttpContext.Caller(), [request.Key]);
        if (HttpContext.Caller().Session.HasEnded(entries.Ended))
        {
            await ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken);
            return;
        }

        if (entries.ValueAt(0) is not { } value)
        {
            await ApiResponse.ErrorAsync(HttpContext, ApiError.KeyNotFound);
            return;
        }

        // If-Match asks for the version of the value, which is there also when the answer has none.
        if (request.IfMatch?.Matches(EntityTag.Of(value.Span)) is false)
        {
            HttpContext.Response.Headers.ETag = EntityTag.Of(value.Span).Quoted;
            await ApiResponse.ErrorAsync(HttpContext, ApiError.PreconditionFailed);
            return;
        }

        var left = entries.SecondsLeftAt(0)?.ToString(CultureInfo.InvariantCulture) ?? "null";
        await WriteEntryAsync(request.Key, value, Encoding.ASCII.GetBytes($"\",\"expires_in\":{left}}}}}"));
    }

    private Task WriteNotModifiedAsync()
    {
        HttpContext.Response.Headers.CacheControl = AskAgain;
        HttpContext.Response.StatusCode = StatusCodes.Status304NotModified;
        return Task.CompletedTask;
    }

    // The entry is written as bytes, without strings and without a response object: 3 to 5 µs less a request.
    private Task WriteEntryAsync(DataKey key, ReadOnlyMemory<byte> value, ReadOnlyMemory<byte> closing)
    {
        var (keyLength, valueLength) = (JsonStringEncoder.Length(key.Utf8), JsonStringEncoder.Length(value.Span));
        var length = Opening.Length + keyLength + Separator.Length + valueLength + closing.Length;
        HttpContext.Response.Headers.CacheControl = AskAgain;
        var response = ApiResponse.Start(HttpContext, 200, length);
        if (HttpMethods.IsHead(HttpContext.Request.Method))
        {
            return Task.CompletedTask;
        }

        var writer = response.BodyWriter;
        if (length <= SmallLength)
        {
            Write(writer.GetSpan(length), key.Utf8, value.Span, closing.Span);
            writer.Advance(length);
            return Task.CompletedTask;
        }

        writer.Write(Opening);
        JsonStringEncoder.Write(writer, key.Utf8, keyLength);
        writer.Write(Separator);
        if (valueLength > JsonStringEncoder.PieceLength)
        {
            return WriteRestAsync(writer, value, valueLength, closing);
        }

        JsonStringEncoder.Write(writer, value.Span, valueLength);
        writer.Write(closing.Span);
        return Task.CompletedTask;
    }

    // At once: for each span that is asked of the server it takes a lock twice.
    private static void Write(
        Span<byte> json,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> closing
    )
    {
        Opening.CopyTo(json);
        json = json[Opening.Length..];
        json = json[JsonStringEncoder.Write(json, key)..];
        Separator.CopyTo(json);
        json = json[Separator.Length..];
        json = json[JsonStringEncoder.Write(json, value)..];
        closing.CopyTo(json);
    }

    private async Task WriteRestAsync(
        PipeWriter writer,
        ReadOnlyMemory<byte> value,
        int valueLength,
        ReadOnlyMemory<byte> closing
    )
    {
        using var deadline = RequestMemory.NewDeadline(HttpContext.RequestAborted);
        await JsonStringEncoder.WriteAsync(writer, memory, value, valueLength, deadline.Token);
        writer.Write(closing.Span);
        await writer.FlushAsync(deadline.Token);
    }

    // Bytes of an answer that fit into one of the server's buffers.
    private const int SmallLength = 4096;

    // A cache may keep it for its user and must ask each time whether it still holds (RFC 9111, 5.2.2).
    private const string AskAgain = "private, no-cache";

    private static ReadOnlySpan<byte> Opening => """{"status":"success","data":{"key":" """u8[..^1];
    private static ReadOnlySpan<byte> Separator => "\",\"value\":\""u8;
    private static readonly ReadOnlyMemory<byte> Closing = "\"}}"u8.ToArray();
}

/// <summary>The answer with a key and its value.</summary>
internal sealed class RetrieveDataResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    public required RetrievedData Data { get; init; }
}

/// <summary>A key and its value.</summary>
internal sealed class RetrievedData
{
    public required DataKey Key { get; init; }

    /// <example>data_value</example>
    public required ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>With `include=expires_in`: whole seconds left, rounded up; null if it does not expire.</summary>
    /// <example>60</example>
    public long? ExpiresIn { get; init; }
}
