using System.Text;
using FastKv.Redis;
using StackExchange.Redis;

namespace FastKv.Admin;

/// <summary>A kind of thing that a check finds.</summary>
/// <param name="Name">What it is called in results and documents.</param>
/// <param name="Meaning">What is so and should not be.</param>
/// <param name="Repair">What <c>--repair</c> does; null if it does nothing, because something would be lost, or a person must decide.</param>
internal sealed record FindingKind(string Name, string Meaning, string? Repair)
{
    public static readonly FindingKind IndexWithoutValue = new(
        "index_without_value",
        "the index names a key that has no value",
        "the name is taken out of the index"
    );

    public static readonly FindingKind ValueWithoutIndex = new(
        "value_without_index",
        "a value is in no index, so it is not listed or counted",
        "it is put into the index"
    );

    public static readonly FindingKind IndexScore = new(
        "index_score",
        "a key has a score other than 0, so it is listed in the wrong place or not at all",
        "the score is set to 0"
    );

    public static readonly FindingKind ExpiryWithoutIndex = new(
        "expiry_without_index",
        "the index of expiries names a key that is not there",
        "the name is taken out of it"
    );

    public static readonly FindingKind ExpiryWithoutTtl = new(
        "expiry_without_ttl",
        "the index of expiries names a key that does not expire",
        "the name is taken out of it, and the value stays"
    );

    public static readonly FindingKind TtlWithoutExpiry = new(
        "ttl_without_expiry",
        "a value expires, and the index of expiries does not know",
        "it is put into the index of expiries"
    );

    public static readonly FindingKind ExpiryDiffers = new(
        "expiry_differs",
        "the index of expiries has another moment than the value, by more than a second",
        "the moment of the value is put into the index"
    );

    public static readonly FindingKind WrongType = new(
        "wrong_type",
        "a key is of another type than the service writes",
        null
    );

    public static readonly FindingKind UnreachableValue = new(
        "unreachable_value",
        "a value has a name that no request can have",
        null
    );

    public static readonly FindingKind RecordWithoutIndex = new(
        "idempotency_record_without_index",
        "a remembered Idempotency-Key is in no index, so a deletion of the user would leave it until it expires",
        "it is put into the index"
    );

    public static readonly FindingKind IndexWithoutRecord = new(
        "idempotency_index_without_record",
        "the index of Idempotency-Keys names one that is not remembered",
        "the name is taken out of the index"
    );

    public static readonly FindingKind NoTtl = new("no_ttl", "a key does not expire, and should", null);

    public static readonly FindingKind EmailWithoutUser = new(
        "email_without_user",
        "an email address is claimed for a user who is not there or has another one; it is free for others all the same",
        "the claim is removed"
    );

    public static readonly FindingKind UserWithoutEmail = new(
        "user_without_email",
        "nothing claims the email address of a user, so that another could register it",
        "the claim is made"
    );

    public static readonly FindingKind EmailOfAnother = new(
        "email_of_another_user",
        "the email address of a user is that of another user, too",
        null
    );

    public static readonly FindingKind ClaimDiffers = new(
        "email_claim_differs",
        "the claim of an email address has not the user_id of its user, so a deletion would leave it",
        "the claim gets the user_id"
    );

    public static readonly FindingKind ClaimUnreadable = new(
        "email_claim_unreadable",
        "the claim of an email address can't be read, so nobody can register the address",
        null
    );

    public static readonly FindingKind UserIncomplete = new(
        "user_incomplete",
        "a user lacks something that every user has, or stands under another name",
        null
    );

    public static readonly FindingKind DeletionUnreadable = new(
        "deletion_unreadable",
        "a note in the list of deletions can't be read",
        null
    );

    public static readonly FindingKind DeletionOverdue = new(
        "deletion_overdue",
        "a user was deleted more than an hour ago, and the data are not removed: user delete --id does it",
        null
    );

    public static readonly FindingKind DataWithoutUser = new(
        "data_without_user",
        "data are stored of a user who is not there, and no deletion is noted: user delete --id removes them",
        null
    );

    /// <summary>All of them.</summary>
    public static readonly FindingKind[] All =
    [
        IndexWithoutValue,
        ValueWithoutIndex,
        IndexScore,
        ExpiryWithoutIndex,
        ExpiryWithoutTtl,
        TtlWithoutExpiry,
        ExpiryDiffers,
        WrongType,
        UnreachableValue,
        RecordWithoutIndex,
        IndexWithoutRecord,
        NoTtl,
        EmailWithoutUser,
        UserWithoutEmail,
        EmailOfAnother,
        ClaimDiffers,
        ClaimUnreadable,
        UserIncomplete,
        DeletionUnreadable,
        DeletionOverdue,
        DataWithoutUser,
    ];

    /// <summary>The kind of this name.</summary>
    public static FindingKind Of(string name) => All.Single(kind => kind.Name == name);
}

/// <summary>Takes what a check finds, and counts it.</summary>
internal sealed class Findings(AdminConsole console, RedisKeys keys, bool isJson)
{
    private readonly Lock gate = new();

    /// <summary>How many were found.</summary>
    public long Found { get; private set; }

    /// <summary>How many of them were repaired.</summary>
    public long Repaired { get; private set; }

    /// <summary>Tells of one.</summary>
    public void Add(FindingKind kind, RedisKey key, bool isRepaired = false) =>
        Add(kind, keys.Parse(key)?.UserId, (byte[])key!, isRepaired);

    /// <summary>Tells of one that is no key of its own.</summary>
    public void Add(FindingKind kind, string? userId, ReadOnlySpan<byte> name, bool isRepaired = false)
    {
        var line = new FindingLine(kind.Name, userId, Encoding.UTF8.GetString(name), isRepaired, kind.Meaning);
        lock (gate)
        {
            Found++;
            Repaired += isRepaired ? 1 : 0;
            Write(line, kind);
        }
    }

    private void Write(FindingLine line, FindingKind kind)
    {
        if (isJson)
        {
            console.Write(line, AdminJson.Lines.FindingLine);
        }
        else
        {
            console.Write(
                $"{line.Finding}\t{line.Key}\t{line.Meaning}{(line.Repaired ? $": repaired, {kind.Repair}" : "")}"
            );
        }
    }
}

/// <summary>What a check has found.</summary>
/// <param name="Finding">One of <see cref="FindingKind"/>.</param>
/// <param name="UserId">Whose it is; null if it is nobody's, or not known.</param>
/// <param name="Key">The key in Redis; bytes that are no UTF-8 are replaced.</param>
/// <param name="Repaired">Whether it was repaired.</param>
/// <param name="Meaning">What it means.</param>
internal sealed record FindingLine(string Finding, string? UserId, string Key, bool Repaired, string Meaning);
