namespace FastKv.Api;

/// <summary>One problem of a request.</summary>
/// <param name="Field">The member of the request, as the client spells it.</param>
/// <param name="Reason">What it must be.</param>
internal sealed record ErrorDetail(string Field, string Reason);
