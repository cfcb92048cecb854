namespace FastKv.Api;

/// <summary>
/// The client went away in the middle of its request. It comes where the body is read, often before
/// <see cref="HttpContext.RequestAborted"/> says so.
/// </summary>
internal sealed class RequestAbortedException(Exception cause) : Exception("The client is gone.", cause);
