namespace FastKv.Load.Running;

/// <summary>
/// Open: requests arrive at a fixed rate whether or not earlier ones have been answered, as users do.
/// Closed: a fixed number of workers, each of which waits for its answer before it sends again.
/// </summary>
internal enum LoadModel
{
    Open,
    Closed,
}
