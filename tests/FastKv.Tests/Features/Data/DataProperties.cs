using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Features.Data;
using FastKv.Redis;
using FastKv.Tests.Harness;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace FastKv.Tests.Features.Data;

/// <summary>A text that is a legal key.</summary>
public sealed record KeyText(string Text);

/// <summary>A text that is a legal value.</summary>
public sealed record ValueText(string Text);

/// <summary>Makes texts of all scripts, with more than their share of what is easily got wrong.</summary>
public static class Texts
{
    private static readonly Gen<string> Characters = Gen.OneOf(
        Gen.Elements("%", "/", "%2F", "%25", "+", " ", "?", "#", ".", "..", ";", "\\", "\"", "{", "}", ":", "\u2028"),
        Gen.Choose(0x20, 0x7E).Select(Rune),
        Gen.Choose(0x80, 0x7FF).Select(Rune),
        Gen.Choose(0x800, 0xD7FF).Select(Rune),
        Gen.Choose(0xE000, 0xFFFF).Select(Rune),
        Gen.Choose(0x10000, 0x10FFFF).Select(Rune)
    );

    public static Arbitrary<KeyText> Keys() =>
        Characters
            .NonEmptyListOf()
            .Select(parts => new KeyText(string.Concat(parts)))
            .Where(key =>
                key.Text is not ("." or "..") && Encoding.UTF8.GetByteCount(key.Text) <= DataKey.MaximumLength
            )
            .ToArbitrary();

    public static Arbitrary<ValueText> Values() =>
        Gen.OneOf(Characters, Gen.Choose(0, 0x1F).Select(Rune))
            .NonEmptyListOf()
            .Select(parts => new ValueText(string.Concat(parts)))
            .ToArbitrary();

    private static string Rune(int scalar) => char.ConvertFromUtf32(scalar);
}

public sealed class DataProperties(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Property(Arbitrary = [typeof(Texts)], MaxTest = 1000)]
    public bool A_key_in_a_body_and_the_same_key_in_a_path_are_one_key(KeyText key)
    {
        var utf8 = Encoding.UTF8.GetBytes(key.Text);
        return DataKey.TryCreate(utf8, out var ofBody)
            && DataKey.TryDecode(Uri.EscapeDataString(key.Text), out var ofPath)
            && ofBody.Utf8.SequenceEqual(utf8)
            && ofPath.Utf8.SequenceEqual(utf8);
    }

    [Property(Arbitrary = [typeof(Texts)], MaxTest = 1000)]
    public bool However_a_key_is_percent_encoded_it_is_the_same_key(KeyText key, int[] choices)
    {
        var utf8 = Encoding.UTF8.GetBytes(key.Text);
        var path = new StringBuilder();
        for (var i = 0; i < utf8.Length; i++)
        {
            var plain = char.IsAsciiLetterOrDigit((char)utf8[i]) && choices.ElementAtOrDefault(i) % 2 == 0;
            var upper = choices.ElementAtOrDefault(i) % 3 == 0;
            path.Append(
                plain ? $"{(char)utf8[i]}"
                : upper ? $"%{utf8[i]:X2}"
                : $"%{utf8[i]:x2}"
            );
        }

        return DataKey.TryDecode(path.ToString(), out var decoded) && decoded.Utf8.SequenceEqual(utf8);
    }

    [Property(Arbitrary = [typeof(Texts)], MaxTest = 1000)]
    public bool Two_keys_share_an_entry_only_if_they_are_the_same(KeyText one, KeyText other)
    {
        var keys = new RedisKeys(new RedisOptions());
        return keys.Data("u", Encoding.UTF8.GetBytes(one.Text))
            == keys.Data("u", Encoding.UTF8.GetBytes(other.Text))
            == string.Equals(one.Text, other.Text, StringComparison.Ordinal);
    }

    [Property(MaxTest = 1000)]
    public bool A_path_of_any_bytes_is_a_key_or_is_refused(byte[] bytes, string rest)
    {
        // Never an exception, and what is taken for a key obeys its rules.
        var segment = string.Concat(bytes.Select(b => $"%{b:X2}")) + rest;
        return !DataKey.TryDecode(segment, out var key)
            || DataKey.TryCreate(key.Utf8, out _)
                && Encoding.UTF8.GetString(key.Utf8).All(c => c is >= ' ' and not '\x7F');
    }

    [Property(Arbitrary = [typeof(Texts)], MaxTest = 60)]
    public async Task<bool> Any_value_under_any_key_comes_back_as_it_was(KeyText key, ValueText value)
    {
        var token = await Token;
        var stored = await api.StoreAsync(token, key.Text, value.Text);
        stored.Expect(HttpStatusCode.Created);
        var entry = (await api.RetrieveAsync(token, key.Text)).Expect(HttpStatusCode.OK).Json["data"]!;
        (await api.DeleteAsync(token, key.Text)).Expect(HttpStatusCode.OK);
        return Is(entry, "key", key.Text) && Is(entry, "value", value.Text);
    }

    [Property(Arbitrary = [typeof(Texts)], MaxTest = 60)]
    public async Task<bool> However_a_value_is_escaped_it_is_the_same_value(ValueText value)
    {
        var token = await Token;
        var escaped = string.Concat(value.Text.Select(c => $"\\u{(int)c:x4}"));
        await api.PostTextAsync("/api/data", $$"""{"key":"k","value":"{{escaped}}"}""", token);
        var entry = (await api.RetrieveAsync(token, "k")).Expect(HttpStatusCode.OK).Json["data"]!;
        (await api.DeleteAsync(token, "k")).Expect(HttpStatusCode.OK);
        return Is(entry, "value", value.Text);
    }

    private Task<string> Token => token ??= api.NewUserTokenAsync();

    private Task<string>? token;

    private static bool Is(JsonNode entry, string member, string text) =>
        string.Equals(entry[member]!.GetValue<string>(), text, StringComparison.Ordinal);
}
