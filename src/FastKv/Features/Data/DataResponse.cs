using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>What the answers of the operations on data have in common.</summary>
internal static class DataResponse
{
    /// <summary>Answers a write of one entry that was done.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">200 or 201.</param>
    /// <param name="json">The body.</param>
    /// <param name="written">How it ended.</param>
    /// <param name="version">The version of what is there now, if it is known.</param>
    public static Task WriteAsync(
        HttpContext context,
        int status,
        ReadOnlySpan<byte> json,
        in WriteResult written,
        EntityTag? version = null
    )
    {
        var headers = context.Response.Headers;
        if (version is { } tag)
        {
            headers.ETag = tag.Quoted;
        }

        if (written.IsReplayed)
        {
            headers["Idempotent-Replayed"] = "true";
        }

        return ApiResponse.WriteAsync(context, status, json);
    }

    /// <summary>Answers a write of one entry that was refused.</summary>
    public static Task RefuseAsync(HttpContext context, WriteRefusal refusal)
    {
        if (refusal.Version is { } version)
        {
            context.Response.Headers.ETag = version.Quoted;
        }

        return ApiResponse.ErrorAsync(context, refusal.Error);
    }
}
