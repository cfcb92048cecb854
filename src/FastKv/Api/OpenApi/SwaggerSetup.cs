using FastEndpoints.Swagger;
using FastKv.Configuration;
using NJsonSchema.Generation.TypeMappers;
using NSwag;
using NSwag.Generation;
using NSwag.Generation.AspNetCore;

namespace FastKv.Api.OpenApi;

/// <summary>The OpenAPI document, which FastEndpoints.Swagger makes from the endpoints, their requests and their answers.</summary>
internal static class SwaggerSetup
{
    public const string Path = "/openapi/v1.json";

    private const string DocumentName = "v1";

    /// <summary>The name of the security scheme.</summary>
    private const string Bearer = "bearer";

    public static void AddApiDocument(this WebApplicationBuilder builder) =>
        builder.Services.SwaggerDocument(options =>
        {
            options.ExcludeNonFastEndpoints = true;
            options.ShortSchemaNames = true;
            options.RemoveEmptyRequestSchema = true;
            options.AutoTagPathSegmentIndex = 0;
            options.EnableJWTBearerAuth = false;
            options.TagDescriptions = tags =>
            {
                tags[OpenApiTags.Users] = "Registration, which needs no token, and the account, which needs one.";
                tags[OpenApiTags.Tokens] = "Access tokens. Signing in needs none.";
                tags[OpenApiTags.Data] = "A user's own keys and values. These need a token.";
            };
            options.DocumentSettings = settings => Configure(settings, options.Services.GetServices<ITypeMapper>());
        });

    /// <summary>
    /// Serves the document. It is made at the first request and then kept: the endpoints do not change. The library's own
    /// middleware would make and keep one for each Host header that a client can think of.
    /// </summary>
    public static void MapApiDocument(this WebApplication app)
    {
        var document = new Lazy<Task<StaticContent>>(() => GenerateAsync(app.Services));
        app.MapRead(Path, async context => await (await document.Value).WriteAsync(context)).DisableHttpMetrics();
    }

    private static async Task<StaticContent> GenerateAsync(IServiceProvider services)
    {
        var generator = services.GetRequiredService<IOpenApiDocumentGenerator>();
        return new StaticContent(
            ApiResponse.ContentType,
            OpenApi31.Serialize(await generator.GenerateAsync(DocumentName))
        );
    }

    private static void Configure(AspNetCoreOpenApiDocumentGeneratorSettings settings, IEnumerable<ITypeMapper> types)
    {
        settings.DocumentName = DocumentName;
        settings.Version = ServiceVersion.Text;
        settings.Title = "FastKv";
        settings.Description =
            "A key-value store over HTTP, with users. Register, get a token, then store, retrieve, update and delete data of your own.";
        settings.AddAuth(
            Bearer,
            new OpenApiSecurityScheme
            {
                Type = OpenApiSecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "The access_token that POST /api/token answers with.",
            }
        );
        settings.MarkNonNullablePropsAsRequired();
        settings.SchemaSettings.SchemaProcessors.Add(new MemberAnnotationProcessor());
        settings.SchemaSettings.AlwaysAllowAdditionalObjectProperties = true;
        foreach (var type in types)
        {
            settings.SchemaSettings.TypeMappers.Add(type);
        }

        settings.OperationProcessors.Insert(0, new RequestBodyProcessor());
        settings.OperationProcessors.Add(new ParameterProcessor());
        settings.OperationProcessors.Add(new ErrorResponseProcessor());
        settings.PostProcess += DocumentCompletion.Complete;
    }
}
