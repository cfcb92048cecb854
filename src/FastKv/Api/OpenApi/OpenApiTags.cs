namespace FastKv.Api.OpenApi;

/// <summary>The groups of operations in the OpenAPI document.</summary>
internal static class OpenApiTags
{
    public const string Users = "Users";
    public const string Tokens = "Tokens";
    public const string Data = "Data";
}
