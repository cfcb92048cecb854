using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Api;

/// <summary>The OpenAPI document says what the contract says, and the service does what the document says.</summary>
public sealed class OpenApiTests(ServiceFixture fixture)
{
    private ApiClient Api => fixture.Api;

    /// <summary>The contract: operation, whether it needs a token, the status of a success, all errors by status.</summary>
    public static TheoryData<string, string, string, bool, int, string> Contract { get; } =
        new()
        {
            {
                "registerUser",
                "post",
                "/api/register",
                false,
                201,
                "400 INVALID_REQUEST, 400 INVALID_PASSWORD, 400 INVALID_AGE, 400 GENDER_REQUIRED, 409 USERNAME_EXISTS, 409 EMAIL_EXISTS, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 504 OUTCOME_UNKNOWN"
            },
            { "getAccount", "get", "/api/account", true, 200, "401 INVALID_TOKEN, 400 INVALID_REQUEST" },
            {
                "deleteAccount",
                "post",
                "/api/account/delete",
                true,
                200,
                "401 INVALID_TOKEN, 400 MISSING_FIELDS, 400 INVALID_REQUEST, 401 INVALID_CREDENTIALS, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 504 OUTCOME_UNKNOWN"
            },
            {
                "changePassword",
                "put",
                "/api/account/password",
                true,
                200,
                "401 INVALID_TOKEN, 400 MISSING_FIELDS, 400 INVALID_REQUEST, 401 INVALID_CREDENTIALS, 400 INVALID_PASSWORD, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 504 OUTCOME_UNKNOWN"
            },
            {
                "generateToken",
                "post",
                "/api/token",
                false,
                200,
                "400 MISSING_FIELDS, 400 INVALID_REQUEST, 401 INVALID_CREDENTIALS, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE"
            },
            {
                "revokeToken",
                "delete",
                "/api/token",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 504 OUTCOME_UNKNOWN"
            },
            { "renewToken", "post", "/api/token/renew", true, 200, "401 INVALID_TOKEN, 400 INVALID_REQUEST" },
            {
                "storeData",
                "post",
                "/api/data",
                true,
                201,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_VALUE, 400 INVALID_EXPIRY, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 403 QUOTA_EXCEEDED, 409 KEY_EXISTS, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 422 IDEMPOTENCY_KEY_REUSED, 504 OUTCOME_UNKNOWN"
            },
            {
                "listData",
                "get",
                "/api/data",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_PARAMETER, 400 INVALID_REQUEST"
            },
            {
                "retrieveBatch",
                "post",
                "/api/batch/retrieve",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_REQUEST, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE"
            },
            {
                "writeBatch",
                "post",
                "/api/batch/write",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_VALUE, 400 INVALID_EXPIRY, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 409 BATCH_REJECTED, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 422 IDEMPOTENCY_KEY_REUSED, 504 OUTCOME_UNKNOWN"
            },
            {
                "retrieveData",
                "get",
                "/api/data/{key}",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 404 KEY_NOT_FOUND, 412 PRECONDITION_FAILED"
            },
            {
                "updateData",
                "put",
                "/api/data/{key}",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_VALUE, 400 INVALID_EXPIRY, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 403 QUOTA_EXCEEDED, 404 KEY_NOT_FOUND, 412 PRECONDITION_FAILED, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 422 IDEMPOTENCY_KEY_REUSED, 504 OUTCOME_UNKNOWN"
            },
            {
                "modifyData",
                "patch",
                "/api/data/{key}",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_VALUE, 400 INVALID_EXPIRY, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 403 QUOTA_EXCEEDED, 404 KEY_NOT_FOUND, 409 VALUE_NOT_INTEGER, 412 PRECONDITION_FAILED, 413 PAYLOAD_TOO_LARGE, 415 UNSUPPORTED_MEDIA_TYPE, 422 IDEMPOTENCY_KEY_REUSED, 504 OUTCOME_UNKNOWN"
            },
            {
                "deleteData",
                "delete",
                "/api/data/{key}",
                true,
                200,
                "401 INVALID_TOKEN, 400 INVALID_KEY, 400 INVALID_PARAMETER, 400 INVALID_REQUEST, 404 KEY_NOT_FOUND, 412 PRECONDITION_FAILED, 422 IDEMPOTENCY_KEY_REUSED, 504 OUTCOME_UNKNOWN"
            },
        };

