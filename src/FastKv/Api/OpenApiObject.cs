using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace FastKv.Api;

/// <summary>A JSON object that is sent or answered: a schema under a name of its own, with an example made of its members' examples.</summary>
internal sealed record OpenApiObject(string Name, OpenApiSchema Schema)
{
    public JsonNode Example => ExampleOf(Schema);

    /// <summary>An object all of whose members are required.</summary>
    public static OpenApiObject Of(string name, params (string Name, OpenApiSchema Schema)[] members) =>
        new(name, ObjectOf(members));

    /// <summary>The envelope of a success, with the members that the API document shows: message, data or both.</summary>
    public static OpenApiObject Success(
        string name,
        string? message = null,
        params (string Name, OpenApiSchema Schema)[] data
    )
    {
        List<(string, OpenApiSchema)> members = [("status", Constant("success"))];
        if (message is not null)
        {
            members.Add(("message", Text("What happened, for a person.", message)));
        }

        if (data.Length > 0)
        {
            members.Add(("data", ObjectOf(data)));
        }

        return Of(name, [.. members]);
    }

    /// <summary>A string. Lengths are in characters.</summary>
    public static OpenApiSchema Text(
        string description,
        string example,
        int? minimumLength = null,
        int? maximumLength = null,
        string? pattern = null,
        string? format = null
    ) =>
        new()
        {
            Type = JsonSchemaType.String,
            Description = description,
            MinLength = minimumLength,
            MaxLength = maximumLength,
            Pattern = pattern,
            Format = format,
            Examples = [example],
        };

    public static OpenApiSchema WholeNumber(string description, int example, int minimum, int? maximum = null) =>
        new()
        {
            Type = JsonSchemaType.Integer,
            Description = description,
            Minimum = Invariant(minimum),
            Maximum = maximum is { } bound ? Invariant(bound) : null,
            Examples = [example],
        };

    /// <summary>A string that is always the same.</summary>
    public static OpenApiSchema Constant(string value) =>
        new()
        {
            Type = JsonSchemaType.String,
            Const = value,
            Examples = [value],
        };

    private static OpenApiSchema ObjectOf((string Name, OpenApiSchema Schema)[] members) =>
        new()
        {
            Type = JsonSchemaType.Object,
            Required = members.Select(member => member.Name).ToHashSet(),
            Properties = members.ToDictionary(member => member.Name, member => (IOpenApiSchema)member.Schema),
        };

    private static JsonNode ExampleOf(IOpenApiSchema schema) =>
        schema.Properties is { Count: > 0 } members
            ? new JsonObject(
                members.Select(member => KeyValuePair.Create(member.Key, (JsonNode?)ExampleOf(member.Value)))
            )
            : schema.Examples![0].DeepClone();

    private static string Invariant(int number) => number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
