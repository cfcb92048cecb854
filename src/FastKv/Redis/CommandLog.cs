#if EMBEDDED_STORE
using Tsavorite.core;

namespace FastKv.Redis;

/// <summary>
/// Garnet's log of what commands have written, from which a start makes the data again, and the only place where they are kept.
/// </summary>
internal sealed class CommandLog(TsavoriteLog log)
{
    /// <summary>Bytes that a start has to go through.</summary>
    public long Bytes => log.TailAddress - log.BeginAddress;

    /// <summary>Where the next command will be written.</summary>
    public long End => log.TailAddress;

    /// <summary>Returns when all that was written before is on disk.</summary>
    public void Commit()
    {
        if (log.CommittedUntilAddress >= log.TailAddress && log.CommittedBeginAddress >= log.BeginAddress)
        {
            return;
        }

        var commit = log.CommitAsync();
        if (!commit.IsCompletedSuccessfully)
        {
            commit.AsTask().GetAwaiter().GetResult();
        }
    }

    /// <summary>Forgets what was written before this place. Its files go once it is on disk where the log now begins.</summary>
    public void ForgetBefore(long place)
    {
        log.TruncateUntil(place);
        Commit();
    }
}
#endif
