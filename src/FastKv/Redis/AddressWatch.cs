using System.Net;
using System.Net.Sockets;
using StackExchange.Redis;

namespace FastKv.Redis;

/// <summary>
/// Notices that a name in DNS has moved, so that a server which the name has left is left too, even if it goes on taking writes.
/// </summary>
/// <param name="names">The hosts of the connection string.</param>
/// <param name="resolveAsync">The addresses of a host.</param>
/// <param name="time">Tells how long ago an address was seen.</param>
internal sealed class AddressWatch(
    IReadOnlyList<string> names,
    Func<string, Task<IPAddress[]>> resolveAsync,
    TimeProvider time
)
{
    /// <summary>How often the names are asked for.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long an address counts as one of a name after it was last in an answer: a name that tells some of its addresses at a
    /// time, in turn, has not moved.
    /// </summary>
    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, Dictionary<IPAddress, long>> seen = names
        .Distinct()
        .ToDictionary(name => name, _ => new Dictionary<IPAddress, long>());

    public AddressWatch(ConfigurationOptions configuration, TimeProvider time)
        : this(
            [.. configuration.EndPoints.OfType<DnsEndPoint>().Select(name => name.Host)],
            Dns.GetHostAddressesAsync,
            time
        ) { }

    /// <summary>Whether there is a name to ask for at all.</summary>
    public bool HasNames => seen.Count > 0;

    /// <summary>
    /// Whether a name leads only to addresses that it did not lead to in the minute before. Not for two callers at once.
    /// </summary>
    public async Task<bool> HasMovedAsync()
    {
        var hasMoved = false;
        foreach (var (name, addresses) in seen)
        {
            try
            {
                hasMoved |= HasMoved(addresses, await resolveAsync(name));
            }
            catch (Exception exception) when (exception is SocketException or ArgumentException)
            {
                // A name that can't be resolved leads nowhere else.
            }
        }

        return hasMoved;
    }

    private bool HasMoved(Dictionary<IPAddress, long> before, IPAddress[] answer)
    {
        var hasMoved = before.Count > 0 && answer.Length > 0 && !answer.Any(before.ContainsKey);
        var now = time.GetTimestamp();
        foreach (var address in answer)
        {
            before[address] = now;
        }

        // Only when there is another answer, so that an outage of DNS does not make it forget where the name led to.
        foreach (var (address, last) in before)
        {
            if (answer.Length > 0 && time.GetElapsedTime(last, now) > Memory)
            {
                before.Remove(address);
            }
        }

        return hasMoved;
    }
}
