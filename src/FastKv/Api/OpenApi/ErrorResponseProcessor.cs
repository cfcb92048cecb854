using System.Globalization;
using System.Net.Mime;
using System.Text;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.WebUtilities;
using Namotion.Reflection;
using Newtonsoft.Json.Linq;
using NJsonSchema;
using NJsonSchema.Generation;
using NSwag;
using NSwag.Generation.AspNetCore;
using NSwag.Generation.Processors;
using NSwag.Generation.Processors.Contexts;

namespace FastKv.Api.OpenApi;

/// <summary>
/// Adds the error answers of an operation, made from the catalogue of errors: for each status the codes that this operation gives
/// with it, an example of each, and its headers.
/// </summary>
internal sealed class ErrorResponseProcessor : IOperationProcessor
{
    private const string TraceIdExample = "0af7651916cd43dd8448eb211c80319c";

    private static readonly ApiError[] OfEveryOperation =
    [
        ApiError.InvalidRequest,
        ApiError.MethodNotAllowed,
        ApiError.TooManyRequests,
        ApiError.InternalError,
        ApiError.StoreUnavailable,
    ];

    private static readonly ApiError[] OfEveryBody = [ApiError.PayloadTooLarge, ApiError.UnsupportedMediaType];

    public bool Process(OperationProcessorContext context)
    {
        if (context.OperationDescription.Method == OpenApiOperationMethod.Head)
        {
            // It answers as GET does, without bodies: see DocumentCompletion.
            return true;
        }

        var operation = context.OperationDescription.Operation;
        var metadata = ((AspNetCoreOperationProcessorContext)context).ApiDescription.ActionDescriptor.EndpointMetadata;
        ApiError[] errors =
        [
            .. metadata.OfType<IAllowAnonymous>().Any() ? [] : (ApiError[])[ApiError.InvalidToken],
            .. metadata.OfType<ErrorResponseMetadata>().SelectMany(own => own.Errors),
            .. OfEveryOperation,
            .. operation.RequestBody is null ? [] : OfEveryBody,
        ];
        foreach (var answer in errors.Distinct().GroupBy(error => error.Status).OrderBy(answer => answer.Key))
        {
            operation.Responses[answer.Key.ToString(CultureInfo.InvariantCulture)] = Answer(context, [.. answer]);
        }

        return true;
    }

    private static OpenApiResponse Answer(OperationProcessorContext context, ApiError[] errors)
    {
        var body = new OpenApiMediaType { Schema = SchemaOf(context, errors) };
        var response = new OpenApiResponse
        {
            Description = string.Join("\n\n", errors.Select(error => $"`{error.Code}`: {error.Message}")),
            Content = { [MediaTypeNames.Application.Json] = body },
        };
        foreach (var error in errors)
        {
            body.Examples.Add(error.Code, ExampleOf(error));
            AddHeader(response, error);
        }

        return response;
    }

    /// <summary>The envelope with the codes of one answer, under a name of its own, so that a generated client has a type of it.</summary>
    private static JsonSchema SchemaOf(OperationProcessorContext context, ApiError[] errors)
    {
        var schemas = context.Document.Components.Schemas;
        var name = NameOf(context.OperationDescription.Operation.OperationId, errors);
        if (!schemas.TryGetValue(name, out var schema))
        {
            schemas[name] = schema = EnvelopeOf(context, errors);
        }

        return new JsonSchema { Reference = schema };
    }

    /// <summary>
    /// An object with all its members, and not an allOf of a common part and the codes: of such a one Kiota loses the code and the
    /// message, and NSwag makes a class with two codes, of which that of the base is null.
    /// </summary>
    private static JsonSchema EnvelopeOf(OperationProcessorContext context, ApiError[] errors)
    {
        // In a document of its own, because each has other codes. What it refers to is in the one that is served.
        var settings = context.Settings.SchemaSettings;
        var schema = context.SchemaGenerator.Generate<JsonSchema>(
            typeof(ErrorResponse).ToContextualType(),
            new JsonSchemaResolver(new JsonSchema(), settings)
        );
        schema.Description = $"The body of an answer {errors[0].Status}.";
        var (code, message) = (schema.Properties["code"], schema.Properties["message"]);
        (code.Example, message.Example) = (errors[0].Code, errors[0].Message);
        foreach (var error in errors)
        {
            code.Enumeration.Add(error.Code);
        }

        schema.Properties["details"].Item = context.SchemaGenerator.GenerateWithReference<JsonSchema>(
            typeof(ErrorDetail).ToContextualType(),
            context.SchemaResolver
        );
        return schema;
    }

    /// <summary>KeyExistsError for one code, wherever it is the only one; StoreDataBadRequestError for several.</summary>
    private static string NameOf(string operation, ApiError[] errors)
    {
        var name = errors is [var only]
            ? string.Concat(only.Code.Split('_').Select(word => word[0] + word[1..].ToLowerInvariant()))
            : char.ToUpperInvariant(operation[0])
                + operation[1..]
                + ReasonPhrases.GetReasonPhrase(errors[0].Status).Replace(" ", "", StringComparison.Ordinal);
        return name.EndsWith("Error", StringComparison.Ordinal) ? name : name + "Error";
    }

    private static OpenApiExample ExampleOf(ApiError error)
    {
        var body = ApiResponse.ErrorBody(error, null, error.Status >= 500 ? TraceIdExample : null);
        return new OpenApiExample { Summary = error.Code, Value = JToken.Parse(Encoding.UTF8.GetString(body)) };
    }

    private static void AddHeader(OpenApiResponse response, ApiError error)
    {
        if (error == ApiError.InvalidToken)
        {
            response.Headers["WWW-Authenticate"] = Header(
                JsonObjectType.String,
                "The scheme, and the error if a token was sent (RFC 6750, 3).",
                "Bearer error=\"invalid_token\""
            );
        }
        else if (error == ApiError.MethodNotAllowed)
        {
            response.Headers["Allow"] = Header(
                JsonObjectType.String,
                "The methods that this path answers (RFC 9110, 10.2.1).",
                "POST"
            );
        }
        else if (error == ApiError.PreconditionFailed)
        {
            var version = Header(
                JsonObjectType.String,
                "The version of the value that is there (RFC 9110, 8.8.3); absent if none is.",
                EntityTag.Example
            );
            version.IsRequired = false;
            response.Headers["ETag"] = version;
        }
        else if (error == ApiError.TooManyRequests || error == ApiError.StoreUnavailable)
        {
            var seconds = Header(
                JsonObjectType.Integer,
                "Seconds to wait before trying again (RFC 9110, 10.2.3).",
                ApiResponse.RetryAfterSeconds
            );
            seconds.Schema!.Minimum = 1;
            response.Headers["Retry-After"] = seconds;
        }
    }

    private static OpenApiHeader Header(JsonObjectType type, string description, object example) =>
        new()
        {
            IsRequired = true,
            Description = description,
            Schema = new JsonSchema { Type = type, Example = example },
        };
}
