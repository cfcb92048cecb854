namespace FastKv.Configuration;

/// <summary>Settings <c>FastKv__Data__*</c>: how data are kept.</summary>
internal sealed class DataOptions
{
    /// <summary>
    /// Seconds for which a success is remembered under its Idempotency-Key, so that the same request is not done twice. 60 to
    /// 604,800.
    /// </summary>
    public int IdempotencySeconds { get; set; } = 86_400;

    public static DataOptions From(IConfiguration configuration)
    {
        var options = Setting.Bind<DataOptions>(configuration, "Data");
        Setting.RequireRange($"Data:{nameof(IdempotencySeconds)}", options.IdempotencySeconds, 60, 604_800);
        return options;
    }
}
