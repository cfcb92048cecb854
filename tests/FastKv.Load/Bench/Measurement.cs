namespace FastKv.Load.Bench;

/// <summary>One round of one server in one case.</summary>
internal sealed record Measurement(
    string Server,
    string Operation,
    string Protocol,
    string Driver,
    int Connections,
    int Streams,
    int ValueBytes,
    int StoredKeys,
    int Round,
    long Requests,
    long NotOk,
    double CpuMicrosecondsPerRequest,
    double RequestsPerSecond
);
