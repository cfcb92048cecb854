using System.Text;
using System.Text.Json.Nodes;

namespace FastKv.Tests.Abuse;

/// <summary>A request of the generator.</summary>
/// <param name="Bytes">As it goes over the wire.</param>
/// <param name="IsFramed">Whether its end is clear, so that the connection goes on after the answer.</param>
/// <param name="IsHead">Whether the answer has no body.</param>
internal sealed record OddRequest(byte[] Bytes, bool IsFramed, bool IsHead)
{
    public override string ToString() => Encoding.Latin1.GetString(Bytes.AsSpan(0, Math.Min(Bytes.Length, 600)));
}

/// <summary>Makes malformed and odd requests, the same ones for the same seed.</summary>
internal sealed class OddRequests(int seed, string token)
{
    private readonly Random random = new(seed);

    private static readonly string[] Texts =
    [
        "",
        " ",
        "a",
        "example_user",
        "user@example.com",
        "secure_password123",
        "null",
        "\u0000",
        "\u007f",
        "\ud83d\ude00",
        "é",
        "e\u0301",
        "\u202e",
        "..",
        ".",
        "%00",
        "%2F",
        "a/b",
        "{}",
        "*",
        "\r\nSET a b\r\n",
        "' OR 1=1 --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "__proto__",
        "{0}{1}",
        "${jndi:ldap://x}",
        new string('a', 64),
        new string('a', 65),
        new string('k', 512),
        new string('k', 513),
        new string('é', 300),
    ];

    private static readonly string[] Literals =
    [
        "null",
        "true",
        "0",
        "-1",
        "30",
        "30.0",
        "3e1",
        "1e999",
        "-0",
        "99999999999999999999",
        "0x10",
        "NaN",
        "[]",
        "{}",
        "[[[[]]]]",
        "\"\\ud800\"",
        "\"\\u0000\"",
        "\"\\u12\"",
        "\"\\x\"",
        "\"",
        "",
        "{\"a\":{\"a\":{\"a\":1}}}",
    ];

    private static readonly string[] Members =
    [
        "username",
        "email",
        "password",
        "full_name",
        "age",
        "gender",
        "key",
        "value",
        "Key",
        "k\\u0065y",
        "user_id",
        "expires_in",
        "increment",
        "create",
        "keys",
        "operations",
        "op",
        "if_match",
        "new_password",
        "",
    ];

    private static readonly string[] Keys = ["a", "b", "c", "a%2Fb", "%C3%A9", "%ff", "%", "", new string('k', 513)];

    private static readonly (string Method, string Path)[] Operations =
    [
        ("POST", "/api/register"),
        ("POST", "/api/token"),
        ("POST", "/api/token/renew"),
        ("GET", "/api/account"),
        ("PUT", "/api/account/password"),
        ("POST", "/api/account/delete"),
        ("POST", "/api/data"),
        ("GET", "/api/data/{key}"),
        ("PUT", "/api/data/{key}"),
        ("DELETE", "/api/data/{key}"),
        ("PATCH", "/api/data/{key}"),
        ("HEAD", "/api/data/{key}"),
        ("GET", "/api/data"),
        ("POST", "/api/batch/retrieve"),
        ("POST", "/api/batch/write"),
    ];

    private static readonly string[] Queries =
    [
        "",
        "",
        "",
        "?upsert=true",
        "?upsert=%74rue",
        "?include=expires_in",
        "?all=maybe",
        "?prefix=a&limit=2",
        "?prefix=%ff",
        "?prefix=%00",
        "?limit=0",
        "?limit=1001",
        "?limit=99999999999999999999",
        "?cursor=YQ",
        "?cursor==",
        "?cursor=%zz",
        "?&&=&=a&upsert",
        "?%75psert=true&%",
        "?limit=2&limit=3",
    ];

    private static readonly string[] Paths =
    [
        "/api/register",
        "/api/token",
        "/api/data",
        "/api/data/",
        "/api/data/a",
        "/API/DATA/a",
        "/api/data/a/b",
        "/api//data/a",
        "/api/data/../token",
        "/api/data/%2e%2e",
        "/api/data/%",
        "/api/data/%zz",
        "/api/data/%c0%af",
        "/api/data/%ff",
        "/api/data/%00",
        "/api/data/a%2Fb",
        "/api/data/a%252Fb",
        "/api/data/a?b=c",
        "/api/data/?a",
        "/api/data/;a",
        "/",
        "//",
        "/%2F",
        "/health/live",
        "/health/ready/",
        "/health",
        "/nothing",
        "/_test_url_cache_",
        "/favicon.ico",
        "/api/data/" + new string('a', 600),
        "/api/data/" + "%61%62%63%64",
    ];

