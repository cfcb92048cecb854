using FastKv.Api;
using FastKv.Configuration;
using FastKv.Telemetry;
using Microsoft.AspNetCore.Connections.Features;

namespace FastKv.Server;

/// <summary>
/// The door of the service. It bounds the requests in flight, so that an overload is answered at once and not queued, and while the
/// service drains, it asks each client to close its connection after the answer.
/// </summary>
internal sealed class LoadSheddingMiddleware
{
    private static readonly PathString Health = new("/health");

    private const string ContradictedLength = "X-Content-Length";

    private readonly RequestDelegate next;
    private readonly DrainState draining;
    private readonly int maximum;
    private int inFlight;

    public LoadSheddingMiddleware(RequestDelegate next, LimitOptions limits, DrainState draining)
    {
        this.next = next;
        this.draining = draining;
        maximum = limits.MaxConcurrentRequests;
        Instruments.ObserveRequestsInFlight(() => inFlight);
    }

    public Task InvokeAsync(HttpContext context)
    {
        if (draining.HasBegun)
        {
            AskToClose(context);
        }

        // Health is asked by those who decide what to do about an overload.
        if (Interlocked.Increment(ref inFlight) > maximum && !context.Request.Path.StartsWithSegments(Health))
        {
            Interlocked.Decrement(ref inFlight);
            Instruments.CountShed();
            return ApiResponse.ErrorAsync(context, ApiError.StoreUnavailable);
        }

        if (context.Request.Headers.TransferEncoding.Count > 0 && IsAmbiguous(context.Request.Headers))
        {
            Interlocked.Decrement(ref inFlight);
            if (!HttpProtocol.IsHttp2(context.Request.Protocol))
            {
                context.Response.Headers.Connection = "close";
            }

            return ApiResponse.ErrorAsync(context, ApiError.InvalidRequest);
        }

        return PassAsync(context);
    }

    private async Task PassAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref inFlight);
        }
    }

    // RFC 9112, 6.1 and 7.1: a request with both lengths, or chunked twice, may be an attempt to smuggle another one past a
    // proxy in front that reads it otherwise. The server itself takes Transfer-Encoding, and moves Content-Length out of the way.
    private static bool IsAmbiguous(IHeaderDictionary headers) =>
        headers.ContainsKey(ContradictedLength)
        || headers.TransferEncoding.Count > 1
        || !string.Equals(headers.TransferEncoding[0], "chunked", StringComparison.OrdinalIgnoreCase);

    private static void AskToClose(HttpContext context)
    {
        if (HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
        else
        {
            context.Response.Headers.Connection = "close";
        }
    }
}
