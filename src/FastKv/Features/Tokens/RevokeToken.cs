using System.ComponentModel;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Telemetry;

namespace FastKv.Features.Tokens;

internal readonly struct RevokeTokenRequest
{
    /// <summary>Whether all sessions of the user end, and not only that of this token.</summary>
    /// <example>false</example>
    [QueryParam, DefaultValue(false)]
    public bool? All { get; init; }
}

internal sealed class RevokeTokenBinder : IRequestBinder<RevokeTokenRequest>
{
    public ValueTask<RevokeTokenRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var problems = new RequestProblems();
        var all = QueryParameters.IsTrue(context.HttpContext.Request, "all", ref problems);
        problems.ThrowIfAny();
        return new(new RevokeTokenRequest { All = all });
    }
}

/// <summary>
/// Signs out: 200, and every request that begins afterwards with a token of the session is 401, at every replica. 504 if it is not
/// known whether it was done: ask again.
/// </summary>
internal sealed class RevokeToken(SessionStore sessions, SecurityEvents events) : Endpoint<RevokeTokenRequest>
{
    public override void Configure()
    {
        Delete("/api/token");
        DontAutoSendResponse();
        RequestBinder(new RevokeTokenBinder());
        Summary(summary =>
        {
            summary.Summary = "Sign out";
            summary.Description =
                "Ends the session of this token, with `all=true` all sessions of the user. From the answer on their tokens are refused "
                + "everywhere.";
            summary.ResponseExamples[200] = new SuccessResponse("Signed out successfully.");
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Tokens)
                .Produces<SuccessResponse>(200)
                .ProducesErrors(ApiError.InvalidParameter, ApiError.OutcomeUnknown)
        );
    }

    public override async Task HandleAsync(RevokeTokenRequest request, CancellationToken cancellation)
    {
        var caller = HttpContext.Caller();
        await HttpContext
            .StoreDeadline()
            .BoundWriteAsync(
                request.All is true
                    ? sessions.EndAllAsync(caller.UserId, caller.Session.BeganAt)
                    : sessions.EndAsync(caller)
            );
        events.SessionEnded(caller.UserId, request.All is true ? "all" : "one");
        await ApiResponse.WriteAsync(
            HttpContext,
            200,
            """{"status":"success","message":"Signed out successfully."}"""u8
        );
    }
}
