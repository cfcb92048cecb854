using System.Reflection;
using System.Text.Json;
using FastEndpoints;
using FastEndpoints.Swagger;
using Namotion.Reflection;
using NJsonSchema;
using NSwag;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace FastKv.Api.OpenApi;

/// <summary>
/// Gives a parameter what the annotations of its member of the request say: limits, a pattern, the name of a header as it is
/// written. FastEndpoints takes over its type, description and example.
/// </summary>
internal sealed class ParameterProcessor : IOperationProcessor
{
    public bool Process(OperationProcessorContext context)
    {
        var members = context
            .GetEndpointDefinition()!
            .ReqDtoType.GetProperties()
            .ToDictionary(NameOf, StringComparer.OrdinalIgnoreCase);
        foreach (var parameter in context.OperationDescription.Operation.Parameters)
        {
            if (parameter.Kind != OpenApiParameterKind.Body && members.TryGetValue(parameter.Name, out var member))
            {
                parameter.Name = NameOf(member);
                parameter.Schema = SchemaOf(member.ToContextualProperty().PropertyType, context);
                parameter.Description ??= parameter.Schema.Description;
                parameter.Schema.Description = null;
            }
        }

        return true;
    }

    private static string NameOf(PropertyInfo member) =>
        member.GetCustomAttribute<FromHeaderAttribute>()?.HeaderName
        ?? JsonNamingPolicy.SnakeCaseLower.ConvertName(member.Name);

    /// <summary>A parameter may be absent, but it is never null.</summary>
    private static JsonSchema SchemaOf(ContextualType type, OperationProcessorContext context)
    {
        var settings = context.Settings.SchemaSettings;
        return context.SchemaGenerator.GenerateWithReferenceAndNullability<JsonSchema>(
            type,
            isNullable: false,
            context.SchemaResolver,
            (schema, _) =>
            {
                context.SchemaGenerator.ApplyDataAnnotations(
                    schema,
                    settings.ReflectionService.GetDescription(type, settings)
                );
            }
        );
    }
}
