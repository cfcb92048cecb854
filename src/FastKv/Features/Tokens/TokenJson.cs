using System.Text.Json;
using System.Text.Json.Serialization;
using FastKv.Api;

namespace FastKv.Features.Tokens;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GenerateTokenRequest))]
internal sealed partial class TokenJson : JsonSerializerContext
{
    public static readonly TokenJson Context = new(ApiJson.NewOptions());
}
