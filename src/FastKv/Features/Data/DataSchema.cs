using FastEndpoints;
using FastKv.Api;
using NJsonSchema;
using NJsonSchema.Generation.TypeMappers;

namespace FastKv.Features.Data;

/// <summary>How the OpenAPI document describes what stands in requests and answers and is no type that it knows.</summary>
internal static class DataSchema
{
    public static IReadOnlyList<ITypeMapper> All { get; } =
    [
        Mapper(
            typeof(DataKey),
            schema =>
            {
                DescribeText(schema, DataKey.MaximumLength);
                schema.Example = "unique_key";
                schema.Description =
                    $"1 to {DataKey.MaximumLength} bytes in UTF-8 without control characters, and not `.` or `..`. Compared byte for byte. "
                    + "In the URL it is percent-encoded once, as UTF-8 (RFC 3986, 2.1): `a/b` stands there as `a%2Fb`.";
                // Fewer than three dots and then something else, or three and then anything: without what not every engine has.
                schema.Pattern = @"^(\.{0,2}[^.\x00-\x1F\x7F][^\x00-\x1F\x7F]*|\.{3}[^\x00-\x1F\x7F]*)$";
            }
        ),
        Mapper(
            typeof(ReadOnlyMemory<byte>),
            schema =>
            {
                DescribeText(schema, EntryMembers.MaximumValueLength);
                schema.Description = $"1 to {EntryMembers.MaximumValueLength} bytes in UTF-8.";
            }
        ),
        Mapper(
            typeof(Expiry),
            schema =>
            {
                schema.Type = JsonObjectType.Integer;
                schema.Minimum = 1;
                schema.Maximum = Expiry.MaximumSeconds;
                schema.Example = 3600;
            }
        ),
        Mapper(
            typeof(EntityTagList),
            schema =>
            {
                schema.Type = JsonObjectType.String;
                schema.Description = "`*`, or entity tags in quotes with commas between them (RFC 9110, 13.1).";
                schema.Example = EntityTag.Example;
            }
        ),
        Mapper(
            typeof(IdempotencyKey),
            schema =>
            {
                DescribeText(schema, IdempotencyKey.MaximumLength);
                schema.Pattern = "^[!-~]+$";
                schema.Description =
                    "A name for this request, for example a UUID. If it succeeded before, it is not done again: the answer is that "
                    + "success, with `Idempotent-Replayed: true`.";
                schema.Example = "7d444840-9dc0-11d1-b245-5ffdce74fad2";
            }
        ),
    ];

    /// <summary>The version of the value, in the answers with a status.</summary>
    public static ResponseHeader EntityTagHeader(int status) =>
        new(status, "ETag")
        {
            Description = "The version of the value (RFC 9110, 8.8.3).",
            Example = EntityTag.Example,
        };

    public static ResponseHeader CacheControlHeader(int status) =>
        new(status, "Cache-Control")
        {
            Description = "A cache of the client may keep it, and must ask each time (RFC 9111, 5.2.2).",
            Example = "private, no-cache",
        };

    public static ResponseHeader ReplayedHeader(int status) =>
        new(status, "Idempotent-Replayed")
        {
            Description = "`true` if the request was done before, under the same `Idempotency-Key`.",
            Example = "true",
        };

    private static PrimitiveTypeMapper Mapper(Type type, Action<JsonSchema> describe) => new(type, describe);

    private static void DescribeText(JsonSchema schema, int maximumLength)
    {
        schema.Type = JsonObjectType.String;
        schema.MinLength = 1;
        schema.MaxLength = maximumLength;
    }
}
