using FastKv.Api;

namespace FastKv.Features.Tokens;

/// <summary>What the OpenAPI document says about tokens. The examples are those of the API document.</summary>
internal static class TokenDocument
{
    public static OpenApiObject TokenRequest { get; } =
        OpenApiObject.Of(
            "GenerateTokenRequest",
            ("username", OpenApiObject.Text("The name that was registered, in any case.", "example_user", 1)),
            (
                "password",
                OpenApiObject.Text("The password that was registered.", "secure_password123", 1, format: "password")
            )
        );

    public static OpenApiObject TokenResponse { get; } =
        OpenApiObject.Success(
            "GenerateTokenResponse",
            "Access token generated successfully.",
            ("access_token", OpenApiObject.Text("To send as `Authorization: Bearer …`.", "<TOKEN>")),
            ("expires_in", OpenApiObject.WholeNumber("Seconds that the token is valid.", 3600, 1))
        );
}
