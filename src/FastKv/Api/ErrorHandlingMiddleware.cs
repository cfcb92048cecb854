using FastKv.Redis;
using Microsoft.AspNetCore.Connections.Features;

namespace FastKv.Api;

/// <summary>
/// The outermost middleware: whatever goes wrong inside leaves as the envelope. It answers for exceptions and for statuses that
/// the server or the router set without a body (404, 405).
/// </summary>
internal sealed partial class ErrorHandlingMiddleware(RequestDelegate next, ILogger<ErrorHandlingMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (context.Response is { StatusCode: >= 400, HasStarted: false, ContentType: null })
            {
                await ApiResponse.ErrorAsync(context, ApiError.ForStatus(context.Response.StatusCode));
            }
        }
        catch (RequestRefusedException refused)
        {
            await RefuseAsync(context, refused.Error, refused.Details);
        }
        catch (StoreUnavailableException outage)
        {
            LogStoreUnavailable(ApiResponse.TraceId(context), outage.InnerException?.GetType().Name, outage.Reason);
            await RefuseAsync(context, ApiError.StoreUnavailable);
        }
        catch (OutcomeUnknownException outage)
        {
            LogOutcomeUnknown(ApiResponse.TraceId(context), outage.InnerException?.GetType().Name, outage.Reason);
            await RefuseAsync(context, ApiError.OutcomeUnknown);
        }
        catch (BadHttpRequestException bad)
        {
            await RefuseAsync(context, bad.StatusCode == 413 ? ApiError.PayloadTooLarge : ApiError.InvalidRequest);
            if (HttpProtocol.IsHttp11(context.Request.Protocol) && !context.Response.HasStarted)
            {
                // Where the next request would begin is not known: the server closes the connection, and the answer says so.
                context.Response.Headers.Connection = "close";
            }

            EndConnection(context);
        }
        catch (RequestAbortedException)
        {
            Leave(context);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            Leave(context);
        }
        catch (Exception exception)
        {
            LogUnexpected(exception, ApiResponse.TraceId(context));
            await RefuseAsync(context, ApiError.InternalError);
        }
    }

    /// <summary>
    /// The client is gone: there is nobody to answer, and nothing went wrong here. The server may not know yet that it is gone,
    /// and without this would look for the rest of the body and for the next request, which ends in an error in its log.
    /// </summary>
    private static void Leave(HttpContext context)
    {
        context.Abort();
        EndConnection(context);
    }

    // Of HTTP/2 only the stream has ended. A body that broke off keeps the server's reader busy (AdvanceTo with bytes that were
    // examined and not consumed), so the server must not begin to read a next request.
    private static void EndConnection(HttpContext context)
    {
        if (!HttpProtocol.IsHttp2(context.Request.Protocol))
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }

    private static Task RefuseAsync(HttpContext context, ApiError error, IReadOnlyList<ErrorDetail>? details = null)
    {
        if (context.Response.HasStarted)
        {
            // Part of another answer is on its way: only a broken connection tells the client that it is not whole.
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.Clear();
        return ApiResponse.ErrorAsync(context, error, details);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The store did not answer; the request was refused as STORE_UNAVAILABLE. trace_id={TraceId} cause={Cause} reason={Reason}. Check that Redis is up and reachable."
    )]
    private partial void LogStoreUnavailable(string traceId, string? cause, string reason);

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A write was sent and its reply was lost; the request was answered OUTCOME_UNKNOWN. trace_id={TraceId} cause={Cause} reason={Reason}. Check the connection to Redis."
    )]
    private partial void LogOutcomeUnknown(string traceId, string? cause, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Unexpected failure, answered INTERNAL_ERROR. trace_id={TraceId}")]
    private partial void LogUnexpected(Exception exception, string traceId);
}