    private static readonly string[] Methods =
    [
        "GET",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "HEAD",
        "OPTIONS",
        "TRACE",
        "QUERY",
        "get",
    ];

    private static readonly string[] ContentTypes =
    [
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=utf-16",
        "APPLICATION/JSON",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json, text/plain",
        ";",
        "",
        "application/xml",
        "application/problem+json",
    ];

    private static readonly string[] Headers =
    [
        "Accept: text/html",
        "Accept-Encoding: gzip, br;q=\"",
        "Content-Encoding: gzip",
        "Expect: 100-continue",
        "Range: bytes=0-0",
        "If-Match: *",
        "If-None-Match: W/\"x\"",
        "If-Match: \"356a192b7913b04c54574d18c28d46e6\", W/\"x\"",
        "If-Match: \"",
        "If-None-Match: *",
        "If-None-Match: é, \"",
        "If-Match:",
        "Idempotency-Key: a",
        "Idempotency-Key: b",
        "Idempotency-Key: é",
        "Idempotency-Key:",
        "X-Forwarded-For: 1.2.3.4, , unknown",
        "X-Forwarded-Host: evil",
        "X-HTTP-Method-Override: DELETE",
        "X-Original-URL: /api/data/a",
        "Origin: null",
        "Cookie: =;;=",
        "Upgrade: h2c",
        "traceparent: 00-00000000000000000000000000000000-0000000000000000-00",
        "traceparent: x",
        "Accept-Language: é",
        "X-Empty:",
        "Authorization-X: Bearer a",
        "Content-Language: \t",
        "Forwarded: for=\"[::1]\"",
        "Date: yesterday",
    ];

    /// <summary>The next request; one in twenty has no clear end.</summary>
    public OddRequest Next() => random.Next(20) == 0 ? Unframed() : Framed();

    private OddRequest Framed()
    {
        var (method, path) = random.Next(4) > 0 ? Pick(Operations) : (Pick(Methods), Path());
        path = path.Replace("{key}", Pick(Keys), StringComparison.Ordinal);
        path += path.Contains('?', StringComparison.Ordinal) ? "" : Pick(Queries);
        if (method == "DELETE" && path.Contains("token", StringComparison.OrdinalIgnoreCase))
        {
            // Whoever signs out is refused from then on, whatever they send.
            path = "/api/token?all=maybe";
        }

        var body = Body();
        var head = new StringBuilder();
        head.Append(method).Append(' ').Append(path).Append(" HTTP/1.1\r\nHost: x\r\n");
        Authorization(head);
        if (random.Next(4) > 0)
        {
            head.Append("Content-Type: ")
                .Append(random.Next(5) > 0 ? ContentTypes[0] : Pick(ContentTypes))
                .Append("\r\n");
        }

        for (var i = random.Next(3); i > 0; i--)
        {
            head.Append(Pick(Headers)).Append("\r\n");
        }

        if (random.Next(5) == 0)
        {
            head.Append("Transfer-Encoding: chunked\r\n\r\n");
            return new OddRequest([.. Latin1(head), .. Chunked(body)], true, method == "HEAD");
        }

        head.Append("Content-Length: ").Append(body.Length).Append("\r\n\r\n");
        return new OddRequest([.. Latin1(head), .. body], true, method == "HEAD");
    }

    private OddRequest Unframed()
    {
        var bytes = Framed().Bytes;
        switch (random.Next(6))
        {
            case 0:
                for (var i = random.Next(1, 6); i > 0; i--)
                {
                    bytes[random.Next(Math.Min(bytes.Length, 200))] = (byte)random.Next(256);
                }

                break;
            case 1:
                random.NextBytes(bytes.AsSpan(0, Math.Min(bytes.Length, 60)));
                break;
            case 2:
                bytes = Latin1($"{Pick(Methods)}  {Path()} HTTP/{random.Next(4)}.{random.Next(4)}\r\nHost: x\r\n\r\n");
                break;
            case 3:
                bytes = Latin1($"GET {Path()}\n\n");
                break;
            case 4:
                bytes = Latin1($"POST /api/token HTTP/1.1\r\nHost: x\r\nX: {new string('a', 40_000)}\r\n\r\n");
                break;
            default:
                bytes = Latin1(
                    $"POST /api/data HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer {token}\r\nTransfer-Encoding: chunked\r\n\r\n{Pick(Texts)}\r\n{{}}\r\n0\r\n\r\n"
                );
                break;
        }

        return new OddRequest(bytes, false, false);
    }

    private string Path()
    {
        if (random.Next(3) > 0)
        {
            return Pick(Paths[..5]);
        }

        if (random.Next(2) == 0)
        {
            return Pick(Paths);
        }

        var text = random.Next(2) == 0 ? Pick(Texts) : RandomText();
        return "/api/data/" + string.Concat(Encoding.UTF8.GetBytes(text).Select(b => $"%{b:X2}"));
    }

