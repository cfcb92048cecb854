using System.Text.Json.Serialization;
using FastKv.Api;

namespace FastKv.Admin;

/// <summary>How results are written as JSON: names as in the API, <c>null</c> for what is not there, moments as in RFC 3339.</summary>
[JsonSerializable(typeof(ShownUser))]
[JsonSerializable(typeof(ListedUser))]
[JsonSerializable(typeof(SignedOutUser))]
[JsonSerializable(typeof(DeletedUser))]
[JsonSerializable(typeof(FindingLine))]
[JsonSerializable(typeof(CheckSummary))]
[JsonSerializable(typeof(DoctorReport))]
internal sealed partial class AdminJson : JsonSerializerContext
{
    public static AdminJson Lines { get; } = new(ApiJson.NewOptions());
}
