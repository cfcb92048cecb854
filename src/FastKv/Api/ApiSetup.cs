using System.Text.Json;
using FastEndpoints;
using FluentValidation.Results;

namespace FastKv.Api;

internal static class ApiSetup
{
    // FastEndpoints maps a route of its own for its test helpers; here it is no route.
    private const string FrameworkTestRoute = "_test_url_cache_";

    /// <summary>Maps the operations; validators' failures leave through the one writer of errors.</summary>
    public static void MapOperations(this WebApplication app)
    {
        var operations = app.MapGroup("");
        operations.MapFastEndpoints(config =>
        {
            config.Serializer.Options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            // Generated clients name an operation so: storeData, and retrieveDataHead where HEAD is answered as GET.
            config.Endpoints.NameGenerator = endpoint =>
                JsonNamingPolicy.CamelCase.ConvertName(endpoint.EndpointType.Name)
                + (HttpMethods.IsHead(endpoint.HttpVerb ?? "") ? "Head" : "");

            // By Accepts metadata the router would answer 415 before the token is checked; the others tell of answers that are
            // never given. An operation says itself what it answers.
            config.Endpoints.Configurator = endpoint => endpoint.Description(_ => { }, clearDefaults: true);
            config.Errors.ResponseBuilder = (failures, _, _) => failures;
            config.Serializer.ResponseSerializer = (response, body, _, _, _) =>
                RefuseAsync(response.HttpContext, (List<ValidationFailure>)body!);
        });
        ((IEndpointConventionBuilder)operations).Add(endpoint =>
        {
            if (
                endpoint is RouteEndpointBuilder
                {
                    RoutePattern.RawText: "/" + FrameworkTestRoute or FrameworkTestRoute
                }
            )
            {
                endpoint.RequestDelegate = context => ApiResponse.ErrorAsync(context, ApiError.NotFound);
            }
        });
    }

    private static Task RefuseAsync(HttpContext context, List<ValidationFailure> failures) =>
        ApiResponse.ErrorAsync(
            context,
            ApiError.FirstOf(failures.Select(failure => failure.ErrorCode)),
            [.. failures.Select(failure => new ErrorDetail(failure.PropertyName, failure.ErrorMessage))]
        );
}
