using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FastKv.Tests.Api;

/// <summary>
/// Checks a value against a schema of the OpenAPI document, as far as the document uses JSON Schema. It is stricter in one
/// thing: a member that the schema does not name is a problem, so that nothing is answered that is not documented.
/// </summary>
internal static class JsonSchema
{
    private static readonly HashSet<string> Known =
    [
        "type",
        "const",
        "enum",
        "required",
        "properties",
        "items",
        "minLength",
        "maxLength",
        "pattern",
        "minimum",
        "maximum",
        "description",
        "examples",
        "format",
        "default",
        "minItems",
        "maxItems",
    ];

    /// <summary>What is wrong with the value; empty if nothing is.</summary>
    public static IReadOnlyList<string> Problems(JsonObject document, JsonObject schema, JsonNode? value) =>
        [.. Check(document, schema, value, "$")];

    /// <summary>The schema itself, or the one that it refers to.</summary>
    public static JsonObject Resolve(JsonObject document, JsonObject schema)
    {
        if (schema["$ref"] is not { } reference)
        {
            return schema;
        }

        JsonNode node = document;
        foreach (var part in reference.GetValue<string>().Split('/').Skip(1))
        {
            node = node[part]!;
        }

        return node.AsObject();
    }

    private static IEnumerable<string> Check(JsonObject document, JsonObject reference, JsonNode? value, string at)
    {
        var schema = Resolve(document, reference);
        if (schema["oneOf"] is JsonArray alternatives)
        {
            if (alternatives.Count(one => !Check(document, one!.AsObject(), value, at).Any()) != 1)
            {
                yield return $"{at}: is not one of the alternatives";
            }

            yield break;
        }

        foreach (var keyword in schema.Select(member => member.Key).Where(keyword => !Known.Contains(keyword)))
        {
            yield return $"{at}: the keyword {keyword} is not known here";
        }

        var types = schema["type"] is JsonArray several ? several.Select(type => $"{type}") : [$"{schema["type"]}"];
        if (!types.Contains(TypeOf(value)))
        {
            yield return $"{at}: is {TypeOf(value)}, not {schema["type"]}";
            yield break;
        }

        if (value is null)
        {
            yield break;
        }

        if (schema["const"] is { } constant && !JsonNode.DeepEquals(constant, value))
        {
            yield return $"{at}: is not {constant}";
        }

        if (schema["enum"] is JsonArray values && !values.Any(one => JsonNode.DeepEquals(one, value)))
        {
            yield return $"{at}: is none of the values";
        }

        var inner = value switch
        {
            JsonObject members => CheckObject(document, schema, members, at),
            JsonArray items => items.SelectMany(
                (item, i) => Check(document, schema["items"]!.AsObject(), item, $"{at}[{i}]")
            ),
            _ when TypeOf(value) == "boolean" => [],
            _ when TypeOf(value) == "integer" => CheckNumber(schema, value!.GetValue<long>(), at),
            _ => CheckText(schema, value!.GetValue<string>(), at),
        };
        foreach (var problem in inner)
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> CheckObject(JsonObject document, JsonObject schema, JsonObject value, string at)
    {
        var properties = schema["properties"]!.AsObject();
        foreach (var name in schema["required"]?.AsArray().Select(name => name!.GetValue<string>()) ?? [])
        {
            if (!value.ContainsKey(name))
            {
                yield return $"{at}: {name} is missing";
            }
        }

        foreach (var (name, member) in value)
        {
            if (properties[name] is not JsonObject property)
            {
                yield return $"{at}: {name} is not documented";
                continue;
            }

            foreach (var problem in Check(document, property, member, $"{at}.{name}"))
            {
                yield return problem;
            }
        }
    }

    private static IEnumerable<string> CheckText(JsonObject schema, string text, string at)
    {
        var length = text.EnumerateRunes().Count();
        if (length < (schema["minLength"]?.GetValue<int>() ?? 0))
        {
            yield return $"{at}: is too short";
        }

        if (length > (schema["maxLength"]?.GetValue<int>() ?? int.MaxValue))
        {
            yield return $"{at}: is too long";
        }

        if (schema["pattern"] is { } pattern && !Regex.IsMatch(text, Translate(pattern.GetValue<string>())))
        {
            yield return $"{at}: does not match {pattern}";
        }
    }

    private static IEnumerable<string> CheckNumber(JsonObject schema, long number, string at)
    {
        if (number < (schema["minimum"]?.GetValue<long>() ?? long.MinValue))
        {
            yield return $"{at}: is too small";
        }

        if (number > (schema["maximum"]?.GetValue<long>() ?? long.MaxValue))
        {
            yield return $"{at}: is too large";
        }
    }

    /// <summary>Patterns are ECMA-262, where <c>$</c> is the very end; in .NET it is also before a last line feed.</summary>
    private static string Translate(string pattern) => pattern.Replace("$", @"\z", StringComparison.Ordinal);

    private static string TypeOf(JsonNode? value) =>
        value?.GetValueKind() switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "integer",
            JsonValueKind.True or JsonValueKind.False => "boolean",
            _ => "null",
        };
}
