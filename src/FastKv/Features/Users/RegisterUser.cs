using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;
using FluentValidation;

namespace FastKv.Features.Users;

/// <summary>Who registers.</summary>
internal sealed class RegisterUserRequest
{
    /// <summary>Letters, digits and `_ . -`. Unique without regard to case.</summary>
    /// <example>example_user</example>
    [Required, StringLength(UserRules.MaximumUsernameLength, MinimumLength = UserRules.MinimumUsernameLength)]
    [RegularExpression(UserRules.UsernamePattern)]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Username { get; init; }

    /// <summary>An email address. Unique without regard to case.</summary>
    /// <example>user@example.com</example>
    [Required, StringLength(UserRules.MaximumEmailLength, MinimumLength = UserRules.MinimumEmailLength), EmailAddress]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Email { get; init; }

    /// <summary>A letter and a digit; not the username, the email or one of the commonest. Every character is allowed.</summary>
    /// <example>secure_password123</example>
    [Required, StringLength(UserRules.MaximumPasswordLength, MinimumLength = UserRules.MinimumPasswordLength)]
    [DataType(DataType.Password)]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Password { get; init; }

    /// <summary>White space at the ends is dropped.</summary>
    /// <example>John Doe</example>
    [Required, StringLength(UserRules.MaximumFullNameLength, MinimumLength = 1), RegularExpression(@"\S")]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? FullName { get; init; }

    /// <summary>In years.</summary>
    /// <example>30</example>
    [Required, Range(UserRules.MinimumAge, UserRules.MaximumAge)]
    [JsonConverter(typeof(LenientWholeNumberConverter))]
    public int? Age { get; init; }

    /// <summary>Free text.</summary>
    /// <example>male</example>
    [Required, StringLength(UserRules.MaximumGenderLength, MinimumLength = 1)]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Gender { get; init; }
}

internal sealed class RegisterUserValidator : Validator<RegisterUserRequest>
{
    public RegisterUserValidator()
    {
        RuleFor(request => request.Username)
            .Must(UserRules.IsUsername)
            .WithError(
                ApiError.InvalidRequest,
                "username",
                "must be a string of 3 to 64 letters, digits, or _ . - characters"
            );
        RuleFor(request => request.Email)
            .Must(UserRules.IsEmail)
            .WithError(ApiError.InvalidRequest, "email", "must be an email address of at most 254 characters");
        RuleFor(request => request.FullName)
            .Must(UserRules.IsFullName)
            .WithError(ApiError.InvalidRequest, "full_name", "must be a string of 1 to 200 characters");
        RuleFor(request => request.Password).NotNull().WithError(ApiError.InvalidRequest, "password", "is required");
        RuleFor(request => request.Password)
            .Must((request, password) => UserRules.IsPassword(password!, request.Username, request.Email))
            .When(request => request.Password is not null)
            .WithError(ApiError.InvalidPassword, "password", UserRules.PasswordRule);
        RuleFor(request => request.Age).NotNull().WithError(ApiError.InvalidRequest, "age", "is required");
        RuleFor(request => request.Age)
            .InclusiveBetween(UserRules.MinimumAge, UserRules.MaximumAge)
            .WithError(ApiError.InvalidAge, "age", "must be a whole number from 1 to 150");
        RuleFor(request => request.Gender)
            .Must(UserRules.IsGender)
            .WithError(ApiError.GenderRequired, "gender", "must be a string of 1 to 50 characters");
    }
}

