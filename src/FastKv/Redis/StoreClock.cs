namespace FastKv.Redis;

/// <summary>By which time entries expire in a store.</summary>
/// <param name="StandsInScripts">
/// Whether the time stands still for them while a script runs, as in Redis; in the embedded store an entry can expire between two
/// commands of a script.
/// </param>
internal sealed record StoreClock(bool StandsInScripts);
