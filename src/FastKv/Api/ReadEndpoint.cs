namespace FastKv.Api;

/// <summary>Routes that are no operations, and are only read.</summary>
internal static class ReadEndpoint
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Answers GET, and HEAD alike; of the answer to HEAD the server keeps the body back (RFC 9110, 9.3.2).</summary>
    public static IEndpointConventionBuilder MapRead(this WebApplication app, string path, Delegate answer) =>
        app.MapMethods(path, Methods, answer).ExcludeFromDescription();

    /// <inheritdoc cref="MapRead(WebApplication, string, Delegate)"/>
    public static IEndpointConventionBuilder MapRead(this WebApplication app, string path, RequestDelegate answer) =>
        app.MapMethods(path, Methods, answer).ExcludeFromDescription();
}
