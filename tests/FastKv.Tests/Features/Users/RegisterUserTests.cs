using System.Net;
using System.Text.Json.Nodes;
using FastKv.Tests.Api;
using FastKv.Tests.Harness;
using Xunit;

namespace FastKv.Tests.Features.Users;

public sealed class RegisterUserTests(ServiceFixture fixture)
{
    private readonly ApiClient api = fixture.Api;

    [Fact]
    public async Task A_registered_user_is_shown_as_given_without_the_password()
    {
        var name = ApiClient.NewName("Example_User.");
        var registration = ApiClient.Registration(name);
        registration["email"] = $"{name}@Example.COM";
        registration["full_name"] = "  José \"Joe\" Ключ ";
        registration["gender"] = "non-binary é";

        var reply = (await api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);

        var userId = reply.Json["data"]!["user_id"]!.GetValue<string>();
        Assert.NotEmpty(userId);
        reply.ExpectSuccess(
            HttpStatusCode.Created,
            $$$"""{"status":"success","message":"User successfully registered!","data":{"user_id":"{{{userId}}}","username":"{{{name}}}","email":"{{{name}}}@Example.COM","full_name":"José \"Joe\" Ключ","age":30,"gender":"non-binary é"}}"""
        );
        Assert.NotEmpty(await api.SignInAsync(name));
    }

    [Theory]
    [InlineData("username", "INVALID_REQUEST")]
    [InlineData("email", "INVALID_REQUEST")]
    [InlineData("password", "INVALID_REQUEST")]
    [InlineData("full_name", "INVALID_REQUEST")]
    [InlineData("age", "INVALID_REQUEST")]
    [InlineData("gender", "GENDER_REQUIRED")]
    public async Task A_field_that_is_absent_or_null_is_refused(string field, string code)
    {
        var absent = ApiClient.Registration();
        absent.Remove(field);

        (await api.PostAsync("/api/register", absent)).ExpectError(code, field);
        (await RegisterAsync(field, "null")).ExpectError(code, field);
    }

    [Theory]
    [InlineData("username", "INVALID_REQUEST")]
    [InlineData("email", "INVALID_REQUEST")]
    [InlineData("password", "INVALID_PASSWORD")]
    [InlineData("full_name", "INVALID_REQUEST")]
    [InlineData("age", "INVALID_AGE")]
    [InlineData("gender", "GENDER_REQUIRED")]
    public async Task A_field_of_a_wrong_type_is_refused_with_the_code_of_the_field(string field, string code)
    {
        string[] literals =
        [
            "true",
            "{}",
            "[1]",
            "{\"a\":[{}]}",
            "\"\\ud800\"",
            "\"\"",
            field == "age" ? "\"30\"" : "30",
        ];
        foreach (var literal in literals)
        {
            (await RegisterAsync(field, literal)).ExpectError(code, field);
        }
    }

    [Theory]
    [InlineData("ab")]
    [InlineData("a b c")]
    [InlineData("abc ")]
    [InlineData("abc\n")]
    [InlineData("abc@d")]
    [InlineData("ключ")]
    [InlineData("héllo")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData("a\0b")]
    [InlineData("a{b}")]
    [InlineData("１２３")]
    public async Task A_username_of_other_characters_or_too_short_is_refused(string username)
    {
        (await RegisterAsync("username", Literal(username))).ExpectError("INVALID_REQUEST", "username");
    }

    [Fact]
    public async Task A_username_has_3_to_64_characters()
    {
        var unique = Guid.NewGuid().ToString("N");
        var shortest = ApiClient.Registration(unique);
        shortest["username"] = $"._{unique[0]}";

        // So short a name may be taken by now, but it is a name.
        var reply = await api.PostAsync("/api/register", shortest);
        Assert.True(reply.Status == HttpStatusCode.Created || reply.Code == "USERNAME_EXISTS", reply.Text);
        (await RegisterAsync("username", Literal(unique.PadRight(64, '-')))).Expect(HttpStatusCode.Created);
        (await RegisterAsync("username", Literal(unique.PadRight(65, '-')))).ExpectError("INVALID_REQUEST", "username");
    }

    [Theory]
    [InlineData("a")]
    [InlineData("@")]
    [InlineData("a@")]
    [InlineData("@example.com")]
    [InlineData("a@@example.com")]
    [InlineData("a@b@example.com")]
    [InlineData("a b@example.com")]
    [InlineData("a@exam ple.com")]
    [InlineData(" a@example.com")]
    [InlineData("a@example.com\n")]
    [InlineData("a@.com")]
    [InlineData("a@example.")]
    [InlineData("a..b@example.com")]
    [InlineData("a@-example.com")]
    [InlineData("a\0@example.com")]
    public async Task Something_that_is_no_email_is_refused(string email)
    {
        (await RegisterAsync("email", Literal(email))).ExpectError("INVALID_REQUEST", "email");
    }

