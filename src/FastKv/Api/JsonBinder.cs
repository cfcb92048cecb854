using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FastEndpoints;

namespace FastKv.Api;

/// <summary>Binds a small JSON body to a request; members that are unknown are ignored.</summary>
internal sealed class JsonBinder<TRequest>(JsonTypeInfo<TRequest> type) : IRequestBinder<TRequest>
    where TRequest : class
{
    /// <summary>
    /// Bytes. The longest legal registration, with every character escaped, is below 8 KiB; the rest is room to tell a
    /// client which of its fields is too long.
    /// </summary>
    public const int MaximumBodyLength = 64 * 1024;

    public async ValueTask<TRequest> BindAsync(BinderContext context, CancellationToken cancellation)
    {
        var request = context.HttpContext.Request;
        var body = await RequestBody.ReadAsync(context.HttpContext, MaximumBodyLength, cancellation);
        try
        {
            return Parse(body) ?? throw RequestBody.NotAnObject(body);
        }
        finally
        {
            RequestBody.Release(request, body);
        }
    }

    private TRequest? Parse(in System.Buffers.ReadOnlySequence<byte> body)
    {
        if (!RequestBody.IsUtf8(body))
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(body);
            var request = JsonSerializer.Deserialize(ref reader, type);
            return reader.Read() ? null : request;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
