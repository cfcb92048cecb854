using System.Text.Json.Nodes;
using Microsoft.OpenApi;

namespace FastKv.Api;

/// <summary>The error answers of the OpenAPI document, made from the catalogue of errors.</summary>
internal static class OpenApiErrors
{
    public const string SchemaName = "Error";

    private const string TraceIdExample = "0af7651916cd43dd8448eb211c80319c";

    /// <summary>The envelope of every error.</summary>
    public static OpenApiSchema Envelope() =>
        new()
        {
            Type = JsonSchemaType.Object,
            Description = "The body of every answer that is not a success.",
            Required = new HashSet<string> { "status", "code", "message" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["status"] = OpenApiObject.Constant("error"),
                ["code"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Description = "What went wrong, for a program.",
                    Enum = [.. ApiError.All.Select(error => (JsonNode)error.Code)],
                },
                ["message"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Description = "What went wrong, for a person: one sentence per code.",
                },
                ["trace_id"] = OpenApiObject.Text(
                    "With a 5xx: the id under which the log and the trace of the service know this request.",
                    TraceIdExample,
                    pattern: "^[0-9a-f]{32}$"
                ),
                ["details"] = new OpenApiSchema
                {
                    Type = JsonSchemaType.Array,
                    Description = "With some 400s: all problems of the request at once.",
                    Items = OpenApiObject
                        .Of(
                            "ErrorDetail",
                            ("field", OpenApiObject.Text("The member of the request.", "age")),
                            ("reason", OpenApiObject.Text("What it must be.", "must be a whole number from 1 to 150"))
                        )
                        .Schema,
                },
            },
        };

    /// <summary>One answer for each status, with an example for each code.</summary>
    public static IEnumerable<(string Status, OpenApiResponse Response)> Answers(
        IEnumerable<ApiError> errors,
        OpenApiDocument document
    ) =>
        errors
            .GroupBy(error => error.Status)
            .OrderBy(group => group.Key)
            .Select(group =>
                (group.Key.ToString(System.Globalization.CultureInfo.InvariantCulture), Answer([.. group], document))
            );

    private static OpenApiResponse Answer(IReadOnlyList<ApiError> errors, OpenApiDocument document) =>
        new()
        {
            Description = string.Join("\n\n", errors.Select(error => $"`{error.Code}`: {error.Message}")),
            Headers = errors
                .SelectMany(Headers)
                .ToDictionary(header => header.Name, header => (IOpenApiHeader)header.Header),
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [OpenApiSetup.Json] = new OpenApiMediaType
                {
                    Schema = new OpenApiSchemaReference(SchemaName, document),
                    Examples = errors.ToDictionary(error => error.Code, error => (IOpenApiExample)Example(error)),
                },
            },
        };

    private static OpenApiExample Example(ApiError error) =>
        new()
        {
            Summary = error.Code,
            Value = JsonNode.Parse(Api.ApiResponse.ErrorBody(error, null, error.Status >= 500 ? TraceIdExample : null)),
        };

    private static IEnumerable<(string Name, OpenApiHeader Header)> Headers(ApiError error)
    {
        if (error == ApiError.InvalidToken)
        {
            yield return (
                "WWW-Authenticate",
                Header("The scheme, and the error if a token was sent (RFC 6750, 3).", "Bearer error=\"invalid_token\"")
            );
        }
        else if (error == ApiError.MethodNotAllowed)
        {
            yield return ("Allow", Header("The methods that this path answers (RFC 9110, 10.2.1).", "POST"));
        }
        else if (error == ApiError.TooManyRequests || error == ApiError.StoreUnavailable)
        {
            yield return (
                "Retry-After",
                new OpenApiHeader
                {
                    Required = true,
                    Schema = OpenApiObject.WholeNumber(
                        "Seconds to wait before trying again (RFC 9110, 10.2.3).",
                        Api.ApiResponse.RetryAfterSeconds,
                        1
                    ),
                }
            );
        }
    }

    private static OpenApiHeader Header(string description, string example) =>
        new() { Required = true, Schema = OpenApiObject.Text(description, example) };
}
