using FastKv.Configuration;

namespace FastKv.Auth;

/// <summary>
/// Settings <c>FastKv__Passwords__*</c>. The default is one of the equivalent Argon2id settings of the OWASP Password Storage
/// Cheat Sheet: 7 MiB, 5 iterations, 1 lane.
/// </summary>
internal sealed class PasswordOptions
{
    /// <summary>KiB of memory that one hash fills. 1,024 to 1,048,576.</summary>
    public int MemoryKiB { get; set; } = 7168;

    /// <summary>Passes over the memory. 1 to 100.</summary>
    public int Iterations { get; set; } = 5;

    /// <summary>Lanes. 1 to 16.</summary>
    public int Parallelism { get; set; } = 1;

    /// <summary>How many hashes are computed at once, each on a thread of its own. 1 to 256.</summary>
    public int MaxConcurrentHashes { get; set; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>How many more may wait; a request beyond is refused with 429. 1 to 10,000.</summary>
    public int MaxQueuedHashes { get; set; } = 64;

    public static PasswordOptions From(IConfiguration configuration)
    {
        var options = Setting.Bind<PasswordOptions>(configuration, "Passwords");
        Setting.RequireRange("Passwords:MemoryKiB", options.MemoryKiB, 1024, 1_048_576);
        Setting.RequireRange("Passwords:Iterations", options.Iterations, 1, 100);
        Setting.RequireRange("Passwords:Parallelism", options.Parallelism, 1, 16);
        Setting.RequireRange("Passwords:MaxConcurrentHashes", options.MaxConcurrentHashes, 1, 256);
        Setting.RequireRange("Passwords:MaxQueuedHashes", options.MaxQueuedHashes, 1, 10_000);
        return options;
    }
}
