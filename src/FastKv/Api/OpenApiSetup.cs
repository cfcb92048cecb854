using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace FastKv.Api;

/// <summary>The OpenAPI 3.1 document, made from the endpoints and what stands in their metadata.</summary>
internal static class OpenApiSetup
{
    public const string Path = "/openapi/v1.json";
    public const string Json = "application/json";

    /// <summary>The name of the security scheme.</summary>
    public const string Bearer = "bearer";

    private const string DocumentName = "v1";

    public static void AddApiDocument(this WebApplicationBuilder builder) =>
        builder.Services.AddOpenApi(
            DocumentName,
            options =>
            {
                options.ShouldInclude = endpoint => InfoOf(endpoint.ActionDescriptor.EndpointMetadata) is not null;
                options.AddOperationTransformer(DescribeOperation);
                options.AddDocumentTransformer(DescribeDocument);
            }
        );

    /// <summary>Serves the document. It is made at the first request and then kept: the endpoints do not change.</summary>
    public static void MapApiDocument(this WebApplication app)
    {
        var document = new Lazy<Task<byte[]>>(() => SerializeAsync(app.Services));
        app.MapGet(Path, async context => await ApiResponse.WriteAsync(context, 200, await document.Value))
            .ExcludeFromDescription()
            .DisableHttpMetrics();
    }

    private static async Task<byte[]> SerializeAsync(IServiceProvider services)
    {
        var document = await services
            .GetRequiredKeyedService<IOpenApiDocumentProvider>(DocumentName)
            .GetOpenApiDocumentAsync();
        using var buffer = new MemoryStream();
        await document.SerializeAsJsonAsync(buffer, OpenApiSpecVersion.OpenApi3_1);
        return buffer.ToArray();
    }

    private static OpenApiOperationInfo? InfoOf(IEnumerable<object>? metadata) =>
        metadata?.OfType<OpenApiOperationInfo>().SingleOrDefault();

    private static Task DescribeOperation(
        OpenApiOperation operation,
        OpenApiOperationTransformerContext context,
        CancellationToken cancellation
    )
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var document = context.Document!;
        var info = InfoOf(metadata)!;
        operation.OperationId = info.Id;
        operation.Summary = info.Summary;
        operation.Description = info.Description;
        operation.Tags = new HashSet<OpenApiTagReference> { new(info.Tag, document) };
        operation.Parameters = info.Key is { } key ? [KeyParameter(key)] : null;
        operation.RequestBody = info.Takes is { } body
            ? new OpenApiRequestBody { Required = true, Content = ContentOf(body, document) }
            : null;
        operation.Responses = new OpenApiResponses
        {
            [info.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)] = new OpenApiResponse
            {
                Description = "Success.",
                Content = ContentOf(info.Answers, document),
            },
        };
        foreach (var (status, response) in OpenApiErrors.Answers(info.Errors, document))
        {
            operation.Responses.Add(status, response);
        }

        operation.Security = metadata.OfType<IAllowAnonymous>().Any()
            ? []
            : [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(Bearer, document)] = [] }];
        return Task.CompletedTask;
    }

    private static OpenApiParameter KeyParameter(OpenApiSchema key) =>
        new()
        {
            Name = "key",
            In = ParameterLocation.Path,
            Required = true,
            Description =
                "The key. In the URL it is percent-encoded once, as UTF-8 (RFC 3986, 2.1): `a/b` stands there as `a%2Fb`.",
            Example = key.Examples![0],
            Schema = key,
        };

    private static Dictionary<string, OpenApiMediaType> ContentOf(OpenApiObject body, OpenApiDocument document)
    {
        document.AddComponent(body.Name, body.Schema);
        return new()
        {
            [Json] = new OpenApiMediaType
            {
                Schema = new OpenApiSchemaReference(body.Name, document),
                Example = body.Example,
            },
        };
    }

    /// <summary>The framework sorts by path and method; people read in the order of the API document.</summary>
    private static OpenApiPaths InOrder(OpenApiPaths paths, OpenApiDocumentTransformerContext context)
    {
        var sections = context
            .DescriptionGroups.SelectMany(group => group.Items)
            .Select(endpoint => InfoOf(endpoint.ActionDescriptor.EndpointMetadata))
            .OfType<OpenApiOperationInfo>()
            .ToDictionary(info => info.Id, info => info.Section);
        var ordered = new OpenApiPaths();
        foreach (var (path, item) in paths.OrderBy(path => path.Value.Operations!.Values.Min(SectionOf)))
        {
            ordered.Add(
                path,
                new OpenApiPathItem
                {
                    Operations = item.Operations!.OrderBy(entry => SectionOf(entry.Value)).ToDictionary(),
                }
            );
        }

        return ordered;

        int SectionOf(OpenApiOperation operation) => sections[operation.OperationId!];
    }

    private static Task DescribeDocument(
        OpenApiDocument document,
        OpenApiDocumentTransformerContext context,
        CancellationToken cancellation
    )
    {
        document.Info = new OpenApiInfo
        {
            Title = "FastKv",
            Version = DocumentName,
            Description =
                "A key-value store over HTTP, with users. Register, get a token, then store, retrieve, update and delete data of your own.",
            License = new OpenApiLicense { Name = "MIT License", Identifier = "MIT" },
        };
        document.Paths = InOrder(document.Paths, context);
        document.Servers = [new OpenApiServer { Url = "/", Description = "The service that serves this document." }];
        document.Tags = new HashSet<OpenApiTag>
        {
            new() { Name = OpenApiTags.Users, Description = "Registration and access tokens. These need no token." },
            new() { Name = OpenApiTags.Data, Description = "A user's own keys and values. These need a token." },
        };
        document.AddComponent(OpenApiErrors.SchemaName, OpenApiErrors.Envelope());
        document.AddComponent<IOpenApiSecurityScheme>(
            Bearer,
            new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "The access_token that POST /api/token answers with.",
            }
        );
        return Task.CompletedTask;
    }
}
