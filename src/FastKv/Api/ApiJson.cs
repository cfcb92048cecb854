using System.Text.Encodings.Web;
using System.Text.Json;

namespace FastKv.Api;

/// <summary>How the bodies of requests and answers are spelt.</summary>
internal static class ApiJson
{
    /// <summary>For answers that are written member by member.</summary>
    public static readonly JsonWriterOptions WriterOptions = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>New options for the JSON context of a feature: member names are read exactly, and é is written as é.</summary>
    public static JsonSerializerOptions NewOptions() =>
        new()
        {
            PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
}
