namespace FastKv.Load.Scenarios;

/// <summary>The six documented operations, each measured apart from the others.</summary>
internal enum Operation
{
    Register,
    Token,
    Store,
    Retrieve,
    Update,
    Delete,
}

internal static class OperationNames
{
    public static readonly int Count = Enum.GetValues<Operation>().Length;

    public static string Name(this Operation operation) =>
        operation switch
        {
            Operation.Register => "register",
            Operation.Token => "token",
            Operation.Store => "store",
            Operation.Retrieve => "retrieve",
            Operation.Update => "update",
            Operation.Delete => "delete",
            _ => throw new ArgumentOutOfRangeException(nameof(operation)),
        };
}
