using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace FastKv.Tests.History;

/// <summary>
/// The contract as a function: the values of a user's keys, and for each call its answer and the values after it. It never changes.
/// </summary>
internal sealed class Entries : IEquatable<Entries>
{
    public static readonly Entries None = new([]);

    // In the order of the keys.
    private readonly (string Key, string Value)[] entries;
    private readonly int hash;

    private Entries((string Key, string Value)[] entries)
    {
        this.entries = entries;
        foreach (var (key, value) in entries)
        {
            hash = HashCode.Combine(hash, key, value);
        }
    }

    public IEnumerable<string> Keys => entries.Select(entry => entry.Key);

    public string? this[string key] => Array.Find(entries, entry => entry.Key == key).Value;

    /// <summary>The first 32 hex digits of the SHA-1 of a value.</summary>
    [System.Diagnostics.CodeAnalysis.SuppressMessage(
        "Security",
        "CA5350:Do Not Use Weak Cryptographic Algorithms",
        Justification = "The contract's entity tag."
    )]
    public static string VersionOf(string value) =>
        Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(value)))[..32];

    public Entries With(string key, string? value)
    {
        var others = entries.Where(entry => entry.Key != key);
        return new Entries([
            .. (value is null ? others : others.Append((key, value))).OrderBy(
                entry => entry.Item1,
                StringComparer.Ordinal
            ),
        ]);
    }

    /// <summary>
    /// What a call answers, and the entries after it. An answer is the status with the value or the sum, or the code of the error:
    /// <c>200</c>, <c>201 5</c>, <c>KEY_NOT_FOUND</c>, <c>PRECONDITION_FAILED</c> and the version that is there, of a batch of
    /// reads <c>200 a=1 c=3</c>, of one of writes <c>BATCH_REJECTED 0:KEY_EXISTS</c>.
    /// </summary>
    public (string Answer, Entries After) Apply(Call call)
    {
        if (call.IsRead)
        {
            return (Read(call), this);
        }

        var after = this;
        var refusals = new List<(int Step, string Code)>();
        for (var i = 0; i < call.Steps.Count; i++)
        {
            var step = call.Steps[i];
            if (RefusalOf(step) is { } code)
            {
                refusals.Add((i, code));
            }
            else
            {
                after = after.With(step.Key, ValueAfter(step));
            }
        }

        if (refusals.Count > 0)
        {
            return (call.IsBatch ? Rejected(refusals) : Refused(call.Steps[0], refusals[0].Code), this);
        }

        return (call.IsBatch ? "200" : Written(call.Steps[0], after), after);
    }

    public bool Equals(Entries? other) => other is not null && entries.AsSpan().SequenceEqual(other.entries);

    public override bool Equals(object? other) => Equals(other as Entries);

    public override int GetHashCode() => hash;

    private string Read(Call call)
    {
        if (!call.IsBatch)
        {
            return this[call.Steps[0].Key] is { } value ? $"200 {value}" : "KEY_NOT_FOUND";
        }

        var found = call.Steps.Where(step => this[step.Key] is not null);
        return "200" + string.Concat(found.Select(step => $" {step.Key}={this[step.Key]}"));
    }

    private string? RefusalOf(Step step)
    {
        var value = this[step.Key];
        if (value is null)
        {
            return step.Kind is Kind.Update or Kind.Delete or Kind.Increment ? "KEY_NOT_FOUND"
                : step.IfMatch is not null ? "PRECONDITION_FAILED"
                : null;
        }

        return step.Kind == Kind.Create ? "KEY_EXISTS"
            : step.IfMatch is not (null or "*") && step.IfMatch != value ? "PRECONDITION_FAILED"
            : step.Kind is Kind.Increment or Kind.Count && Sum(value, step.Value!) is null ? "VALUE_NOT_INTEGER"
            : null;
    }

    private string? ValueAfter(Step step) =>
        step.Kind switch
        {
            Kind.Delete => null,
            Kind.Increment or Kind.Count => Sum(this[step.Key] ?? "0", step.Value!),
            _ => step.Value,
        };

    private string Written(Step step, Entries after)
    {
        var isCreated = this[step.Key] is null && step.Kind != Kind.Delete;
        var sum = step.Kind is Kind.Increment or Kind.Count ? $" {after[step.Key]}" : "";
        return (isCreated ? "201" : "200") + sum;
    }

    private string Refused(Step step, string code) =>
        code == "PRECONDITION_FAILED" && this[step.Key] is { } value ? $"{code} {VersionOf(value)}" : code;

    private static string Rejected(List<(int Step, string Code)> refusals) =>
        "BATCH_REJECTED" + string.Concat(refusals.Select(refusal => $" {refusal.Step}:{refusal.Code}"));

    // Null if one is no whole number of 64 bits, or the sum is none.
    private static string? Sum(string value, string addend)
    {
        var isNumber = long.TryParse(
            value,
            NumberStyles.AllowLeadingSign,
            CultureInfo.InvariantCulture,
            out var number
        );
        var sum = (BigInteger)number + BigInteger.Parse(addend, CultureInfo.InvariantCulture);
        return isNumber && $"{number}" == value && sum >= long.MinValue && sum <= long.MaxValue ? $"{sum}" : null;
    }
}
