using FastKv.Api;

namespace FastKv.Auth;

internal static class AuthSetup
{
    private const string KeyFile = "signing.key";

    /// <param name="builder">The application.</param>
    /// <param name="keyDirectory">Where a signing key is made and kept if none is set; null if one must be set.</param>
    public static void AddAuth(this WebApplicationBuilder builder, string? keyDirectory)
    {
        var keyFile = keyDirectory is null ? null : Path.Combine(keyDirectory, KeyFile);
        builder.Services.AddSingleton(TokenOptions.From(builder.Configuration, keyFile));
        builder.Services.AddSingleton<AccessTokens>();
        builder.Services.AddSingleton<SessionStore>();
        builder.Services.AddSingleton<ISessionCheck>(services => services.GetRequiredService<SessionStore>());
        builder.Services.AddSingleton(PasswordOptions.From(builder.Configuration));
        builder.Services.AddSingleton<PasswordHasher>();
        builder.Services.AddSingleton<CredentialStore>();
        builder.Services.AddSingleton<LoginLimiter>();
        builder.Services.AddSingleton<CredentialVerifier>();
    }
}
