using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using FastKv.Telemetry;
using Isopoh.Cryptography.Argon2;

namespace FastKv.Auth;

/// <summary>What a password check found.</summary>
/// <param name="IsRight">Whether the password belongs to the hash.</param>
/// <param name="RenewedHash">The same password under today's parameters, if the hash was made with others.</param>
internal sealed record PasswordVerificationResult(bool IsRight, string? RenewedHash);

/// <summary>
/// Hashes and verifies passwords with Argon2id (RFC 9106), as PHC strings. A hash costs about 100 ms and 160 MB of short-lived
/// memory, so only a few run at once, on threads of their own, and a bounded queue waits: a flood of logins can neither eat the
/// memory nor starve the requests for data.
/// </summary>
internal sealed class PasswordHasher : IDisposable
{
    private const int SaltLength = 16;
    private const int HashLength = 32;

    private readonly PasswordOptions options;
    private readonly BlockingCollection<Action> queue;
    private readonly string parameters;

    // What the password of an unknown user is compared with: random bytes in the place of a hash.
    private readonly string decoy;

    public PasswordHasher(PasswordOptions options)
    {
        this.options = options;
        parameters = $"$argon2id$v=19$m={options.MemoryKiB},t={options.Iterations},p={options.Parallelism}$";
        decoy = Config([]).EncodeString(RandomNumberGenerator.GetBytes(HashLength));
        queue = new BlockingCollection<Action>(options.MaxQueuedHashes);
        Instruments.ObserveHashQueue(() => queue.Count);
        for (var i = 0; i < options.MaxConcurrentHashes; i++)
        {
            new Thread(Work) { IsBackground = true, Name = $"argon2-{i}" }.Start();
        }
    }

    /// <summary>The PHC string of a new password, or null if too many are waiting.</summary>
    public Task<string?> HashAsync(string password, CancellationToken cancellation) =>
        EnqueueAsync(() => Hash(password), cancellation);

    /// <summary>
    /// Checks a password, or null if too many are waiting. Without a hash (the user is unknown) it does the same work and says
    /// no.
    /// </summary>
    public Task<PasswordVerificationResult?> VerifyAsync(
        string password,
        string? hash,
        CancellationToken cancellation
    ) => EnqueueAsync(() => Verify(password, hash), cancellation);

    public void Dispose() => queue.CompleteAdding();

    // Hashes that were made before passwords were normalized are of what was typed.
    private PasswordVerificationResult Verify(string password, string? hash)
    {
        var isRight = IsOf(Nfc.Of(password), hash);
        var isAsTyped = !isRight && Nfc.Of(password) != password && IsOf(password, hash);
        var isOld = isAsTyped || isRight && !hash!.StartsWith(parameters, StringComparison.Ordinal);
        return new PasswordVerificationResult(isRight || isAsTyped, isOld ? Hash(password) : null);
    }

    private bool IsOf(string password, string? hash) =>
        Argon2.Verify(hash ?? decoy, Encoding.UTF8.GetBytes(password), null, 1, null) && hash is not null;

    private string Hash(string password)
    {
        var config = Config(Encoding.UTF8.GetBytes(Nfc.Of(password)));
        using var argon = new Argon2(config);
        using var hash = argon.Hash();
        return config.EncodeString(hash.Buffer);
    }

    private Argon2Config Config(byte[] password) =>
        new()
        {
            Type = Argon2Type.HybridAddressing,
            Version = Argon2Version.Nineteen,
            MemoryCost = options.MemoryKiB,
            TimeCost = options.Iterations,
            Lanes = options.Parallelism,
            Threads = 1,
            HashLength = HashLength,
            Salt = RandomNumberGenerator.GetBytes(SaltLength),
            Password = password,
        };

    private Task<T?> EnqueueAsync<T>(Func<T> work, CancellationToken cancellation)
        where T : class
    {
        var done = new TaskCompletionSource<T?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var enqueued = Stopwatch.GetTimestamp();
        var queued = queue.TryAdd(() =>
        {
            // Whoever is gone needs no hash.
            if (cancellation.IsCancellationRequested)
            {
                done.SetCanceled(cancellation);
                return;
            }

            var begun = Stopwatch.GetTimestamp();
            try
            {
                var result = work();
                Instruments.RecordHash(Stopwatch.GetElapsedTime(enqueued, begun), Stopwatch.GetElapsedTime(begun));
                done.SetResult(result);
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return queued ? done.Task : Task.FromResult<T?>(null);
    }

    private void Work()
    {
        foreach (var job in queue.GetConsumingEnumerable())
        {
            job();
        }
    }
}
