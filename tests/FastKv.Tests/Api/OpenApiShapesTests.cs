using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FastEndpoints;
using FastKv.Api;
using FastKv.Api.OpenApi;
using FastKv.Features.Data;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>
/// What an operation may have, and today's have not, comes into the document from annotations alone: parameters in the query and
/// in headers, headers and statuses without a body in the answer, members that may be null, lists of objects. The endpoints below
/// are in a program of their own.
/// </summary>
public sealed class OpenApiShapesTests(ShapesDocument shapes) : IClassFixture<ShapesDocument>
{
    [Fact]
    public void Members_of_the_request_become_parameters_as_they_are_annotated()
    {
        Assert.Equal(
            """
            [{"name":"key","in":"path","required":true,"schema":{"type":"string","maxLength":512,"minLength":1,"pattern":"^(\\.{0,2}[^.\\x00-\\x1F\\x7F][^\\x00-\\x1F\\x7F]*|\\.{3}[^\\x00-\\x1F\\x7F]*)$","examples":["unique_key"]},"example":"unique_key"},{"name":"limit","in":"query","description":"Steps at most.","schema":{"type":"integer","format":"int32","default":100,"maximum":1000,"minimum":1},"example":100},{"name":"If-Match","in":"header","description":"The version that must be there.","schema":{"type":"string","maxLength":100,"minLength":0,"pattern":"^\""},"example":"\"abc\""}]
            """,
            WithoutDescriptionOfKeys(shapes.Operation("put")["parameters"]!)
        );
    }

    [Fact]
    public void The_rest_of_the_request_is_its_body()
    {
        var body = shapes.Operation("put")["requestBody"]!["content"]!["application/json"]!;

        Assert.Equal("#/components/schemas/ShapeRequest", $"{body["schema"]!["$ref"]}");
        Assert.Equal("""{"steps":[{"op":"add","by":5}]}""", body["example"]!.ToJsonString());
        Assert.Equal(
            """
            {"type":"object","description":"A shape.","required":["steps"],"properties":{"steps":{"type":"array","description":"What to do, in order.","maxItems":100,"minItems":1,"items":{"$ref":"#/components/schemas/ShapeStep"}},"until":{"description":"Seconds.","format":"int32","maximum":9,"minimum":1,"examples":[60],"type":["integer","null"]}}}
            """,
            shapes.Schema("ShapeRequest").ToJsonString()
        );
        Assert.Equal("""["add","remove"]""", shapes.Schema("ShapeStep")["properties"]!["op"]!["enum"]!.ToJsonString());
    }

    [Fact]
    public void A_member_of_an_answer_may_be_null_and_is_there_all_the_same()
    {
        var schema = shapes.Schema("ShapeResponse");

        Assert.Equal("""["next","kind","last"]""", schema["required"]!.ToJsonString());
        Assert.Equal("""["string","null"]""", schema["properties"]!["next"]!["type"]!.ToJsonString());
        Assert.Equal("""["a","b",null]""", schema["properties"]!["kind"]!["enum"]!.ToJsonString());
        Assert.Equal(
            """{"oneOf":[{"$ref":"#/components/schemas/ShapeStep"},{"type":"null"}]}""",
            schema["properties"]!["last"]!.ToJsonString()
        );
    }

    [Fact]
    public void An_answer_has_its_headers_and_one_without_a_body_has_none()
    {
        var responses = shapes.Operation("get")["responses"]!;

        Assert.Equal(
            """{"ETag":{"description":"The version.","schema":{"type":"string"},"example":"\"abc\""}}""",
            responses["200"]!["headers"]!.ToJsonString(ShapesDocument.Readable)
        );
        Assert.Equal("""{"description":"Not Modified"}""", responses["304"]!.ToJsonString());
    }

    [Fact]
    public void An_operation_without_a_body_has_none_in_the_document()
    {
        Assert.Null(shapes.Operation("get")["requestBody"]);
        Assert.Null(shapes.Operation("get")["responses"]!["415"]);
        Assert.NotNull(shapes.Operation("put")["responses"]!["415"]);
    }

