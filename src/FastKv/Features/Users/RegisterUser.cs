using System.Text.Json.Serialization;
using FastEndpoints;
using FastKv.Api;
using FastKv.Auth;
using FluentValidation;

namespace FastKv.Features.Users;

/// <summary>The document's section 1, User Registration.</summary>
internal sealed class RegisterUserRequest
{
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Username { get; init; }

    [JsonConverter(typeof(LenientStringConverter))]
    public string? Email { get; init; }

    [JsonConverter(typeof(LenientStringConverter))]
    public string? Password { get; init; }

    [JsonConverter(typeof(LenientStringConverter))]
    public string? FullName { get; init; }

    [JsonConverter(typeof(LenientWholeNumberConverter))]
    public int? Age { get; init; }

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

/// <summary>201, or 409 if the username or the email is taken.</summary>
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
        Description(
            route =>
                route.Documents(
                    new(1, "registerUser", OpenApiTags.Users, "Register a user")
                    {
                        Description = "Usernames and emails are unique without regard to case.",
                        Takes = UserDocument.RegisterRequest,
                        Status = 201,
                        Answers = UserDocument.RegisterResponse,
                        Refuses =
                        [
                            ApiError.InvalidRequest,
                            ApiError.InvalidPassword,
                            ApiError.InvalidAge,
                            ApiError.GenderRequired,
                            ApiError.UsernameExists,
                            ApiError.EmailExists,
                            ApiError.OutcomeUnknown,
                        ],
                    }
                ),
            clearDefaults: true
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

internal sealed record RegisterUserResponse(string Status, string Message, RegisteredUser Data)
{
    public static RegisterUserResponse Of(User user) =>
        new(
            "success",
            "User successfully registered!",
            new RegisteredUser(user.UserId, user.Username, user.Email, user.FullName, user.Age, user.Gender)
        );
}

internal sealed record RegisteredUser(
    string UserId,
    string Username,
    string Email,
    string FullName,
    int Age,
    string Gender
);
