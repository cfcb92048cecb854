using FastKv.Api;
using Microsoft.OpenApi;

namespace FastKv.Features.Users;

/// <summary>What the OpenAPI document says about users. The examples are those of the API document.</summary>
internal static class UserDocument
{
    public static OpenApiObject RegisterRequest { get; } =
        OpenApiObject.Of(
            "RegisterUserRequest",
            ("username", Username),
            ("email", Email),
            (
                "password",
                OpenApiObject.Text(
                    "At least one letter and one digit, not the username or the email, and not one of the commonest passwords. Every character is allowed.",
                    "secure_password123",
                    UserRules.MinimumPasswordLength,
                    UserRules.MaximumPasswordLength,
                    format: "password"
                )
            ),
            ("full_name", FullName),
            ("age", Age),
            ("gender", Gender)
        );

    public static OpenApiObject RegisterResponse { get; } =
        OpenApiObject.Success(
            "RegisterUserResponse",
            "User successfully registered!",
            ("user_id", OpenApiObject.Text("An opaque name for the user.", "12345")),
            ("username", Username),
            ("email", Email),
            ("full_name", FullName),
            ("age", Age),
            ("gender", Gender)
        );

    private static OpenApiSchema Username =>
        OpenApiObject.Text(
            "Letters, digits and `_ . -`. Unique without regard to case.",
            "example_user",
            UserRules.MinimumUsernameLength,
            UserRules.MaximumUsernameLength,
            "^[A-Za-z0-9_.-]+$"
        );

    private static OpenApiSchema Email =>
        OpenApiObject.Text(
            "An email address. Unique without regard to case.",
            "user@example.com",
            UserRules.MinimumEmailLength,
            UserRules.MaximumEmailLength,
            format: "email"
        );

    private static OpenApiSchema FullName =>
        OpenApiObject.Text(
            "White space at the ends is dropped.",
            "John Doe",
            1,
            UserRules.MaximumFullNameLength,
            @"\S"
        );

    private static OpenApiSchema Age =>
        OpenApiObject.WholeNumber("In years.", 30, UserRules.MinimumAge, UserRules.MaximumAge);

    private static OpenApiSchema Gender => OpenApiObject.Text("Free text.", "male", 1, UserRules.MaximumGenderLength);
}
