using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FastKv.Telemetry;

namespace FastKv.Api;

/// <summary>Writes every body that the API sends: JSON in UTF-8, without a BOM, with its length.</summary>
internal static class ApiResponse
{
    public const string ContentType = "application/json; charset=utf-8";

    /// <summary>Seconds that a client is asked to wait before it repeats a request that was not carried out.</summary>
    public const int RetryAfterSeconds = 1;

    /// <summary>Answers with JSON that is ready.</summary>
    public static Task WriteAsync(HttpContext context, int status, ReadOnlySpan<byte> json)
    {
        var response = Start(context, status, json.Length);
        response.BodyWriter.Write(json);
        return Task.CompletedTask;
    }

    /// <summary>Answers with an object.</summary>
    public static Task WriteAsync<T>(HttpContext context, int status, T body, JsonTypeInfo<T> type) =>
        WriteAsync(context, status, JsonSerializer.SerializeToUtf8Bytes(body, type));

    /// <summary>Answers with an error. The only writer of error bodies.</summary>
    /// <param name="context">The request.</param>
    /// <param name="error">What went wrong.</param>
    /// <param name="details">All problems at once.</param>
    /// <param name="status">Another status than the error's own: 414 and 431, whose code is INVALID_REQUEST.</param>
    public static Task ErrorAsync(
        HttpContext context,
        ApiError error,
        IReadOnlyList<ErrorDetail>? details = null,
        int? status = null
    )
    {
        Instruments.CountError(error.Code);
        if (context.Response.StatusCode != error.Status)
        {
            context.Response.StatusCode = error.Status;
        }

        if (error == ApiError.InvalidToken)
        {
            // RFC 6750, 3: the error is named only when a token was sent.
            var wasSent = context.Request.Headers.Authorization.Count > 0;
            context.Response.Headers.WWWAuthenticate = wasSent ? "Bearer error=\"invalid_token\"" : "Bearer";
        }

        if (error.Status is 429 or 503 && context.Response.Headers.RetryAfter.Count == 0)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString(
                System.Globalization.CultureInfo.InvariantCulture
            );
        }

        return WriteAsync(
            context,
            status ?? error.Status,
            ErrorBody(error, details, error.Status >= 500 ? TraceId(context) : null)
        );
    }

    /// <summary>Answers 429: try again after so many seconds.</summary>
    public static Task TooManyRequestsAsync(HttpContext context, int retryAfterSeconds)
    {
        context.Response.Headers.RetryAfter = retryAfterSeconds.ToString(
            System.Globalization.CultureInfo.InvariantCulture
        );
        return ErrorAsync(context, ApiError.TooManyRequests);
    }

    /// <summary>The envelope of an error.</summary>
    public static ReadOnlySpan<byte> ErrorBody(ApiError error, IReadOnlyList<ErrorDetail>? details, string? traceId)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, ApiJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("status"u8, "error"u8);
        json.WriteString("code"u8, error.Code);
        json.WriteString("message"u8, error.Message);
        if (traceId is not null)
        {
            json.WriteString("trace_id"u8, traceId);
        }

        if (details is { Count: > 0 })
        {
            json.WriteStartArray("details"u8);
            foreach (var detail in details)
            {
                json.WriteStartObject();
                json.WriteString("field"u8, detail.Field);
                json.WriteString("reason"u8, detail.Reason);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    /// <summary>The id under which the log and the trace know this request.</summary>
    public static string TraceId(HttpContext context)
    {
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C } activity)
        {
            return activity.TraceId.ToHexString();
        }

        if (context.Items.TryGetValue(typeof(ActivityTraceId), out var known))
        {
            return (string)known!;
        }

        // Nobody traces here, but perhaps the caller does.
        var made = ActivityContext.TryParse(context.Request.Headers.TraceParent, null, out var caller)
            ? caller.TraceId.ToHexString()
            : ActivityTraceId.CreateRandom().ToHexString();
        context.Items[typeof(ActivityTraceId)] = made;
        return made;
    }

    /// <summary>Sets status and headers of a JSON answer whose body of exactly <paramref name="length"/> bytes follows.</summary>
    public static HttpResponse Start(HttpContext context, int status, int length)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = ContentType;
        response.ContentLength = length;
        return response;
    }
}