    private void Authorization(StringBuilder head)
    {
        var value = random.Next(16) switch
        {
            < 9 => $"Bearer {token}",
            9 => $"bearer  {token} ",
            10 => "Bearer",
            11 => $"Basic {token}",
            12 => $"Bearer {Damaged(token)}",
            13 => "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.",
            14 => $"Bearer {token}\r\nAuthorization: Bearer {token}",
            _ => null,
        };
        if (value is not null)
        {
            head.Append("Authorization: ").Append(value).Append("\r\n");
        }
    }

    private byte[] Body()
    {
        var kind = random.Next(12);
        if (kind == 0)
        {
            return [];
        }

        if (kind == 1)
        {
            return Encoding.UTF8.GetBytes(Pick(Literals));
        }

        if (kind == 2)
        {
            var noise = new byte[random.Next(1, 100)];
            random.NextBytes(noise);
            return noise;
        }

        var text = new StringBuilder("{");
        foreach (var member in Members.Where(_ => random.Next(12) > 0))
        {
            var value = random.Next(8) switch
            {
                0 => Pick(Literals),
                1 => Json(Pick(Texts)),
                2 => Json(RandomText()),
                _ => Legal(member),
            };
            text.Append(text.Length > 1 ? "," : "").Append('"').Append(member).Append("\":").Append(value);
        }

        var json = Encoding.UTF8.GetBytes(text.Append('}').ToString());
        switch (kind)
        {
            case 3:
                json[random.Next(json.Length)] = (byte)random.Next(256);
                break;
            case 4:
                return json[..random.Next(json.Length)];
            case 5:
                return [0xEF, 0xBB, 0xBF, .. json];
            case 6:
                return Encoding.Unicode.GetBytes(text.ToString());
            case 7:
                return [.. json, .. json];
            case 8:
                return Encoding.UTF8.GetBytes(new string('[', random.Next(1, 5000)));
            default:
                break;
        }

        return json;
    }

    private string Legal(string member) =>
        member switch
        {
            "username" => Json($"name-{random.Next(100)}"),
            "email" => Json($"name-{random.Next(100)}@example.com"),
            "age" => "30",
            "key" => Json(Pick(Keys)),
            "expires_in" => Pick(Numbers),
            "increment" => Pick(Numbers),
            "create" => "true",
            "op" => Json(Pick(Ops)),
            "if_match" => Json(random.Next(2) == 0 ? "*" : "356a192b7913b04c54574d18c28d46e6"),
            "keys" => $"[{string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Json(Pick(Keys))))}]",
            "operations" => OperationList(),
            _ => Json("secure_password123"),
        };

    private static readonly string[] Numbers = ["1", "60", "60.0", "-1", "0", "1e1", "9223372036854775807", "null"];
    private static readonly string[] Ops = ["store", "update", "upsert", "delete", "Store", ""];

    private string OperationList()
    {
        var operations = Enumerable.Range(0, random.Next(4)).Select(_ => Operation());
        return $"[{string.Join(',', operations)}]";
    }

    private string Operation()
    {
        string[] members = ["op", "key", "value", "expires_in", "if_match"];
        return random.Next(10) == 0
            ? Pick(Literals)
            : $"{{{string.Join(',', members.Where(_ => random.Next(6) > 0).Select(name => $"\"{name}\":{Legal(name)}"))}}}";
    }

    private static string Json(string text) => JsonValue.Create(text)!.ToJsonString();

    private byte[] Chunked(byte[] body)
    {
        using var chunks = new MemoryStream();
        for (var at = 0; at < body.Length; )
        {
            var length = random.Next(1, body.Length - at + 1);
            chunks.Write(Latin1($"{length:x}{(random.Next(4) == 0 ? ";a=b" : "")}\r\n"));
            chunks.Write(body, at, length);
            chunks.Write("\r\n"u8);
            at += length;
        }

        chunks.Write("0\r\n\r\n"u8);
        return chunks.ToArray();
    }

    private string RandomText()
    {
        var text = new StringBuilder();
        for (var i = random.Next(1, 40); i > 0; i--)
        {
            // Below the surrogates.
            text.Append((char)random.Next(1, random.Next(2) == 0 ? 0x80 : 0xD800));
        }

        return text.ToString();
    }

    private string Damaged(string text)
    {
        var characters = text.ToCharArray();
        characters[random.Next(characters.Length)] = (char)random.Next(33, 127);
        return new string(characters);
    }

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Latin1(StringBuilder text) => Latin1(text.ToString());
}
