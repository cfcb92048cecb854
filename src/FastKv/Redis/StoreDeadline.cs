using System.Diagnostics;

namespace FastKv.Redis;

/// <summary>
/// How long one request may wait for the store over all its commands, one after the other. One command is bounded by the
/// connection's own timeout; a registration has five, and a store that answers each of them late must not add them up. For one wait
/// at a time.
/// </summary>
internal sealed class StoreDeadline(TimeSpan limit)
{
    private TimeSpan left = limit;

    /// <summary>What is left of it.</summary>
    public TimeSpan Left => left;

    /// <exception cref="StoreUnavailableException">It has passed, so the next command is not sent.</exception>
    public void ThrowIfPassed()
    {
        if (left <= TimeSpan.Zero)
        {
            throw new StoreUnavailableException("DeadlinePassed");
        }
    }

    /// <summary>Waits for a step of several commands that loses nothing when it is not waited for, until the deadline.</summary>
    /// <exception cref="StoreUnavailableException">It was not done in time.</exception>
    public async Task<TResult> BoundAsync<TResult>(Task<TResult> step)
    {
        try
        {
            return await WaitAsync(step);
        }
        catch (TimeoutException late)
        {
            throw new StoreUnavailableException("DeadlinePassed", late);
        }
    }

    /// <summary>Waits until the deadline for a step that writes; it goes on when it is not waited for.</summary>
    /// <exception cref="OutcomeUnknownException">It was not done in time, and may be all the same.</exception>
    public async Task BoundWriteAsync(Task step)
    {
        try
        {
            await WaitAsync(step);
        }
        catch (TimeoutException late)
        {
            throw new OutcomeUnknownException("DeadlinePassed", late);
        }
    }

    /// <summary>Waits for the reply, until the deadline.</summary>
    /// <exception cref="TimeoutException">It did not come in time; the command may be carried out all the same.</exception>
    public async Task<TResult> WaitAsync<TResult>(Task<TResult> reply)
    {
        await WaitAsync((Task)reply);
        return await reply;
    }

    private async Task WaitAsync(Task step)
    {
        var start = Stopwatch.GetTimestamp();
        try
        {
            await step.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
        finally
        {
            left -= Stopwatch.GetElapsedTime(start);
        }
    }
}
