using System.ComponentModel.DataAnnotations;
using System.Globalization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Users;

/// <summary>Who the user is, and how many keys they have: 200.</summary>
internal sealed class GetAccount(AccountStore accounts) : EndpointWithoutRequest
{
    public override void Configure()
    {
        Get("/api/account");
        DontAutoSendResponse();
        Summary(summary =>
        {
            summary.Summary = "Show the account";
            summary.Description = "What was registered, since when, and how many keys there are.";
        });
        Description(route => route.WithTags(OpenApiTags.Users).Produces<GetAccountResponse>(200).ProducesErrors());
    }

    public override async Task HandleAsync(CancellationToken cancellation)
    {
        HttpContext.Response.Headers.CacheControl = "no-store";
        await (
            await HttpContext.StoreDeadline().BoundAsync(accounts.FindAsync(HttpContext.Caller().Session))
                is var (user, keys)
                ? ApiResponse.WriteAsync(
                    HttpContext,
                    200,
                    GetAccountResponse.Of(user, keys),
                    UserJson.Context.GetAccountResponse
                )
                : ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken)
        );
    }
}

/// <summary>The answer with the account.</summary>
internal sealed class GetAccountResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    public required Account Data { get; init; }

    public static GetAccountResponse Of(User user, long keys) =>
        new()
        {
            Status = "success",
            Data = new Account
            {
                UserId = user.UserId,
                Username = user.Username,
                Email = user.Email,
                FullName = user.FullName,
                Age = user.Age,
                Gender = user.Gender,
                CreatedAt = user.CreatedAt.UtcDateTime.ToString(
                    "yyyy-MM-dd'T'HH:mm:ss'Z'",
                    CultureInfo.InvariantCulture
                ),
                Keys = keys,
            },
        };
}

/// <summary>A user, as registered, and what they have stored.</summary>
internal sealed class Account
{
    /// <summary>An opaque name for the user.</summary>
    /// <example>"12345"</example>
    public required string UserId { get; init; }

    /// <summary>Letters, digits and `_ . -`.</summary>
    /// <example>example_user</example>
    public required string Username { get; init; }

    /// <summary>An email address.</summary>
    /// <example>user@example.com</example>
    public required string Email { get; init; }

    /// <summary>As registered.</summary>
    /// <example>John Doe</example>
    public required string FullName { get; init; }

    /// <summary>In years.</summary>
    /// <example>30</example>
    public required int Age { get; init; }

    /// <summary>Free text.</summary>
    /// <example>male</example>
    public required string Gender { get; init; }

    /// <summary>When the user registered (RFC 3339), in UTC.</summary>
    /// <example>"2026-01-31T12:00:00Z"</example>
    [DataType(DataType.DateTime)]
    public required string CreatedAt { get; init; }

    /// <summary>How many entries there are.</summary>
    /// <example>2</example>
    public required long Keys { get; init; }
}
