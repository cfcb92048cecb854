using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using NSwag;

namespace FastKv.Api.OpenApi;

/// <summary>
/// Writes the document as OpenAPI 3.1. NSwag writes 3.0, whose schemas are not quite JSON Schema: they have <c>nullable</c> where
/// JSON Schema has the type <c>null</c>, <c>example</c> where it has <c>examples</c>, and no <c>const</c>.
/// </summary>
internal static class OpenApi31
{
    private const string Version = "3.1.1";

    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static byte[] Serialize(OpenApiDocument document) =>
        JsonSerializer.SerializeToUtf8Bytes(Upgrade(JsonNode.Parse(document.ToJson())!.AsObject()), Readable);

    /// <summary>Makes a document of version 3.0 one of version 3.1.</summary>
    public static JsonObject Upgrade(JsonObject document)
    {
        document["openapi"] = Version;
        foreach (var operation in MembersOf(document["paths"]).SelectMany(MembersOf))
        {
            // Without it an operation would inherit the document's own, which says nothing.
            operation["security"] ??= new JsonArray();
            foreach (var holder in HoldersOf(operation))
            {
                UpgradeSchema(holder["schema"]);
            }
        }

        foreach (var schema in MembersOf(document["components"]?["schemas"]))
        {
            UpgradeSchema(schema);
        }

        return document;
    }

    /// <summary>Whatever of an operation has a schema: parameters, bodies, headers.</summary>
    private static IEnumerable<JsonObject> HoldersOf(JsonObject operation) =>
        [
            .. ElementsOf(operation["parameters"]),
            .. MembersOf(operation["requestBody"]?["content"]),
            .. MembersOf(operation["responses"]).SelectMany(response => MembersOf(response["content"])),
            .. MembersOf(operation["responses"]).SelectMany(response => MembersOf(response["headers"])),
        ];

    private static void UpgradeSchema(JsonNode? node)
    {
        if (node is not JsonObject schema)
        {
            return;
        }

        if (schema.Remove("example", out var example))
        {
            schema["examples"] = new JsonArray(example);
        }

        if (schema.Remove("nullable", out var nullable) && nullable!.GetValue<bool>())
        {
            AllowNull(schema);
        }

        if (schema["enum"] is JsonArray { Count: 1 } only)
        {
            schema.Remove("enum");
            schema["const"] = only[0]!.DeepClone();
        }

        MakeWhole(schema, "minimum");
        MakeWhole(schema, "maximum");
        IEnumerable<JsonNode?> parts =
        [
            schema["items"],
            schema["additionalProperties"],
            .. MembersOf(schema["properties"]),
            .. ElementsOf(schema["allOf"]),
            .. ElementsOf(schema["oneOf"]),
            .. ElementsOf(schema["anyOf"]),
        ];
        foreach (var part in parts)
        {
            UpgradeSchema(part);
        }
    }

    /// <summary>150.0 becomes 150.</summary>
    private static void MakeWhole(JsonObject schema, string bound)
    {
        if (schema[bound] is { } number && number.GetValue<decimal>() is var value && decimal.IsInteger(value))
        {
            schema[bound] = (long)value;
        }
    }

    private static void AllowNull(JsonObject schema)
    {
        if (schema.Remove("type", out var type))
        {
            schema["type"] = new JsonArray(type, "null");
            (schema["enum"] as JsonArray)?.Add(null);
        }
        else
        {
            // NSwag wraps a reference that may be null.
            schema["oneOf"]!.AsArray().Add(new JsonObject { ["type"] = "null" });
        }
    }

    private static IEnumerable<JsonObject> MembersOf(JsonNode? node) =>
        (node as JsonObject ?? []).Select(member => member.Value).OfType<JsonObject>();

    private static IEnumerable<JsonObject> ElementsOf(JsonNode? node) => (node as JsonArray ?? []).OfType<JsonObject>();
}
