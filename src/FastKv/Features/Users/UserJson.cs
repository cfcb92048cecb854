using System.Text.Json;
using System.Text.Json.Serialization;
using FastKv.Api;

namespace FastKv.Features.Users;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(RegisterUserRequest))]
[JsonSerializable(typeof(RegisterUserResponse))]
[JsonSerializable(typeof(GetAccountResponse))]
[JsonSerializable(typeof(ChangePasswordRequest))]
[JsonSerializable(typeof(DeleteAccountRequest))]
internal sealed partial class UserJson : JsonSerializerContext
{
    public static readonly UserJson Context = new(ApiJson.NewOptions());
}
