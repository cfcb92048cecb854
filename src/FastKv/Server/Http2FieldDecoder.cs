using System.Buffers;
using System.Globalization;
using System.Text;

namespace FastKv.Server;

/// <summary>
/// Decodes the field values of HTTP/2 requests. Kestrel ends a whole connection, with every stream on it, when one value can't be
/// decoded, and resets a stream without an answer when a pseudo-header field is not to its liking. So each value is decoded to
/// something that Kestrel takes: as it is if HTTP/1.1 would take it too, and else to one of the marks below, for which
/// <see cref="Http2HeadersMiddleware"/> refuses the request in the envelope.
/// </summary>
internal sealed class Http2FieldDecoder
{
    // No valid UTF-8 decodes to a lone surrogate, so no client can send these.
    public const string InvalidValue = FieldEncoding.InvalidValue;
    public const string LargeValue = "\uDFFE";

    // A client can send the others, and is refused then too: they are nobody's host, method, scheme or length.
    public const string InvalidHost = "~invalid~";
    public const string InvalidMethod = "~INVALID~";
    public const string InvalidScheme = "invalid";
    public const string InvalidTarget = "/\u0001";
    public const string InvalidKey = "/\u0002";
    public const string LongTarget = "/\u0003";
    public const string AsteriskTarget = "/\u0004";
    public const long InvalidLength = long.MaxValue;

    // RFC 9110, 5.6.2.
    private const string Token = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    private static readonly SearchValues<char> TokenCharacters = SearchValues.Create(Token);
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create(Encoding.ASCII.GetBytes(Token));
    private static readonly SearchValues<byte> HostCharacters = SearchValues.Create(
        "!$&'()-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8
    );

    private static readonly SearchValues<byte> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private readonly FieldEncoding field;
    private readonly FieldEncoding refused = new(static _ => InvalidValue);
    private readonly FieldEncoding path;
    private readonly FieldEncoding method = new(static value => IsToken(value) ? null : InvalidMethod);
    private readonly FieldEncoding scheme = new(SchemeOf);
    private readonly FieldEncoding host = new(static value => IsHost(value) ? null : InvalidHost);
    private readonly FieldEncoding length = new(static value => IsLength(value) ? null : InvalidLengthText);

    private static readonly string InvalidLengthText = InvalidLength.ToString(CultureInfo.InvariantCulture);

    /// <param name="maximumValue">Bytes of one value, beyond which it is not decoded.</param>
    /// <param name="maximumTarget">Bytes of <c>:path</c>.</param>
    public Http2FieldDecoder(int maximumValue, int maximumTarget)
    {
        field = new(value =>
            value.Length > maximumValue ? LargeValue
            : FieldEncoding.IsFieldValue(value) ? null
            : InvalidValue
        );
        path = new(value => value.Length > maximumTarget ? LongTarget : ReplacementOfTarget(value));
    }

    /// <summary>How to decode the values of a field. For a name that is none (RFC 9110, 5.1), none is taken.</summary>
    public Encoding Select(string name) =>
        name switch
        {
            ":path" => path,
            ":method" => method,
            ":scheme" => scheme,
            ":authority" or "Host" => host,
            "Content-Length" => length,
            _ when name.StartsWith(':') => field,
            _ => name.AsSpan().ContainsAnyExcept(TokenCharacters) ? refused : field,
        };

    private static bool IsToken(ReadOnlySpan<byte> value) => !value.IsEmpty && !value.ContainsAnyExcept(TokenBytes);

    // Kestrel takes any scheme, and it is a label of metrics.
    private static string SchemeOf(ReadOnlySpan<byte> value) =>
        Ascii.EqualsIgnoreCase(value, "http") ? "http"
        : Ascii.EqualsIgnoreCase(value, "https") ? "https"
        : InvalidScheme;

    // Kestrel has room for the digits of the largest length and no more.
    private static bool IsLength(ReadOnlySpan<byte> value) =>
        value.Length <= InvalidLengthText.Length
        && long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    /// <summary>A name or an address, and perhaps a port (RFC 3986, 3.2.2), just as Kestrel would have it.</summary>
    private static bool IsHost(ReadOnlySpan<byte> value)
    {
        if (value.IsEmpty)
        {
            return true;
        }

        int end;
        if (value[0] == '[')
        {
            end = value.IndexOf((byte)']') + 1;
            if (end < "[::]".Length || value[1..(end - 1)].ContainsAnyExcept(AddressCharacters))
            {
                return false;
            }
        }
        else
        {
            end = value.IndexOfAnyExcept(HostCharacters);
            end = end < 0 ? value.Length : end;
        }

        var port = value[end..];
        return port.IsEmpty
            || (
                end > 0
                && port.Length > 1
                && port[0] == ':'
                && !port[1..].ContainsAnyExceptInRange((byte)'0', (byte)'9')
            );
    }

    /// <summary>Null if Kestrel takes the target. The key that can't be one gets the answer that it gets over HTTP/1.1.</summary>
    private static string? ReplacementOfTarget(ReadOnlySpan<byte> target)
    {
        if (target is [(byte)'*'])
        {
            return AsteriskTarget;
        }

        if (
            target is not [(byte)'/', ..]
            || target.ContainsAny((byte)'\0', (byte)' ')
            || target.ContainsAny((byte)'\r', (byte)'\n')
            || !Ascii.IsValid(target)
        )
        {
            return InvalidTarget;
        }

        var query = target.IndexOf((byte)'?');
        return (query < 0 ? target : target[..query]).IndexOf("%00"u8) < 0 ? null
            : FieldEncoding.HasNulInKey(Encoding.ASCII.GetString(target)) ? InvalidKey
            : InvalidTarget;
    }
}
