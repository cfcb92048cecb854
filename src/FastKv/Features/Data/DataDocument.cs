using FastKv.Api;
using Microsoft.OpenApi;

namespace FastKv.Features.Data;

/// <summary>What the OpenAPI document says about keys and values. The examples are those of the API document.</summary>
internal static class DataDocument
{
    public static OpenApiSchema Key { get; } =
        OpenApiObject.Text(
            $"1 to {DataKey.MaximumLength} bytes in UTF-8 without control characters, and not `.` or `..`. Compared byte for byte.",
            "unique_key",
            1,
            DataKey.MaximumLength,
            @"^(?!\.{1,2}$)[^\u0000-\u001F\u007F]+$"
        );

    public static OpenApiObject StoreRequest { get; } =
        OpenApiObject.Of("StoreDataRequest", ("key", Key), ("value", Value("data_value")));

    public static OpenApiObject StoreResponse { get; } =
        OpenApiObject.Success("StoreDataResponse", "Data stored successfully.");

    public static OpenApiObject RetrieveResponse { get; } =
        OpenApiObject.Success("RetrieveDataResponse", data: [("key", Key), ("value", Value("data_value"))]);

    public static OpenApiObject UpdateRequest { get; } =
        OpenApiObject.Of("UpdateDataRequest", ("value", Value("new_data_value")));

    public static OpenApiObject UpdateResponse { get; } =
        OpenApiObject.Success("UpdateDataResponse", "Data updated successfully.");

    public static OpenApiObject DeleteResponse { get; } =
        OpenApiObject.Success("DeleteDataResponse", "Data deleted successfully.");

    private static OpenApiSchema Value(string example) =>
        OpenApiObject.Text(
            $"1 to {DataBody.MaximumValueLength} bytes in UTF-8.",
            example,
            1,
            DataBody.MaximumValueLength
        );
}
