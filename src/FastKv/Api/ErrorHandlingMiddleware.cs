using System.Text;
using FastKv.Redis;
using FastKv.Telemetry;
using Microsoft.AspNetCore.Connections.Features;

namespace FastKv.Api;

/// <summary>
/// The outermost middleware: whatever goes wrong inside leaves as the envelope. It answers for exceptions and for statuses that
/// the server or the router set without a body (404, 405).
/// </summary>
internal sealed partial class ErrorHandlingMiddleware(
    RequestDelegate next,
    ISessionCheck sessions,
    StoreFailures failures,
    ILogger<ErrorHandlingMiddleware> logger
)
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
            await (
                await sessions.HasEndedAsync(context)
                    ? RefuseAsync(context, ApiError.InvalidToken)
                    : RefuseAsync(context, refused.Error, refused.Details)
            );
        }
        catch (StoreBusyException)
        {
            Instruments.CountMemoryRefusal();
            await RefuseAsync(context, ApiError.StoreUnavailable);
        }
        catch (StoreUnavailableException outage)
        {
            var traceId = ApiResponse.TraceId(context);
            var level = failures.Refused.Add(traceId, outage.Reason) ? LogLevel.Warning : LogLevel.Debug;
            var cause = outage.InnerException?.GetType().Name;
            LogStoreUnavailable(level, traceId, cause, outage.Reason);
            await RefuseAsync(context, ApiError.StoreUnavailable);
        }
        catch (OutcomeUnknownException outage)
        {
            var traceId = ApiResponse.TraceId(context);
            var level = failures.OutcomeUnknown.Add(traceId, outage.Reason) ? LogLevel.Warning : LogLevel.Debug;
            var cause = outage.InnerException?.GetType().Name;
            LogOutcomeUnknown(level, traceId, cause, outage.Reason);
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
            var failure = Describe(exception);
            LogUnexpected(ApiResponse.TraceId(context), failure);
            await RefuseAsync(context, ApiError.InternalError);
        }
    }

    /// <summary>
    /// The client is gone: there is nobody to answer, and nothing went wrong here. The server may not know yet that it is gone,
    /// and without this would look for the rest of the body and for the next request, which ends in an error in its log.
    /// </summary>
    public static void Leave(HttpContext context)
    {
        context.Abort();
        EndConnection(context);
    }

    /// <summary>
    /// Has the server read no next request: a body that broke off keeps its reader busy (AdvanceTo with bytes that were examined and not
    /// consumed). Of HTTP/2 only the stream has ended.
    /// </summary>
    public static void EndConnection(HttpContext context)
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

    /// <summary>
    /// What is logged of a bug: types and places. Messages are left out, because they repeat what was being worked on: an error of
    /// Redis names keys, a parser what it could not read. Of an error of Redis the first word stays, which names its kind.
    /// </summary>
    private static string Describe(Exception exception)
    {
        var text = new StringBuilder();
        for (var fault = exception; fault is not null; fault = fault.InnerException)
        {
            text.Append(text.Length > 0 ? "caused by " : "").Append(fault.GetType().FullName);
            if (fault is StackExchange.Redis.RedisServerException)
            {
                text.Append(' ').Append(FirstWord(fault.Message));
            }

            text.AppendLine().AppendLine(fault.StackTrace);
        }

        return text.ToString();
    }

    private static ReadOnlySpan<char> FirstWord(ReadOnlySpan<char> message)
    {
        var length = 0;
        while (length < message.Length && length < 20 && char.IsAsciiLetterUpper(message[length]))
        {
            length++;
        }

        return length == message.Length || message[length] == ' ' ? message[..length] : [];
    }

    // The first for a while is a warning; the others are counted, and told once a minute.
    [LoggerMessage(
        Message = "The store did not answer; the request was refused as STORE_UNAVAILABLE. trace_id={TraceId} cause={Cause} reason={Reason}. Check that Redis is up and reachable."
    )]
    private partial void LogStoreUnavailable(LogLevel level, string traceId, string? cause, string reason);

    [LoggerMessage(
        Message = "A write was sent and its reply was lost; the request was answered OUTCOME_UNKNOWN. trace_id={TraceId} cause={Cause} reason={Reason}. Check the connection to Redis."
    )]
    private partial void LogOutcomeUnknown(LogLevel level, string traceId, string? cause, string reason);

    [LoggerMessage(
        Level = LogLevel.Error,
        Message = "Unexpected failure, answered INTERNAL_ERROR. trace_id={TraceId} {Failure}"
    )]
    private partial void LogUnexpected(string traceId, string failure);
}
