using FastKv.Api;

namespace FastKv.Auth;

/// <summary>What a client is told whose password did not pass.</summary>
internal static class CredentialAnswer
{
    /// <summary>Answers 401 or 429.</summary>
    public static Task RefuseAsync(HttpContext context, CredentialResult result) =>
        result is CredentialResult.TooManyAttempts attempts
            ? ApiResponse.TooManyRequestsAsync(context, attempts.RetryAfterSeconds)
            : ApiResponse.ErrorAsync(context, ApiError.InvalidCredentials);
}
