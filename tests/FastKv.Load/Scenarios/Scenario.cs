namespace FastKv.Load.Scenarios;

/// <summary>One iteration of a scenario: exactly one request, so that its time is that request's time.</summary>
internal delegate Task<Outcome> ScenarioStep(HttpClient client, CancellationToken cancellation);

/// <summary>A name and a function on an HTTP client. No load engine is mentioned, so that any can run it.</summary>
/// <param name="Operations">The operations the step may perform; results are kept for each.</param>
internal sealed record Scenario(string Name, IReadOnlyList<Operation> Operations, ScenarioStep Step)
{
    /// <summary>Registering and signing in cost a password hash each, thousands of times a data request.</summary>
    public bool HashesPasswords => Operations.Any(operation => operation is Operation.Register or Operation.Token);
}
