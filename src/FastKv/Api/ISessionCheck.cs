namespace FastKv.Api;

/// <summary>Tells whether the session of a request's token has ended. Asked before a request is refused for anything else.</summary>
internal interface ISessionCheck
{
    /// <summary>Whether it has; false if there is none, or if the store can't say.</summary>
    Task<bool> HasEndedAsync(HttpContext context);
}
