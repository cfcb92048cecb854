using BitFaster.Caching.Lru;
using FastKv.Api;
using FastKv.Auth;
using FastKv.Configuration;

namespace FastKv.Server;

/// <summary>
/// Bounds what each user does with data each second at this replica, with room for one second's worth at once. It is in the pipeline
/// only if it is on. One number a user, by the generic cell rate algorithm (ITU-T I.371, Annex A): the time at which all that the
/// user has done is paid off.
/// </summary>
internal sealed class DataRateLimiterMiddleware(RequestDelegate next, LimitOptions limits, TimeProvider time)
{
    /// <summary>Users that are remembered; who has not been seen for longest is forgotten, and begins anew.</summary>
    private const int RememberedUsers = 100_000;

    private readonly ConcurrentLru<string, Account> accounts = new(RememberedUsers);
    private readonly long second = time.TimestampFrequency;
    private readonly long price = Math.Max(1, time.TimestampFrequency / limits.DataRequestsPerSecondPerUser);

    public Task InvokeAsync(HttpContext context)
    {
        // Whoever asks too much can still renew the token and sign out.
        if (
            context.User is not Caller caller
            || context.GetEndpoint()?.Metadata.GetMetadata<SessionCheckMetadata>() is null
        )
        {
            return next(context);
        }

        var account = accounts.GetOrAdd(caller.UserId, static _ => new Account());
        var wait = account.Take(time.GetTimestamp(), price, second);
        return wait == 0 ? next(context) : ApiResponse.TooManyRequestsAsync(context, SecondsOf(wait));
    }

    private int SecondsOf(long wait) => (int)((wait + second - 1) / second);

    private sealed class Account
    {
        private long paidOffAt;

        /// <summary>0 if there was room for one more, else how long until there is.</summary>
        public long Take(long now, long price, long allowance)
        {
            while (true)
            {
                var before = Volatile.Read(ref paidOffAt);
                var after = Math.Max(before, now) + price;
                if (after > now + allowance)
                {
                    return after - now - allowance;
                }

                if (Interlocked.CompareExchange(ref paidOffAt, after, before) == before)
                {
                    return 0;
                }
            }
        }
    }
}
