using System.Text.Json;
using System.Text.Json.Serialization;
using FastKv.Load.Bench;

namespace FastKv.Load.Reports;

/// <summary>Reports for programs to read. Names are snake_case; units are in the names.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(RunReport))]
[JsonSerializable(typeof(BenchReport))]
internal sealed partial class JsonReport : JsonSerializerContext
{
    public static string Write(RunReport report) => JsonSerializer.Serialize(report, Default.RunReport);

    public static string Write(BenchReport report) => JsonSerializer.Serialize(report, Default.BenchReport);
}
