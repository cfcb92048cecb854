using System.ComponentModel.DataAnnotations;
using Namotion.Reflection;
using NJsonSchema.Generation;

namespace FastKv.Api.OpenApi;

/// <summary>Reads the annotations of members that NJsonSchema leaves out: allowed values and passwords.</summary>
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
    }
}
