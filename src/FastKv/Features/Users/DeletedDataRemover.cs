using FastKv.Redis;
using FastKv.Telemetry;

namespace FastKv.Features.Users;

/// <summary>
/// Removes what deleted users stored. Each replica looks from time to time what is to be done; of one user's data a lease in Redis lets
/// only one of them work.
/// </summary>
internal sealed partial class DeletedDataRemover(
    AccountDeletions deletions,
    TimeProvider time,
    ILogger<DeletedDataRemover> logger
) : BackgroundService
{
    /// <summary>How often a replica looks that was not told of a deletion.</summary>
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim begun = new(0, 1);
    private long? toldAt;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        deletions.Begun += Wake;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await begun.WaitAsync(Interval, stoppingToken);
                await RemoveAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The service stops; another replica, or the next start, goes on.
            }
            catch (StoreUnavailableException)
            {
                // What there is to remove is not known; who watches Redis says why.
            }
        }
    }

    public override void Dispose()
    {
        deletions.Begun -= Wake;
        begun.Dispose();
        base.Dispose();
    }

    private void Wake()
    {
        try
        {
            begun.Release();
        }
        catch (SemaphoreFullException)
        {
            // It was told already.
        }
    }

    private async Task RemoveAsync(CancellationToken cancellation)
    {
        var waiting = await deletions.ListAsync();
        Observe(waiting);
        foreach (var deletion in waiting)
        {
            try
            {
                // Whoever noted it may have died before the user was gone.
                await deletions.CloseAsync(deletion);
                if (await deletions.RemoveAllAsync(deletion.UserId, cancellation))
                {
                    await deletions.FinishAsync(deletion.UserId);
                }
            }
            catch (Exception outage) when (outage is StoreUnavailableException or OutcomeUnknownException)
            {
                // What is not removed now is found again, and the next user does not wait for it.
                TellOnceAMinute(outage.Message);
            }
        }

        if (waiting.Count > 0)
        {
            Observe(await deletions.ListAsync());
        }
    }

    private void TellOnceAMinute(string reason)
    {
        var now = time.GetTimestamp();
        if (toldAt is null || time.GetElapsedTime(toldAt.Value, now) >= TimeSpan.FromMinutes(1))
        {
            toldAt = now;
            LogPostponed(reason);
        }
    }

    private void Observe(IReadOnlyList<Deletion> waiting)
    {
        var oldest = waiting.Count == 0 ? TimeSpan.Zero : time.GetUtcNow() - waiting.Min(deletion => deletion.Since);
        Instruments.ObserveDeletions(waiting.Count, oldest);
    }

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "The data of deleted users are still there, because the store refused: {Reason}. They are removed as soon as it takes writes; if the reason is NoPerm or WrongType, look at the ACL of its user, or at the keys of that user."
    )]
    private partial void LogPostponed(string reason);
}
