using System.Globalization;
using System.Text.Json.Serialization;
using FastKv.Load.Scenarios;

namespace FastKv.Load.Bench;

/// <summary>Which number the next request takes.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NumberPick>))]
internal enum NumberPick
{
    /// <summary>Any of the numbers below the count: what exists is read or overwritten.</summary>
    Random,

    /// <summary>Each number once: what does not exist yet is made, what exists is removed.</summary>
    Next,
}

/// <summary>
/// The requests of a benchmark run, for any driver: a method, a path and a body in which <c>{n}</c> stands for a number
/// of ten digits, so that every request has the same length.
/// </summary>
internal sealed record RequestPlan(string Method, string Path, string? Body, string? Token, NumberPick Pick, long Count)
{
    public const string NumberMark = "{n}";

    /// <summary>Whether every request has one and the same body, so that only the path tells them apart.</summary>
    public bool HasOneBody => Body?.Contains(NumberMark, StringComparison.Ordinal) is not true;

    public static string Digits(long number) => number.ToString("D10", CultureInfo.InvariantCulture);

    public HttpRequestMessage Request(long number) =>
        ApiRequests.Request(
            new HttpMethod(Method),
            Fill(Path, number),
            Token,
            Body is null ? null : Fill(Body, number)
        );

    private static string Fill(string template, long number) =>
        template.Replace(NumberMark, Digits(number), StringComparison.Ordinal);
}

[JsonSourceGenerationOptions]
[JsonSerializable(typeof(RequestPlan))]
[JsonSerializable(typeof(DriveResult))]
internal sealed partial class DriverJson : JsonSerializerContext;