    private static string WithoutDescriptionOfKeys(JsonNode parameters)
    {
        parameters = parameters.DeepClone();
        Assert.True(parameters[0]!.AsObject().Remove("description"));
        return parameters.ToJsonString(ShapesDocument.Readable);
    }
}

/// <summary>The document of a program that has the endpoints below, and no others.</summary>
public sealed class ShapesDocument : IAsyncLifetime
{
    internal static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private JsonObject document = [];

    internal JsonObject Operation(string method) => document["paths"]!["/shapes/{key}"]![method]!.AsObject();

    internal JsonObject Schema(string name) => document["components"]!["schemas"]![name]!.AsObject();

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        foreach (var type in DataSchema.All)
        {
            builder.Services.AddSingleton(type);
        }
        builder.Services.AddFastEndpoints(options =>
        {
            options.DisableAutoDiscovery = true;
            options.Assemblies = [typeof(ShapesDocument).Assembly];
        });
        builder.AddApiDocument();
        await using var app = builder.Build();
        app.MapOperations();
        app.MapApiDocument();
        await app.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        document = JsonNode.Parse(await client.GetStringAsync(SwaggerSetup.Path))!.AsObject();
        await app.StopAsync();
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>A shape.</summary>
internal readonly struct ShapeRequest
{
    public required DataKey Key { get; init; }

    /// <summary>The version that must be there.</summary>
    /// <example>"\"abc\""</example>
    [StringLength(100), RegularExpression("^\"")]
    [FromHeader("If-Match", IsRequired = false, RemoveFromSchema = true)]
    public string? Version { get; init; }

    /// <summary>Steps at most.</summary>
    /// <example>100</example>
    [QueryParam, Range(1, 1000), DefaultValue(100)]
    public int? Limit { get; init; }

    /// <summary>What to do, in order.</summary>
    [MinLength(1), MaxLength(100)]
    public required IReadOnlyList<ShapeStep> Steps { get; init; }

    /// <summary>Seconds.</summary>
    /// <example>60</example>
    [Range(1, 9)]
    public int? Until { get; init; }
}

/// <summary>One step.</summary>
internal sealed class ShapeStep
{
    /// <summary>What to do.</summary>
    /// <example>add</example>
    [AllowedValues("add", "remove")]
    public required string Op { get; init; }

    /// <summary>How much.</summary>
    /// <example>5</example>
    public required long By { get; init; }
}

/// <summary>The answer.</summary>
internal sealed class ShapeResponse
{
    /// <summary>Where to go on.</summary>
    /// <example>abc</example>
    public required string? Next { get; init; }

    /// <summary>Which one.</summary>
    /// <example>a</example>
    [AllowedValues("a", "b")]
    public required string? Kind { get; init; }

    public required ShapeStep? Last { get; init; }
}

internal sealed class NoBinder<TRequest> : IRequestBinder<TRequest>
    where TRequest : struct
{
    public ValueTask<TRequest> BindAsync(BinderContext context, CancellationToken cancellation) => default;
}

internal sealed class PutShape : Endpoint<ShapeRequest>
{
    public override void Configure()
    {
        Put("/shapes/{key}");
        RequestBinder(new NoBinder<ShapeRequest>());
        Summary(summary => summary.Summary = "Put a shape");
        Description(route => route.WithTags(OpenApiTags.Data).Produces<ShapeResponse>(200));
    }

    public override Task HandleAsync(ShapeRequest request, CancellationToken cancellation) => Task.CompletedTask;
}

internal readonly struct GetShapeRequest
{
    public required DataKey Key { get; init; }
}

internal sealed class GetShape : Endpoint<GetShapeRequest>
{
    public override void Configure()
    {
        Get("/shapes/{key}");
        RequestBinder(new NoBinder<GetShapeRequest>());
        Summary(summary =>
        {
            summary.Summary = "Get a shape";
            summary.ResponseHeaders.Add(new(200, "ETag") { Description = "The version.", Example = "\"abc\"" });
        });
        Description(route => route.WithTags(OpenApiTags.Data).Produces<ShapeResponse>(200).Produces(304));
    }

    public override Task HandleAsync(GetShapeRequest request, CancellationToken cancellation) => Task.CompletedTask;
}
