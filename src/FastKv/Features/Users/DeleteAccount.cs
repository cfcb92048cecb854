using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FastKv.Telemetry;

namespace FastKv.Features.Users;

/// <summary>The password, as a proof that it is the user who wants it.</summary>
internal sealed class DeleteAccountRequest
{
    /// <summary>The password that is in force.</summary>
    /// <example>secure_password123</example>
    [Required, DataType(DataType.Password), JsonConverter(typeof(LenientStringConverter))]
    public string? Password { get; init; }
}

internal sealed class DeleteAccountValidator : Validator<DeleteAccountRequest>
{
    public DeleteAccountValidator() => RuleFor(request => request.Password).MustBeInForce();
}

/// <summary>
/// Deletes the user: 200, and from then on the sessions have ended, the data can't be reached, and name and email are free. The data
/// are removed from the store in the minute that follows.
/// </summary>
internal sealed class DeleteAccount(CredentialVerifier credentials, AccountDeletions deletions, SecurityEvents events)
    : Endpoint<DeleteAccountRequest>
{
    public override void Configure()
    {
        Post("/api/account/delete");
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<DeleteAccountRequest>(UserJson.Context.DeleteAccountRequest));
        Summary(summary =>
        {
            summary.Summary = "Delete the account and all its data";
            summary.Description =
                "At once every session has ended, the data can't be reached, and the username and the email are free for others. A "
                + "wrong password counts as a failed login.";
            summary.ResponseExamples[200] = new SuccessResponse("Account deleted successfully.");
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Users)
                .Produces<SuccessResponse>(200)
                .ProducesErrors(ApiError.MissingFields, ApiError.InvalidCredentials, ApiError.OutcomeUnknown)
        );
    }

    public override async Task HandleAsync(DeleteAccountRequest request, CancellationToken cancellation)
    {
        if (await credentials.ConfirmAsync(HttpContext, request.Password!, cancellation) is not { } user)
        {
            return;
        }

        await deletions.BeginAsync(user, HttpContext.StoreDeadline());
        events.AccountDeleted(user.UserId);
        await ApiResponse.WriteAsync(
            HttpContext,
            200,
            """{"status":"success","message":"Account deleted successfully."}"""u8
        );
    }
}
