namespace FastKv.Load.Reports;

/// <summary>One demand, what was measured, and whether it was met.</summary>
internal sealed record ThresholdResult(string Demand, string Measured, bool Met);
