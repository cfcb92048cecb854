using System.Buffers;
using System.Buffers.Text;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.Json;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Auth;

namespace FastKv.Features.Data;

internal readonly struct ListDataRequest
{
    public const int MaximumLimit = 1000;
    public const int DefaultLimit = 100;

    /// <summary>What the keys begin with: up to 512 bytes of UTF-8, percent-encoded, without control characters.</summary>
    /// <example>a/</example>
    [QueryParam]
    public string? Prefix { get; init; }

    /// <summary>Keys of a page at most. A page may have fewer also when it is not the last one.</summary>
    /// <example>100</example>
    [QueryParam, Range(1, MaximumLimit), DefaultValue(DefaultLimit)]
    public int? Limit { get; init; }

    /// <summary>Where the page begins: the `next_cursor` of the page before it. It does not go stale.</summary>
    /// <example>YS8x</example>
    [QueryParam]
    public string? Cursor { get; init; }

    internal ReadOnlyMemory<byte> PrefixUtf8 { get; init; }

    internal ReadOnlyMemory<byte> After { get; init; }
}

internal sealed class ListDataBinder : IRequestBinder<ListDataRequest>
{
    public ValueTask<ListDataRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var query = context.HttpContext.Request;
        var problems = new RequestProblems();
        var request = new ListDataRequest
        {
            PrefixUtf8 = PrefixOf(QueryParameters.Find(query, "prefix", ref problems), ref problems),
            Limit = LimitOf(QueryParameters.Find(query, "limit", ref problems), ref problems),
            After = AfterOf(QueryParameters.Find(query, "cursor", ref problems), ref problems),
        };
        problems.ThrowIfAny();
        return new(request);
    }

    private static byte[] PrefixOf(string? text, ref RequestProblems problems)
    {
        Span<byte> decoded = stackalloc byte[DataKey.MaximumLength + 1];
        if (
            !PercentEncoding.TryDecode(text, decoded, out var length, plusIsSpace: true)
            || !DataKey.IsPrefix(decoded[..length])
        )
        {
            problems.Add(
                ApiError.InvalidParameter,
                "prefix",
                "must be at most 512 bytes in UTF-8 without control characters"
            );
        }

        return decoded[..length].ToArray();
    }

    private static int LimitOf(string? text, ref RequestProblems problems)
    {
        if (text is null)
        {
            return ListDataRequest.DefaultLimit;
        }

        if (
            !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit)
            || limit is < 1 or > ListDataRequest.MaximumLimit
        )
        {
            problems.Add(ApiError.InvalidParameter, "limit", "must be a whole number from 1 to 1000");
        }

        return limit;
    }

    // A cursor is the key behind which the page begins.
    private static byte[] AfterOf(string? text, ref RequestProblems problems)
    {
        if (text is null)
        {
            return [];
        }

        Span<byte> key = stackalloc byte[DataKey.MaximumLength];
        if (
            text.Length <= Base64Url.GetEncodedLength(DataKey.MaximumLength)
            && Base64Url.IsValid(text)
            && Base64Url.TryDecodeFromChars(text, key, out var length)
            && DataKey.TryCreate(key[..length], out _)
            && text == Base64Url.EncodeToString(key[..length])
        )
        {
            return key[..length].ToArray();
        }

        problems.Add(ApiError.InvalidParameter, "cursor", "must be the next_cursor of an answer");
        return [];
    }
}

/// <summary>Lists the user's keys in the order of their bytes, page by page: 200.</summary>
internal sealed class ListData(DataStore data) : Endpoint<ListDataRequest>
{
    public override void Configure()
    {
        Get("/api/data");
        DontAutoSendResponse();
        RequestBinder(new ListDataBinder());
        Summary(summary =>
        {
            summary.Summary = "List keys";
            summary.Description =
                "In the order of their bytes. `next_cursor` is null on the last page, and only there. A key that exists during the "
                + "whole walk is listed exactly once.";
        });
        Description(route =>
            route
                .WithTags(OpenApiTags.Data)
                .WithMetadata(SessionCheckMetadata.InStoreCommand)
                .Produces<ListDataResponse>(200)
                .ProducesErrors(ApiError.InvalidParameter)
        );
    }

    public override async Task HandleAsync(ListDataRequest request, CancellationToken cancellation)
    {
        using var page = await data.ListAsync(
            HttpContext.Caller(),
            request.PrefixUtf8,
            request.After,
            request.Limit ?? ListDataRequest.DefaultLimit
        );
        await (
            HttpContext.Caller().Session.HasEnded(page.Ended)
                ? ApiResponse.ErrorAsync(HttpContext, ApiError.InvalidToken)
                : ApiResponse.WriteAsync(HttpContext, 200, Write(page))
        );
    }

    private static ReadOnlySpan<byte> Write(KeyPage page)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, ApiJson.WriterOptions);
        json.WriteStartObject();
        json.WriteString("status"u8, "success"u8);
        json.WriteStartObject("data"u8);
        json.WriteStartArray("items"u8);
        for (var i = 0; i < page.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("key"u8, page.KeyAt(i).Span);
            WriteNumber(json, "expires_in"u8, page.SecondsLeftAt(i));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (page.Last.IsEmpty)
        {
            json.WriteNull("next_cursor"u8);
        }
        else
        {
            json.WriteString("next_cursor"u8, Base64Url.EncodeToString(page.Last.Span));
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan;
    }

    private static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? number)
    {
        if (number is { } some)
        {
            json.WriteNumber(name, some);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}

/// <summary>The answer with a page of keys.</summary>
internal sealed class ListDataResponse
{
    /// <example>success</example>
    [AllowedValues("success")]
    public required string Status { get; init; }

    public required KeyList Data { get; init; }
}

/// <summary>A page of keys.</summary>
internal sealed class KeyList
{
    /// <summary>In the order of their bytes.</summary>
    public required IReadOnlyList<ListedKey> Items { get; init; }

    /// <summary>Where the next page begins; null on the last one.</summary>
    /// <example>YS8x</example>
    public required string? NextCursor { get; init; }
}

/// <summary>A key that exists.</summary>
internal sealed class ListedKey
{
    public required DataKey Key { get; init; }

    /// <summary>Whole seconds until it expires, rounded up; null if it does not.</summary>
    /// <example>60</example>
    public required long? ExpiresIn { get; init; }
}