/// <summary>The document's section 1, User Registration: 201, or 409 if the username or the email is taken.</summary>
internal sealed class RegisterUser(
    UserStore users,
    PasswordHasher passwords,
    RegistrationLimiter limiter,
    TimeProvider time
) : Endpoint<RegisterUserRequest>
{
    public override void Configure()
    {
        Post("/api/register");
        AllowAnonymous();
        DontAutoSendResponse();
        RequestBinder(new JsonBinder<RegisterUserRequest>(UserJson.Context.RegisterUserRequest));
        Summary(summary =>
        {
            summary.Summary = "Register a user";
            summary.Description = "Usernames and emails are unique without regard to case.";
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Users)
                .Produces<RegisterUserResponse>(201)
                .ProducesErrors(
                    ApiError.InvalidRequest,
                    ApiError.InvalidPassword,
                    ApiError.InvalidAge,
                    ApiError.GenderRequired,
                    ApiError.UsernameExists,
                    ApiError.EmailExists,
                    ApiError.OutcomeUnknown
                )
        );
    }

    public override async Task HandleAsync(RegisterUserRequest request, CancellationToken cancellation)
    {
        // Asked before the expensive hash, and decided for good after it.
        var deadline = users.NewDeadline();
        var conflictAsync = users.FindConflictAsync(request.Username!, request.Email!, deadline);
        var limitedAsync = limiter.CountAsync(HttpContext);
        await Task.WhenAll(conflictAsync, limitedAsync);
        if (await limitedAsync is > 0 and var seconds)
        {
            await ApiResponse.TooManyRequestsAsync(HttpContext, seconds);
            return;
        }

        if (await conflictAsync is { } conflict)
        {
            await ApiResponse.ErrorAsync(HttpContext, ErrorFor(conflict));
            return;
        }

        if (await passwords.HashAsync(request.Password!, cancellation) is not { } hash)
        {
            await ApiResponse.ErrorAsync(HttpContext, ApiError.TooManyRequests);
            return;
        }

        var (registered, user) = await users.RegisterAsync(
            new User(
                UserStore.NewUserId(),
                request.Username!,
                request.Email!,
                request.FullName!.Trim(),
                request.Age!.Value,
                request.Gender!,
                hash,
                time.GetUtcNow()
            ),
            deadline
        );
        await (
            registered == Registration.Done
                ? ApiResponse.WriteAsync(
                    HttpContext,
                    201,
                    RegisterUserResponse.Of(user),
                    UserJson.Context.RegisterUserResponse
                )
                : ApiResponse.ErrorAsync(HttpContext, ErrorFor(registered))
        );
    }

    private static ApiError ErrorFor(Registration conflict) =>
        conflict == Registration.UsernameTaken ? ApiError.UsernameExists : ApiError.EmailExists;
}

/// <summary>The answer with the user.</summary>
internal sealed class RegisterUserResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    /// <summary>What happened, for a person.</summary>
    /// <example>User successfully registered!</example>
    public required string Message { get; init; }

    public required RegisteredUser Data { get; init; }

    public static RegisterUserResponse Of(User user) =>
        new()
        {
            Status = "success",
            Message = "User successfully registered!",
            Data = new RegisteredUser
            {
                UserId = user.UserId,
                Username = user.Username,
                Email = user.Email,
                FullName = user.FullName,
                Age = user.Age,
                Gender = user.Gender,
            },
        };
}

/// <summary>A user, as registered.</summary>
internal sealed class RegisteredUser
{
    /// <summary>An opaque name for the user.</summary>
    /// <example>"12345"</example>
    public required string UserId { get; init; }

    /// <summary>Letters, digits and `_ . -`. Unique without regard to case.</summary>
    /// <example>example_user</example>
    [StringLength(UserRules.MaximumUsernameLength, MinimumLength = UserRules.MinimumUsernameLength)]
    [RegularExpression(UserRules.UsernamePattern)]
    public required string Username { get; init; }

    /// <summary>An email address. Unique without regard to case.</summary>
    /// <example>user@example.com</example>
    [StringLength(UserRules.MaximumEmailLength, MinimumLength = UserRules.MinimumEmailLength), EmailAddress]
    public required string Email { get; init; }

    /// <summary>White space at the ends is dropped.</summary>
    /// <example>John Doe</example>
    [StringLength(UserRules.MaximumFullNameLength, MinimumLength = 1), RegularExpression(@"\S")]
    public required string FullName { get; init; }

    /// <summary>In years.</summary>
    /// <example>30</example>
    [Range(UserRules.MinimumAge, UserRules.MaximumAge)]
    public required int Age { get; init; }

    /// <summary>Free text.</summary>
    /// <example>male</example>
    [StringLength(UserRules.MaximumGenderLength, MinimumLength = 1)]
    public required string Gender { get; init; }
}
