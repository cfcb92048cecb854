using FastKv.Configuration;
using FastKv.Redis;
using FastKv.Server;

namespace FastKv.Features.Users;

/// <summary>
/// Bounds how many registrations one client address can send, if the setting says so: many people can share one address. Only
/// registrations that are well-formed count, whatever becomes of them.
/// </summary>
internal sealed class RegistrationLimiter(FixedWindowCounter counter, RedisKeys keys, LimitOptions limits)
{
    private const int WindowSeconds = 3600;

    /// <summary>Counts one; returns the seconds to wait if it is one too many, else 0. One round trip; none if it is off.</summary>
    public async Task<int> CountAsync(HttpContext context)
    {
        if (limits.RegistrationsPerHourPerAddress == 0 || ClientAddress.Of(context) is not { } address)
        {
            return 0;
        }

        var key = keys.RegistrationsFrom(address);
        return (await counter.CountAsync(key, limits.RegistrationsPerHourPerAddress, WindowSeconds)).LockedSeconds;
    }
}
