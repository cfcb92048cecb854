using NJsonSchema;
using NJsonSchema.Generation.TypeMappers;

namespace FastKv.Features.Data;

/// <summary>How the OpenAPI document describes a key and a value, which are bytes here.</summary>
internal static class DataSchema
{
    public static ITypeMapper Key { get; } =
        new PrimitiveTypeMapper(
            typeof(DataKey),
            schema =>
            {
                Describe(schema, DataKey.MaximumLength);
                schema.Example = "unique_key";
                schema.Description =
                    $"1 to {DataKey.MaximumLength} bytes in UTF-8 without control characters, and not `.` or `..`. Compared byte for byte. "
                    + "In the URL it is percent-encoded once, as UTF-8 (RFC 3986, 2.1): `a/b` stands there as `a%2Fb`.";
                schema.Pattern = @"^(?!\.{1,2}$)[^\u0000-\u001F\u007F]+$";
            }
        );

    public static ITypeMapper Value { get; } =
        new PrimitiveTypeMapper(
            typeof(ReadOnlyMemory<byte>),
            schema =>
            {
                Describe(schema, DataBody.MaximumValueLength);
                schema.Description = $"1 to {DataBody.MaximumValueLength} bytes in UTF-8.";
            }
        );

    private static void Describe(JsonSchema schema, int maximumLength)
    {
        schema.Type = JsonObjectType.String;
        schema.MinLength = 1;
        schema.MaxLength = maximumLength;
    }
}
