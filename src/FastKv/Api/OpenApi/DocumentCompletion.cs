using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NSwag;

namespace FastKv.Api.OpenApi;

/// <summary>What the document says beyond its operations, their order, and whole examples of bodies.</summary>
internal static class DocumentCompletion
{
    private static readonly string[] Methods = ["post", "get", "head", "put", "patch", "delete"];

    public static void Complete(OpenApiDocument document)
    {
        document.Generator = null;
        document.Info.License = new OpenApiLicense
        {
            Name = "MIT License",
            ExtensionData = new Dictionary<string, object?> { ["identifier"] = "MIT" },
        };
        document.Servers.Add(new OpenApiServer { Url = "/", Description = "The service that serves this document." });
        foreach (var operation in document.Operations.Select(described => described.Operation))
        {
            if (operation.RequestBody is { } body)
            {
                // Its name, its place among the parameters and an empty description are NSwag's own affair.
                (body.Name, body.Position, body.Description) = (null, null, null);
                AddExamples(body.Content.Values);
            }

            foreach (var (status, response) in operation.Responses)
            {
                Complete(status, response);
            }
        }

        foreach (var path in document.Paths.Values)
        {
            if (path.TryGetValue(OpenApiOperationMethod.Head, out var head))
            {
                CompleteHead(head, path[OpenApiOperationMethod.Get]);
            }
        }

        Sort(document);
    }

    /// <summary>It takes what GET takes, of which alone FastEndpoints has the descriptions, and its answers have no bodies.</summary>
    private static void CompleteHead(OpenApiOperation head, OpenApiOperation get)
    {
        head.Parameters.Clear();
        foreach (var parameter in get.Parameters)
        {
            head.Parameters.Add(parameter);
        }

        foreach (var (status, response) in get.Responses)
        {
            head.Responses[status] = new OpenApiResponse { Description = response.Description };
            foreach (var header in response.Headers)
            {
                head.Responses[status].Headers.Add(header);
            }
        }
    }

    private static void Complete(string status, OpenApiResponse response)
    {
        AddExamples(response.Content.Values);
        if (string.IsNullOrEmpty(response.Description))
        {
            response.Description = ReasonPhrases.GetReasonPhrase(int.Parse(status, CultureInfo.InvariantCulture));
        }

        foreach (var header in response.Headers.Values)
        {
            // FastEndpoints lets the type's name be the title.
            header.Schema!.Title = null;
        }
    }

    /// <summary>By tag, short paths before long ones, and what makes something before what reads, changes and deletes it.</summary>
    private static void Sort(OpenApiDocument document)
    {
        var tags = document.Tags.Select(tag => tag.Name).ToList();
        var paths = document
            .Paths.OrderBy(path => path.Value.Values.Min(operation => tags.IndexOf(operation.Tags[0])))
            .ThenBy(path => path.Key.Count(c => c == '/'))
            .ThenBy(path => path.Value.Keys.Min(RankOf))
            .ToList();
        document.Paths.Clear();
        foreach (var (path, item) in paths)
        {
            var operations = item.OrderBy(operation => RankOf(operation.Key)).ToList();
            item.Clear();
            foreach (var (method, operation) in operations)
            {
                item.Add(method, operation);
            }

            document.Paths.Add(path, item);
        }
    }

    private static int RankOf(string method) => Array.IndexOf(Methods, method);

    private static void AddExamples(IEnumerable<OpenApiMediaType> bodies)
    {
        foreach (var body in bodies.Where(body => body.Examples.Count == 0))
        {
            body.Example ??= ExampleOf(body.Schema);
        }
    }

    /// <summary>The example of a schema; of an object, one made of the examples of the members that it must have, or of all if it may be without any.</summary>
    private static JToken ExampleOf(JsonSchema schema)
    {
        if (schema.Example is { } own)
        {
            return JToken.FromObject(own);
        }

        var type = schema.ActualTypeSchema;
        if (type.Item is { } item)
        {
            return new JArray(ExampleOf(item));
        }

        var required = type.Properties.Where(member => member.Value.IsRequired).ToList();
        return new JObject(
            (required.Count > 0 ? required : [.. type.Properties]).Select(member => new JProperty(
                member.Key,
                ExampleOf(member.Value)
            ))
        );
    }
}