    private const string OfEveryOperation =
        "405 METHOD_NOT_ALLOWED, 429 TOO_MANY_REQUESTS, 500 INTERNAL_ERROR, 503 STORE_UNAVAILABLE";

    [Fact]
    public async Task The_document_is_OpenAPI_3_1_in_JSON_with_its_length()
    {
        var reply = (await Api.GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK);

        Assert.Equal("application/json; charset=utf-8", reply.Headers["Content-Type"]);
        Assert.Equal($"{reply.Body.Length}", reply.Headers["Content-Length"]);
        Assert.StartsWith("3.1", reply.Json["openapi"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("/", reply.Json["servers"]![0]!["url"]!.GetValue<string>());
        Assert.Equal("MIT", reply.Json["info"]!["license"]!["identifier"]!.GetValue<string>());
    }

    [Fact]
    public async Task It_has_exactly_these_operations_in_this_order()
    {
        var document = await DocumentAsync();
        var operations = document["paths"]!
            .AsObject()
            .SelectMany(path =>
                path.Value!.AsObject()
                    .Select(operation => $"{operation.Value!["operationId"]} {operation.Key} {path.Key}")
            )
            .Where(operation => operation != "retrieveDataHead head /api/data/{key}");

        Assert.Equal(Contract.Select(row => $"{row.Data.Item1} {row.Data.Item2} {row.Data.Item3}"), operations);
    }

    [Theory]
    [MemberData(nameof(Contract))]
    public async Task An_operation_documents_every_answer_of_the_contract_and_no_other(
        string id,
        string method,
        string path,
        bool needsToken,
        int success,
        string errors
    )
    {
        var document = await DocumentAsync();
        var operation = OperationOf(document, method, path);
        var documented = operation["responses"]!
            .AsObject()
            .Where(response => int.Parse(response.Key, CultureInfo.InvariantCulture) >= 400)
            .SelectMany(response => CodesOf(document, response.Value!).Select(code => $"{response.Key} {code}"));

        Assert.Equal(id, operation["operationId"]!.GetValue<string>());
        Assert.NotEmpty(operation["summary"]!.GetValue<string>());
        Assert.Single(operation["tags"]!.AsArray());
        Assert.NotNull(operation["responses"]![$"{success}"]);
        Assert.Equal($"{errors}, {OfEveryOperation}".Split(", ").Order(), documented.Order());
        Assert.Equal(needsToken ? """[{"bearer":[]}]""" : "[]", operation["security"]!.ToJsonString());
    }

    [Fact]
    public async Task An_error_answer_has_an_example_of_each_of_its_codes_and_of_no_other()
    {
        var document = await DocumentAsync();
        foreach (var response in ResponsesOf(document).Where(response => response.Key[0] is not ('2' or '3')))
        {
            var examples = response.Value!["content"]!["application/json"]!["examples"]!.AsObject();

            Assert.Equal(CodesOf(document, response.Value), examples.Select(example => example.Key));
            Assert.All(examples, example => Assert.Equal(example.Key, $"{example.Value!["value"]!["code"]}"));
        }
    }

    /// <summary>
    /// Of members that two parts of an allOf name some generators of clients lose one; and all errors have the same members, so
    /// that a client can read them before it knows which error it is.
    /// </summary>
    [Fact]
    public async Task An_error_is_one_object_with_all_its_members()
    {
        var document = await DocumentAsync();
        foreach (var response in ResponsesOf(document).Where(response => response.Key[0] is not ('2' or '3')))
        {
            var content = response.Value!["content"]!["application/json"]!;
            var schema = JsonSchema.Resolve(document, content["schema"]!.AsObject());

            Assert.Equal("object", $"{schema["type"]}");
            Assert.Equal(
                ["status", "code", "message", "trace_id", "details"],
                schema["properties"]!.AsObject().Select(member => member.Key)
            );
            Assert.All(schema["properties"]!.AsObject(), member => Assert.IsNotType<JsonArray>(member.Value!["type"]));
        }
    }

    /// <summary>A generated client writes null for what it may, and a type demands what has a default.</summary>
    [Fact]
    public async Task A_member_of_a_request_may_be_null_where_the_document_says_so_and_only_there()
    {
        var document = await DocumentAsync();
        var token = await Api.NewUserTokenAsync();
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, _) in item!.AsObject().Where(one => one.Value!["requestBody"] is not null))
            {
                foreach (var (member, schema) in RequestSchema(document, method, path)["properties"]!.AsObject())
                {
                    var body = RequestExample(document, method, path).AsObject();
                    body[member] = null;
                    await MustTakeNullIfDocumentedAsync(member, schema!, method, path, token, body);
                }
            }
        }

