namespace FastKv.Load.Scenarios;

/// <summary>The operations, each measured apart from the others.</summary>
internal enum Operation
{
    Register,
    Token,
    Renew,
    Store,
    Retrieve,
    Update,
    Delete,
    List,
    Modify,
    RetrieveBatch,
    WriteBatch,
}

internal static class OperationNames
{
    public static readonly int Count = Enum.GetValues<Operation>().Length;

    /// <summary>The operation that is called so; null if there is none.</summary>
    public static Operation? Find(string name) =>
        Enum.GetValues<Operation>().Cast<Operation?>().FirstOrDefault(operation => operation!.Value.Name() == name);

    public static string Name(this Operation operation) =>
        operation switch
        {
            Operation.Register => "register",
            Operation.Token => "token",
            Operation.Renew => "renew",
            Operation.Store => "store",
            Operation.Retrieve => "retrieve",
            Operation.Update => "update",
            Operation.Delete => "delete",
            Operation.List => "list",
            Operation.Modify => "modify",
            Operation.RetrieveBatch => "batch-retrieve",
            Operation.WriteBatch => "batch-write",
            _ => throw new ArgumentOutOfRangeException(nameof(operation)),
        };
}
