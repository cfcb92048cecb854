using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Namotion.Reflection;
using NJsonSchema;
using NJsonSchema.Generation;

namespace FastKv.Api.OpenApi;

/// <summary>
/// Reads the annotations of members that NJsonSchema leaves out: allowed values, passwords, and what is left out rather than null.
/// </summary>
internal sealed class MemberAnnotationProcessor : ISchemaProcessor
{
    public void Process(SchemaProcessorContext context)
    {
        var member = context.ContextualType;
        foreach (var value in member.GetContextAttribute<AllowedValuesAttribute>(false)?.Values ?? [])
        {
            context.Schema.Enumeration.Add(value);
        }

        if (member.GetContextAttribute<DataTypeAttribute>(false) is { DataType: DataType.Password })
        {
            context.Schema.Format = "password";
        }

        foreach (var left in member.OriginalType.GetProperties().Where(IsLeftOut))
        {
            if (
                context.Schema.Properties.TryGetValue(
                    JsonNamingPolicy.SnakeCaseLower.ConvertName(left.Name),
                    out var schema
                )
            )
            {
                MakeNeverNull(schema);
            }
        }
    }

    private static bool IsLeftOut(PropertyInfo member) =>
        member.GetCustomAttribute<JsonIgnoreAttribute>() is { Condition: JsonIgnoreCondition.WhenWritingNull };

    private static void MakeNeverNull(JsonSchemaProperty schema)
    {
        schema.IsNullableRaw = null;
        if (schema.OneOf.SingleOrDefault() is { } only)
        {
            // NJsonSchema wraps a reference that may be null.
            schema.OneOf.Clear();
            schema.Reference = only.Reference;
        }
    }
}
