using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;
using FastKv.Api;

namespace FastKv.Auth;

/// <summary>The answer with a token.</summary>
internal sealed class TokenResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    /// <summary>What happened, for a person.</summary>
    /// <example>Access token generated successfully.</example>
    public required string Message { get; init; }

    public required IssuedToken Data { get; init; }

    /// <summary>Answers 200 with a token, which no cache may keep (RFC 6749, 5.1).</summary>
    public static Task WriteAsync(HttpContext context, string message, IssuedToken token)
    {
        context.Response.Headers.CacheControl = "no-store";
        return ApiResponse.WriteAsync(
            context,
            200,
            new TokenResponse
            {
                Status = "success",
                Message = message,
                Data = token,
            },
            TokenResponseJson.Context.TokenResponse
        );
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(TokenResponse))]
internal sealed partial class TokenResponseJson : JsonSerializerContext
{
    public static readonly TokenResponseJson Context = new(ApiJson.NewOptions());
}