        var operations = JsonSchema.Resolve(document, new() { ["$ref"] = "#/components/schemas/BatchOperation" });
        foreach (var (member, schema) in operations["properties"]!.AsObject())
        {
            var update = new JsonObject
            {
                ["op"] = "update",
                ["key"] = "no_such_key",
                ["value"] = "v",
                ["if_match"] = "*",
            };
            update[member] = null;
            var body = new JsonObject { ["operations"] = new JsonArray(update) };
            await MustTakeNullIfDocumentedAsync(member, schema!, "post", "/api/batch/write", token, body);
        }
    }

    [Fact]
    public async Task The_answer_to_a_change_has_data_or_leaves_them_out()
    {
        var document = await DocumentAsync();

        var schema = document["components"]!["schemas"]!["ModifyDataResponse"]!;

        Assert.DoesNotContain("data", schema["required"]!.AsArray().Select(name => $"{name}"));
        Assert.Equal("#/components/schemas/ModifiedData", $"{schema["properties"]!["data"]!["$ref"]}");
    }

    [Fact]
    public async Task Every_object_has_a_name_and_every_member_a_description_and_an_example()
    {
        var document = await DocumentAsync();
        var schemas = document["components"]!["schemas"]!.AsObject();
        Assert.Contains("KeyNotFoundError", schemas.Select(schema => schema.Key));
        foreach (var (name, schema) in schemas)
        {
            foreach (var (member, described) in schema!["properties"]!.AsObject())
            {
                var where = $"{name}.{member}";
                var value = (described!["items"] ?? described).AsObject();
                Assert.True($"{value["type"]}" != "object", $"{where} is an object without a name");
                if (described["$ref"] is null && member != "status")
                {
                    Assert.False(string.IsNullOrEmpty(described["description"]?.GetValue<string>()), where);
                }

                Assert.True(
                    value.ContainsKey("$ref")
                        || value.ContainsKey("oneOf")
                        || value["examples"] is JsonArray { Count: 1 },
                    where
                );
            }
        }

        foreach (var response in ResponsesOf(document).Where(response => response.Key != "304"))
        {
            Assert.NotNull(response.Value!["content"]!["application/json"]!["schema"]!["$ref"]);
        }
    }

    [Fact]
    public async Task The_document_is_the_same_whatever_host_the_client_names()
    {
        var usual = await Api.GetAsync("/openapi/v1.json");

        var other = await Api.SendAsync(HttpMethod.Get, "/openapi/v1.json", null, null, ("Host", "other.example"));

        Assert.Equal(usual.Text, other.Expect(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task The_operations_on_one_key_take_it_from_the_path_and_all_else_is_optional()
    {
        var document = await DocumentAsync();
        foreach (var method in new[] { "get", "head", "put", "patch", "delete" })
        {
            var parameters = OperationOf(document, method, "/api/data/{key}")["parameters"]!.AsArray();
            var parameter = Assert.Single(parameters, one => one!["required"]?.GetValue<bool>() is true)!;

            Assert.Equal("key", parameter["name"]!.GetValue<string>());
            Assert.Equal("path", parameter["in"]!.GetValue<string>());
        }
    }

    [Theory]
    [InlineData("post", "/api/data", "header Idempotency-Key")]
    [InlineData("get", "/api/data", "query prefix, query limit, query cursor")]
    [InlineData("get", "/api/data/{key}", "query include, header If-Match, header If-None-Match")]
    [InlineData("head", "/api/data/{key}", "query include, header If-Match, header If-None-Match")]
    [InlineData(
        "put",
        "/api/data/{key}",
        "query upsert, header If-Match, header If-None-Match, header Idempotency-Key"
    )]
    [InlineData("patch", "/api/data/{key}", "header If-Match, header If-None-Match, header Idempotency-Key")]
    [InlineData("delete", "/api/data/{key}", "header If-Match, header If-None-Match, header Idempotency-Key")]
    [InlineData("post", "/api/batch/write", "header Idempotency-Key")]
    public async Task Parameters_and_headers_are_documented(string method, string path, string expected)
    {
        var parameters = OperationOf(await DocumentAsync(), method, path)["parameters"]!.AsArray();

        Assert.Equal(
            expected.Split(", "),
            parameters.Where(one => $"{one!["in"]}" != "path").Select(one => $"{one!["in"]} {one["name"]}")
        );
        Assert.All(parameters, one => Assert.NotEmpty($"{one!["description"] ?? one["schema"]!["description"]}"));
    }

    [Theory]
    [InlineData("get", "/api/data/{key}", 200, "ETag, Cache-Control")]
    [InlineData("get", "/api/data/{key}", 304, "ETag, Cache-Control")]
    [InlineData("post", "/api/data", 201, "ETag, Idempotent-Replayed")]
    [InlineData("put", "/api/data/{key}", 200, "ETag, Idempotent-Replayed")]
    [InlineData("patch", "/api/data/{key}", 201, "ETag, Idempotent-Replayed")]
    [InlineData("delete", "/api/data/{key}", 200, "Idempotent-Replayed")]
    [InlineData("get", "/api/data/{key}", 412, "ETag")]
    [InlineData("put", "/api/data/{key}", 412, "ETag")]
    public async Task Headers_of_answers_are_documented(string method, string path, int status, string expected)
    {
        var response = OperationOf(await DocumentAsync(), method, path)["responses"]![$"{status}"]!;

        Assert.Equal(expected.Split(", "), response["headers"]!.AsObject().Select(header => header.Key));
    }

    [Fact]
    public async Task An_answer_to_HEAD_has_no_body()
    {
        var head = OperationOf(await DocumentAsync(), "head", "/api/data/{key}");

        Assert.All(head["responses"]!.AsObject(), response => Assert.Null(response.Value!["content"]));
    }

    [Fact]
    public async Task Every_example_fits_its_schema()
    {
        var document = await DocumentAsync();
        var checkedExamples = 0;
        foreach (var media in Descendants(document).OfType<JsonObject>().Where(node => node.ContainsKey("schema")))
        {
            var schema = media["schema"]!.AsObject();
            IEnumerable<JsonNode?> examples = media["example"] is { } example
                ? [example]
                : media["examples"]?.AsObject().Select(named => named.Value!["value"]) ?? [];
            foreach (var one in examples.Concat(schema["examples"]?.AsArray() ?? []))
            {
                Assert.Empty(JsonSchema.Problems(document, schema, one));
                checkedExamples++;
            }
        }

        Assert.True(checkedExamples > 50, $"Only {checkedExamples} examples were found.");
    }

    [Fact]
    public async Task The_examples_of_requests_are_those_of_the_API_document()
    {
        var document = await DocumentAsync();

        Assert.Equal(
            """{"username":"example_user","email":"user@example.com","password":"secure_password123","full_name":"John Doe","age":30,"gender":"male"}""",
            RequestExample(document, "post", "/api/register").ToJsonString()
        );
        Assert.Equal(
            """{"username":"example_user","password":"secure_password123"}""",
            RequestExample(document, "post", "/api/token").ToJsonString()
        );
        Assert.Equal(
            """{"key":"unique_key","value":"data_value"}""",
            RequestExample(document, "post", "/api/data").ToJsonString()
        );
        Assert.Equal(
            """{"value":"new_data_value"}""",
            RequestExample(document, "put", "/api/data/{key}").ToJsonString()
        );
    }

    [Fact]
    public async Task The_documented_requests_succeed_with_the_documented_answers()
    {
        var document = await DocumentAsync();
        var registration = RequestExample(document, "post", "/api/register").AsObject();
        var name = ApiClient.NewName();
        registration["username"] = name;
        registration["email"] = $"{name}@example.com";
        var login = RequestExample(document, "post", "/api/token").AsObject();
        login["username"] = name;
        var store = RequestExample(document, "post", "/api/data");
        var update = RequestExample(document, "put", "/api/data/{key}");
        var modify = RequestExample(document, "patch", "/api/data/{key}");
        var write = RequestExample(document, "post", "/api/batch/write");
        var read = RequestExample(document, "post", "/api/batch/retrieve");

        MustFit(document, "post", "/api/register", await Api.PostAsync("/api/register", registration));
        var signedIn = await Api.PostAsync("/api/token", login);
        MustFit(document, "post", "/api/token", signedIn);
        var token = signedIn.Json["data"]!["access_token"]!.GetValue<string>();
        var path = ApiClient.PathOf(store["key"]!.GetValue<string>());
        MustFit(document, "post", "/api/data", await Api.PostAsync("/api/data", store, token));
        MustFit(document, "get", "/api/data/{key}", await Api.GetAsync(path, token));
        MustFit(document, "get", "/api/data", await Api.GetAsync("/api/data", token));
        MustFit(document, "post", "/api/batch/retrieve", await Api.PostAsync("/api/batch/retrieve", read, token));
        MustFit(document, "post", "/api/batch/write", await Api.PostAsync("/api/batch/write", write, token));
        MustFit(document, "patch", "/api/data/{key}", await SendAsync("patch", "/api/data/counter", token, modify));
        MustFit(document, "put", "/api/data/{key}", await Api.PutAsync(path, update, token));
        MustFit(document, "delete", "/api/data/{key}", await Api.SendAsync(HttpMethod.Delete, path, token));
    }

    [Theory]
    [InlineData("post", "/api/register", "username")]
    [InlineData("post", "/api/register", "email")]
    [InlineData("post", "/api/register", "password")]
    [InlineData("post", "/api/register", "full_name")]
    [InlineData("post", "/api/register", "age")]
    [InlineData("post", "/api/register", "gender")]
    [InlineData("post", "/api/token", "username")]
    [InlineData("post", "/api/token", "password")]
    [InlineData("post", "/api/data", "key")]
    [InlineData("post", "/api/data", "value")]
    [InlineData("put", "/api/data/{key}", "value")]
    [InlineData("post", "/api/batch/retrieve", "keys")]
    [InlineData("post", "/api/batch/write", "operations")]
    public async Task A_required_member_is_really_required(string method, string path, string member)
    {
        var document = await DocumentAsync();
        var body = RequestExample(document, method, path).AsObject();
        Assert.Contains(member, RequestSchema(document, method, path)["required"]!.AsArray().Select(n => $"{n}"));
        Assert.True(body.Remove(member));

        var token = await Api.NewUserTokenAsync();
        var reply = await SendAsync(method, path, token, body);

        reply.Expect(HttpStatusCode.BadRequest);
        MustFit(document, method, path, reply);
    }

    [Theory]
    [InlineData("username", "u", 'x')]
    [InlineData("email", "", 'x')]
    [InlineData("password", "a1", 'ж')]
    [InlineData("full_name", "n", 'é')]
    [InlineData("gender", "g", 'é')]
    public async Task A_text_of_the_documented_length_is_taken_and_one_character_more_is_not(
        string member,
        string start,
        char filler
    )
    {
        var document = await DocumentAsync();
        var schema = RequestSchema(document, "post", "/api/register")["properties"]![member]!;
        var minimum = schema["minLength"]!.GetValue<int>();
        var maximum = schema["maxLength"]!.GetValue<int>();

        (await RegisterWithAsync(member, TextOf(maximum))).Expect(HttpStatusCode.Created);
        (await RegisterWithAsync(member, TextOf(maximum + 1))).Expect(HttpStatusCode.BadRequest);
        (await RegisterWithAsync(member, TextOf(minimum)[..(minimum - 1)])).Expect(HttpStatusCode.BadRequest);

        string TextOf(int length)
        {
            // Long texts are unique, because usernames and emails must be.
            var unique = length > 40 ? start + Guid.NewGuid().ToString("N") : start;
            return member == "email"
                ? unique + new string(filler, length - unique.Length - 2) + "@b"
                : unique + new string(filler, length - unique.Length);
        }
    }

    [Fact]
    public async Task An_age_at_the_documented_limits_is_taken_and_one_year_beyond_is_not()
    {
        var document = await DocumentAsync();
        var schema = RequestSchema(document, "post", "/api/register")["properties"]!["age"]!;
        var minimum = schema["minimum"]!.GetValue<int>();
        var maximum = schema["maximum"]!.GetValue<int>();

        (await RegisterWithAsync("age", minimum)).Expect(HttpStatusCode.Created);
        (await RegisterWithAsync("age", maximum)).Expect(HttpStatusCode.Created);
        (await RegisterWithAsync("age", minimum - 1)).Expect(HttpStatusCode.BadRequest);
        (await RegisterWithAsync("age", maximum + 1)).Expect(HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("key", "value")]
    [InlineData("value", "key")]
    public async Task A_key_or_value_of_the_documented_length_is_taken_and_one_byte_more_is_not(
        string member,
        string other
    )
    {
        var document = await DocumentAsync();
        var schema = RequestSchema(document, "post", "/api/data")["properties"]![member]!;
        var maximum = schema["maxLength"]!.GetValue<int>();
        var token = await Api.NewUserTokenAsync();

        (await StoreAsync(maximum + 1)).Expect(HttpStatusCode.BadRequest);
        (await StoreAsync(schema["minLength"]!.GetValue<int>() - 1)).Expect(HttpStatusCode.BadRequest);
        (await StoreAsync(maximum)).Expect(HttpStatusCode.Created);

        Task<Reply> StoreAsync(int length) =>
            Api.PostAsync("/api/data", new JsonObject { [member] = new string('x', length), [other] = "x" }, token);
    }

    /// <summary>What ECMA-262, PCRE2, RE2, Python and Rust (pydantic) read alike: no groups with ?, no \u and no \p.</summary>
    [Fact]
    public async Task A_pattern_is_one_that_every_common_engine_takes()
    {
        var document = await DocumentAsync();

        Assert.All(PatternsOf(document), pattern => Assert.DoesNotMatch(@"\(\?|\\[upPkK0-9]", pattern));
        Assert.True(PatternsOf(document).Count() > 5);

        static IEnumerable<string> PatternsOf(JsonNode? node) =>
            node switch
            {
                JsonObject members => members.SelectMany(member =>
                    member is { Key: "pattern", Value: JsonValue pattern }
                        ? [pattern.GetValue<string>()]
                        : PatternsOf(member.Value)
                ),
                JsonArray items => items.SelectMany(PatternsOf),
                _ => [],
            };
    }

    [Fact]
    public async Task The_document_comes_compressed_to_whoever_takes_it_and_only_once()
    {
        var plain = (await Api.GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK);
        var compressed = await Api.SendAsync(
            HttpMethod.Get,
            "/openapi/v1.json",
            null,
            null,
            ("Accept-Encoding", "br, gzip;q=0.5")
        );
        var refused = await Api.SendAsync(
            HttpMethod.Get,
            "/openapi/v1.json",
            null,
            null,
            ("Accept-Encoding", "gzip;q=0")
        );
        using var gzip = new System.IO.Compression.GZipStream(
            new MemoryStream(compressed.Body),
            System.IO.Compression.CompressionMode.Decompress
        );
        using var text = new StreamReader(gzip);

        Assert.Equal("gzip", compressed.Headers["Content-Encoding"]);
        Assert.Equal("Accept-Encoding", plain.Headers["Vary"]);
        Assert.Equal(plain.Text, await text.ReadToEndAsync(TestContext.Current.CancellationToken));
        Assert.True(compressed.Body.Length < plain.Body.Length / 4);
        Assert.Equal(plain.Text, refused.Text);
        var tag = plain.Headers["ETag"];
        foreach (var tags in new[] { tag, $"\"other\", {tag}", "*", tag.Replace("W/", "", StringComparison.Ordinal) })
        {
            var kept = await Api.SendAsync(HttpMethod.Get, "/openapi/v1.json", null, null, ("If-None-Match", tags));

            Assert.Empty(kept.Expect(HttpStatusCode.NotModified).Body);
            Assert.Equal(tag, kept.Headers["ETag"]);
        }

        (await Api.SendAsync(HttpMethod.Get, "/openapi/v1.json", null, null, ("If-None-Match", "\"other\""))).Expect(
            HttpStatusCode.OK
        );
    }

    /// <summary>Keys that the pattern of the document and the service must judge alike.</summary>
    [Theory]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\u007Fb", false)]
    [InlineData("a\n", false)]
    [InlineData("...", true)]
    [InlineData(".a", true)]
    [InlineData("a/b", true)]
    [InlineData("100%", true)]
    [InlineData("ключ 🔑", true)]
    public async Task The_documented_pattern_of_keys_is_that_of_the_service(string key, bool valid)
    {
        var document = await DocumentAsync();
        var schema = OperationOf(document, "get", "/api/data/{key}")["parameters"]![0]!["schema"]!.AsObject();

        var reply = await Api.StoreAsync(await Api.NewUserTokenAsync(), key, "value");

        Assert.Equal(valid, JsonSchema.Problems(document, schema, key).Count == 0);
        reply.Expect(valid ? HttpStatusCode.Created : HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData("post", "/api/register", "text/plain", "{}", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("post", "/api/register", "application/json", "[]", HttpStatusCode.BadRequest)]
    [InlineData("post", "/api/token", "application/json", "{}", HttpStatusCode.BadRequest)]
    [InlineData("post", "/api/data", "application/json", "{}", HttpStatusCode.Unauthorized)]
    [InlineData("get", "/api/data/{key}", null, null, HttpStatusCode.Unauthorized)]
    [InlineData("put", "/api/data/{key}", "application/json", "{}", HttpStatusCode.Unauthorized)]
    [InlineData("delete", "/api/data/{key}", null, null, HttpStatusCode.Unauthorized)]
    [InlineData("get", "/api/data", null, null, HttpStatusCode.Unauthorized)]
    [InlineData("patch", "/api/data/{key}", "application/json", "{}", HttpStatusCode.Unauthorized)]
    [InlineData("post", "/api/batch/retrieve", "application/json", "{}", HttpStatusCode.Unauthorized)]
    [InlineData("post", "/api/batch/write", "application/json", "{}", HttpStatusCode.Unauthorized)]
    public async Task A_refusal_is_as_documented(
        string method,
        string path,
        string? contentType,
        string? body,
        HttpStatusCode status
    )
    {
        HttpContent? content = null;
        if (body is not null)
        {
            content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        var reply = await Api.SendAsync(
            HttpMethod.Parse(method),
            path.Replace("{key}", "k", StringComparison.Ordinal),
            null,
            content
        );

        MustFit(await DocumentAsync(), method, path, reply.Expect(status));
    }

    [Theory]
    [InlineData("post", "/api/register", 413)]
    [InlineData("post", "/api/token", 413)]
    [InlineData("get", "/api/data/{key}", 404)]
    [InlineData("put", "/api/data/{key}", 404)]
    [InlineData("delete", "/api/data/{key}", 404)]
    public async Task A_refusal_of_a_well_formed_request_is_as_documented(string method, string path, int status)
    {
        var document = await DocumentAsync();
        var body = status == 413 ? new JsonObject { ["username"] = new string('x', 70_000) } : null;
        body ??= method == "put" ? RequestExample(document, method, path).AsObject() : null;

        var reply = await SendAsync(method, path, await Api.NewUserTokenAsync(), body);

        MustFit(document, method, path, reply.Expect((HttpStatusCode)status));
    }

    [Fact]
    public async Task A_wrong_method_is_refused_as_documented()
    {
        var document = await DocumentAsync();
        foreach (var path in new[] { "/api/register", "/api/token", "/api/data", "/api/data/{key}" })
        {
            var reply = await SendAsync("trace", path, null, null);
            var method = path == "/api/data/{key}" ? "get" : "post";
            MustFit(document, method, path, reply.Expect(HttpStatusCode.MethodNotAllowed));
        }
    }

    [Fact]
    public void The_check_of_schemas_finds_what_is_wrong()
    {
        var schema = JsonNode
            .Parse(
                """
                {"type":"object","required":["a"],"properties":{
                  "a":{"type":"string","minLength":2,"maxLength":3,"pattern":"^x"},
                  "n":{"type":"integer","minimum":1,"maximum":2}}}
                """
            )!
            .AsObject();

        Assert.Empty(JsonSchema.Problems([], schema, JsonNode.Parse("""{"a":"xyz","n":2}""")));
        foreach (
            var wrong in new[]
            {
                "[]",
                "{}",
                """{"a":1}""",
                """{"a":"x"}""",
                """{"a":"xxxx"}""",
                """{"a":"yy"}""",
                """{"a":"xy","n":0}""",
                """{"a":"xy","n":3}""",
                """{"a":"xy","b":1}""",
            }
        )
        {
            Assert.NotEmpty(JsonSchema.Problems([], schema, JsonNode.Parse(wrong)));
        }
    }

    private async Task<JsonObject> DocumentAsync() =>
        (await Api.GetAsync("/openapi/v1.json")).Expect(HttpStatusCode.OK).Json.AsObject();

    private static JsonObject OperationOf(JsonObject document, string method, string path) =>
        document["paths"]![path]![method]!.AsObject();

    /// <summary>The codes of an error answer: what its schema allows.</summary>
    private static IEnumerable<string> CodesOf(JsonObject document, JsonNode response)
    {
        var schema = response["content"]!["application/json"]!["schema"]!.AsObject();
        var code = JsonSchema.Resolve(document, schema)["properties"]!["code"]!;
        return (code["enum"]?.AsArray() ?? [code["const"]!.DeepClone()]).Select(one => $"{one}");
    }

    private async Task MustTakeNullIfDocumentedAsync(
        string member,
        JsonNode schema,
        string method,
        string path,
        string token,
        JsonNode body
    )
    {
        var reply = await SendAsync(method, path, token, body);
        var where = $"{method} {path} {member}: {schema.ToJsonString()} {reply.Text}";
        var mayBeNull = schema["type"] is JsonArray types && types.Any(type => $"{type}" == "null");
        Assert.True(mayBeNull == (reply.Status != HttpStatusCode.BadRequest), where);
        Assert.False(schema.AsObject().ContainsKey("default"), where);
    }

    private static IEnumerable<KeyValuePair<string, JsonNode?>> ResponsesOf(JsonObject document) =>
        document["paths"]!
            .AsObject()
            .SelectMany(path => path.Value!.AsObject())
            .Where(operation => operation.Key != "head")
            .SelectMany(operation => operation.Value!["responses"]!.AsObject());

    private static JsonNode RequestExample(JsonObject document, string method, string path) =>
        RequestContent(document, method, path)["example"]!.DeepClone();

    private static JsonObject RequestSchema(JsonObject document, string method, string path) =>
        JsonSchema.Resolve(document, RequestContent(document, method, path)["schema"]!.AsObject());

    private static JsonNode RequestContent(JsonObject document, string method, string path)
    {
        var body = OperationOf(document, method, path)["requestBody"]!;
        Assert.True(body["required"]!.GetValue<bool>());
        return body["content"]!["application/json"]!;
    }

    /// <summary>Fails unless the document foresees this answer: its status, its body, its code and its headers.</summary>
    private static void MustFit(JsonObject document, string method, string path, Reply reply)
    {
        var status = (int)reply.Status;
        var response = OperationOf(document, method, path)["responses"]![$"{status}"];
        Assert.True(response is not null, $"{method} {path} does not document {status}: {reply.Text}");
        var content = response["content"]!["application/json"]!;
        Assert.Empty(JsonSchema.Problems(document, content["schema"]!.AsObject(), reply.Json));
        foreach (var (header, described) in response["headers"]?.AsObject() ?? [])
        {
            if (described!["required"]?.GetValue<bool>() is not true)
            {
                continue;
            }

            Assert.Contains(header, reply.Headers.Keys, StringComparer.OrdinalIgnoreCase);
        }

        if (reply.Code is { } code)
        {
            Assert.Contains(code, CodesOf(document, response));
            var example = content["examples"]![code]!["value"]!;
            Assert.Equal($"{example["message"]}", $"{reply.Json["message"]}");
        }
        else
        {
            Assert.Equal($"{content["example"]!["message"]}", $"{reply.Json["message"]}");
        }
    }

    private Task<Reply> SendAsync(string method, string path, string? token, JsonNode? body) =>
        Api.SendAsync(
            HttpMethod.Parse(method),
            path.Replace("{key}", "no_such_key", StringComparison.Ordinal),
            token,
            body is null ? null : ApiClient.Json(body.ToJsonString())
        );

    private Task<Reply> RegisterWithAsync(string member, JsonNode value)
    {
        var body = ApiClient.Registration();
        body[member] = value;
        return Api.PostAsync("/api/register", body);
    }

    private static IEnumerable<JsonNode> Descendants(JsonNode node)
    {
        IEnumerable<JsonNode?> children = node switch
        {
            JsonObject members => members.Select(member => member.Value),
            JsonArray items => items,
            _ => [],
        };
        return children.OfType<JsonNode>().SelectMany(Descendants).Prepend(node);
    }
}
