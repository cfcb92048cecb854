using FastKv.Api;
using FastKv.Configuration;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace FastKv.Server;

/// <summary>
/// Refuses in the envelope, over HTTP/2, what Kestrel refuses over HTTP/1.1 before there is an application to ask: what
/// <see cref="Http2FieldDecoder"/> has marked, and headers that are too many or too large. A request over HTTP/1.1 passes.
/// </summary>
internal sealed class Http2HeadersMiddleware(RequestDelegate next, LimitOptions limits)
{
    /// <summary>Bytes that a header has over HTTP/1.1 beside its name and value: a colon, a space and a line end.</summary>
    private const int BytesOfLine = 4;

    public Task InvokeAsync(HttpContext context)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            return next(context);
        }

        var request = context.Features.GetRequiredFeature<IHttpRequestFeature>();
        return RefusalOfTarget(request) is { } badTarget ? RefuseAsync(context, badTarget)
            : RefusalOf(context.Request) is { } bad ? RefuseAsync(context, bad)
            : next(context);
    }

    private static Refusal? RefusalOfTarget(IHttpRequestFeature request)
    {
        if (request.RawTarget is not ['/', < ' '])
        {
            return null;
        }

        switch (request.RawTarget)
        {
            case Http2FieldDecoder.AsteriskTarget when HttpMethods.IsOptions(request.Method):
                (request.RawTarget, request.Path) = ("*", "");
                return null;
            case Http2FieldDecoder.InvalidKey:
                return new(ApiError.InvalidKey);
            case Http2FieldDecoder.LongTarget:
                return new(ApiError.InvalidRequest, StatusCodes.Status414UriTooLong);
            default:
                return new(ApiError.InvalidRequest);
        }
    }

    private Refusal? RefusalOf(HttpRequest request)
    {
        if (
            request.Scheme == Http2FieldDecoder.InvalidScheme
            || request.Method == Http2FieldDecoder.InvalidMethod
            || request.Headers.Host == Http2FieldDecoder.InvalidHost
            || request.ContentLength == Http2FieldDecoder.InvalidLength
        )
        {
            return new(ApiError.InvalidRequest);
        }

        var (count, bytes) = (0, 0);
        foreach (var (name, values) in request.Headers)
        {
            foreach (var value in values)
            {
                // A token that is no text is refused as a wrong one, by whoever asks for tokens.
                if (value is Http2FieldDecoder.InvalidValue && name != HeaderNames.Authorization)
                {
                    return new(ApiError.InvalidRequest);
                }

                count++;
                bytes +=
                    value is Http2FieldDecoder.LargeValue
                        ? limits.MaxHeaderBytes
                        : name.Length + value!.Length + BytesOfLine;
            }
        }

        return count > limits.MaxHeaders || bytes > limits.MaxHeaderBytes
            ? new(ApiError.InvalidRequest, StatusCodes.Status431RequestHeaderFieldsTooLarge)
            : null;
    }

    private static Task RefuseAsync(HttpContext context, Refusal refusal) =>
        ApiResponse.ErrorAsync(context, refusal.Error, status: refusal.Status);

    /// <param name="Error">What the body says.</param>
    /// <param name="Status">The status, if it is not the error's own.</param>
    private readonly record struct Refusal(ApiError Error, int? Status = null);
}
