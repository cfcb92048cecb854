using System.Text.Json;
using FastKv.Api;

namespace FastKv.Features.Data;

/// <summary>
/// The members of a JSON object that say what to do with an entry, unescaped, as bytes. Others are skipped, and of one that is there
/// twice the last counts.
/// </summary>
internal sealed class EntryMembers
{
    /// <summary>Bytes of UTF-8.</summary>
    public const int MaximumValueLength = 1024 * 1024;

    // The longest of: a word, a number, an entity tag.
    private const int MaximumWordLength = 64;

    private Name next;

    private enum Name
    {
        Other,
        Op,
        Key,
        Value,
        ExpiresIn,
        IfMatch,
        Increment,
        Create,
    }

    public JsonMember Op { get; private set; }

    public JsonMember Key { get; private set; }

    public JsonMember Value { get; private set; }

    public JsonMember ExpiresIn { get; private set; }

    public JsonMember IfMatch { get; private set; }

    public JsonMember Increment { get; private set; }

    public JsonMember Create { get; private set; }

    /// <summary>Bytes that a string behind the last name may have.</summary>
    public int MaximumTextLength =>
        next switch
        {
            Name.Key => DataKey.MaximumLength,
            Name.Value => MaximumValueLength,
            Name.Other => 0,
            _ => MaximumWordLength,
        };

    public void AcceptName(ReadOnlySpan<byte> name) =>
        next =
            name.SequenceEqual("key"u8) ? Name.Key
            : name.SequenceEqual("value"u8) ? Name.Value
            : name.SequenceEqual("expires_in"u8) ? Name.ExpiresIn
            : name.SequenceEqual("op"u8) ? Name.Op
            : name.SequenceEqual("if_match"u8) ? Name.IfMatch
            : name.SequenceEqual("increment"u8) ? Name.Increment
            : name.SequenceEqual("create"u8) ? Name.Create
            : Name.Other;

    public void AcceptValue(JsonTokenType token, ReadOnlyMemory<byte>? text)
    {
        var member = new JsonMember(token, text);
        switch (next)
        {
            case Name.Op:
                Op = member;
                break;
            case Name.Key:
                Key = member;
                break;
            case Name.Value:
                Value = member;
                break;
            case Name.ExpiresIn:
                ExpiresIn = member;
                break;
            case Name.IfMatch:
                IfMatch = member;
                break;
            case Name.Increment:
                Increment = member;
                break;
            case Name.Create:
                Create = member;
                break;
        }

        next = Name.Other;
    }

    /// <summary>The key; what is none is a problem.</summary>
    public DataKey KeyOrProblem(string field, ref RequestProblems problems)
    {
        if (!DataKey.TryCreate(Key.String.GetValueOrDefault().Span, out var key))
        {
            problems.Add(ApiError.InvalidKey, field, DataKey.Form);
        }

        return key;
    }

    /// <summary>The value; what is none is a problem.</summary>
    public ReadOnlyMemory<byte> ValueOrProblem(string field, ref RequestProblems problems)
    {
        if (Value.String is { IsEmpty: false } value)
        {
            return value;
        }

        problems.Add(ApiError.InvalidValue, field, "must be a string of 1 byte to 1 MiB in UTF-8");
        return default;
    }
}