    [Theory]
    [InlineData("first.last+tag@example.com")]
    [InlineData("o'brien_{x}=!#$%&*/?^`|~-@sub.example.co.uk")]
    [InlineData("ключ@пример.рф")]
    [InlineData("1@1.de")]
    public async Task An_email_may_have_what_emails_have(string email)
    {
        var unique = Guid.NewGuid().ToString("N") + email;

        (await RegisterAsync("email", Literal(unique))).Expect(HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_email_has_at_most_254_characters()
    {
        var longest = Guid.NewGuid().ToString("N") + "@" + string.Join('.', Enumerable.Repeat(new string('d', 60), 4));
        longest = longest[..(254 - 4)] + ".com";

        (await RegisterAsync("email", Literal("x" + longest))).ExpectError("INVALID_REQUEST", "email");
        (await RegisterAsync("email", Literal(longest))).Expect(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("secure_password123")]
    [InlineData("zqxvjkw7")]
    [InlineData("        a1")]
    [InlineData("пароль_один1")]
    [InlineData("éééééé1é")]
    [InlineData("🔑🔑🔑🔑🔑🔑a1")]
    [InlineData("tab\tnul\0line\n1")]
    public async Task A_password_may_have_every_character_and_opens_the_door(string password)
    {
        var registration = ApiClient.Registration();
        registration["password"] = password;
        (await api.PostAsync("/api/register", registration)).Expect(HttpStatusCode.Created);

        Assert.NotEmpty(await api.SignInAsync(registration["username"]!.GetValue<string>(), password));
    }

    [Theory]
    [InlineData("zqxvjk7")]
    [InlineData("🔑🔑🔑🔑🔑a1")]
    [InlineData("zqxvjkwh")]
    [InlineData("80937162")]
    [InlineData("        ")]
    [InlineData("_!_!_!_1")]
    [InlineData("password1")]
    [InlineData("Password1")]
    [InlineData("1q2w3e4r")]
    public async Task A_weak_password_is_refused(string password)
    {
        (await RegisterAsync("password", Literal(password))).ExpectError("INVALID_PASSWORD", "password");
    }

    [Fact]
    public async Task A_password_has_at_most_128_characters()
    {
        var longest = "1" + string.Concat(Enumerable.Repeat("é🔑", 63)) + "z";

        (await RegisterAsync("password", Literal(longest))).Expect(HttpStatusCode.Created);
        (await RegisterAsync("password", Literal(longest + "z"))).ExpectError("INVALID_PASSWORD", "password");
    }

    [Theory]
    [InlineData("username")]
    [InlineData("email")]
    public async Task A_password_is_not_the_username_or_the_email(string field)
    {
        var registration = ApiClient.Registration(ApiClient.NewName() + "a1");
        registration["password"] = registration[field]!.GetValue<string>();
        (await api.PostAsync("/api/register", registration)).ExpectError("INVALID_PASSWORD", "password");

        registration["password"] = registration[field]!.GetValue<string>().ToUpperInvariant();
        (await api.PostAsync("/api/register", registration)).ExpectError("INVALID_PASSWORD", "password");
    }

    [Fact]
    public async Task A_full_name_has_1_to_200_characters_after_trimming()
    {
        (await RegisterAsync("full_name", Literal("   "))).ExpectError("INVALID_REQUEST", "full_name");
        (await RegisterAsync("full_name", Literal(new string('n', 201)))).ExpectError("INVALID_REQUEST", "full_name");
        (await RegisterAsync("full_name", Literal("X"))).Expect(HttpStatusCode.Created);
        var longest = string.Concat(Enumerable.Repeat("🔑é", 100));
        var reply = await RegisterAsync("full_name", Literal($" \t{longest} "));
        Assert.Equal(longest, reply.Expect(HttpStatusCode.Created).Json["data"]!["full_name"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("1", 1)]
    [InlineData("150", 150)]
    [InlineData("30.0", 30)]
    [InlineData("3e1", 30)]
    [InlineData("300e-1", 30)]
    [InlineData("30.000000000000000000000000000000", 30)]
    public async Task An_age_is_a_whole_number_from_1_to_150(string literal, int age)
    {
        var reply = (await RegisterAsync("age", literal)).Expect(HttpStatusCode.Created);

        Assert.Equal($"{age}", reply.Json["data"]!["age"]!.ToJsonString());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("-1")]
    [InlineData("-30")]
    [InlineData("151")]
    [InlineData("30.5")]
    [InlineData("30.00000000000000000000001")]
    [InlineData("150.0000000000000000000000001")]
    [InlineData("29.99999999999999999999999999")]
    [InlineData("0.5")]
    [InlineData("150.00001")]
    [InlineData("1e400")]
    [InlineData("-1e400")]
    [InlineData("1e-400")]
    [InlineData("4294967326")]
    [InlineData("99999999999999999999999999999999999999")]
    [InlineData("\"30\"")]
    [InlineData("\"\"")]
    [InlineData("true")]
    [InlineData("[30]")]
    public async Task Another_age_is_refused(string literal)
    {
        (await RegisterAsync("age", literal)).ExpectError("INVALID_AGE", "age");
    }

    [Fact]
    public async Task A_gender_has_1_to_50_characters()
    {
        var longest = string.Concat(Enumerable.Repeat("⚧🔑", 25));

        (await RegisterAsync("gender", Literal(longest))).Expect(HttpStatusCode.Created);
        (await RegisterAsync("gender", Literal(longest + "x"))).ExpectError("GENDER_REQUIRED", "gender");
    }

    [Fact]
    public async Task All_problems_are_named_at_once_and_the_first_code_is_the_answer()
    {
        (await api.PostTextAsync("/api/register", "{}")).ExpectError(
            "INVALID_REQUEST",
            "username",
            "email",
            "full_name",
            "password",
            "age",
            "gender"
        );

        var bad = ApiClient.Registration();
        bad["password"] = "short";
        bad["age"] = 0;
        bad["gender"] = "";
        (await api.PostAsync("/api/register", bad)).ExpectError("INVALID_PASSWORD", "password", "age", "gender");
        bad["password"] = "secure_password123";
        (await api.PostAsync("/api/register", bad)).ExpectError("INVALID_AGE", "age", "gender");
        bad["age"] = 30;
        (await api.PostAsync("/api/register", bad)).ExpectError("GENDER_REQUIRED", "gender");
        bad["username"] = "?";
        (await api.PostAsync("/api/register", bad)).ExpectError("INVALID_REQUEST", "username", "gender");
    }

    [Fact]
    public async Task A_taken_username_is_refused_in_any_case()
    {
        var name = await api.RegisterAsync();
        var again = ApiClient.Registration();
        again["username"] = name.ToUpperInvariant();

        (await api.PostAsync("/api/register", again)).ExpectError("USERNAME_EXISTS");
    }

    [Theory]
    [InlineData("@caf\u00E9.example", "@cafe\u0301.example")]
    [InlineData(".Ame\u0301lie@example.com", ".am\u00C9lie@example.com")]
    public async Task A_taken_email_is_refused_however_its_characters_are_composed(string one, string other)
    {
        var name = ApiClient.NewName();
        var first = ApiClient.Registration(name);
        first["email"] = name + one;
        Assert.Equal(
            name + one,
            (await api.PostAsync("/api/register", first)).Expect(HttpStatusCode.Created).Json["data"]![
                "email"
            ]!.GetValue<string>()
        );

        var again = ApiClient.Registration();
        again["email"] = name + other;
        (await api.PostAsync("/api/register", again)).ExpectError("EMAIL_EXISTS");
    }

    [Fact]
    public async Task A_taken_email_is_refused_in_any_case()
    {
        var name = await api.RegisterAsync();
        var again = ApiClient.Registration();
        again["email"] = $"{name}@EXAMPLE.com".ToUpperInvariant();

        (await api.PostAsync("/api/register", again)).ExpectError("EMAIL_EXISTS");
        (await api.PostAsync("/api/register", ApiClient.Registration(again["username"]!.GetValue<string>()))).Expect(
            HttpStatusCode.Created
        );
    }

    [Fact]
    public async Task A_taken_username_is_decided_before_a_taken_email_and_both_after_the_fields()
    {
        var one = await api.RegisterAsync();
        var other = await api.RegisterAsync();
        var again = ApiClient.Registration(one);
        (await api.PostAsync("/api/register", again)).ExpectError("USERNAME_EXISTS");

        again["email"] = $"{other}@example.com";
        (await api.PostAsync("/api/register", again)).ExpectError("USERNAME_EXISTS");

        again["gender"] = null;
        (await api.PostAsync("/api/register", again)).ExpectError("GENDER_REQUIRED");
    }

    [Fact]
    public async Task A_refused_registration_changes_nothing_of_the_user_who_is_there()
    {
        var name = await api.RegisterAsync();
        var again = ApiClient.Registration(name);
        again["password"] = "another_password_456";
        again["email"] = ApiClient.NewName() + "@example.com";

        (await api.PostAsync("/api/register", again)).ExpectError("USERNAME_EXISTS");

        Assert.NotEmpty(await api.SignInAsync(name));
        var free = ApiClient.Registration();
        free["email"] = again["email"]!.GetValue<string>();
        (await api.PostAsync("/api/register", free)).Expect(HttpStatusCode.Created);
    }

    private static string Literal(string text) => JsonValue.Create(text).ToJsonString();

    /// <summary>Registers a new user with one member as it is written here.</summary>
    private Task<Reply> RegisterAsync(string field, string literal)
    {
        var registration = ApiClient.Registration();
        registration.Remove(field);
        return api.PostTextAsync("/api/register", registration.ToJsonString()[..^1] + $",\"{field}\":{literal}}}");
    }
}
