using System.Globalization;
using System.Reflection;
using System.Text;
using FastKv.Auth;
using FastKv.Configuration;
using FastKv.Redis;
using FastKv.Server;

namespace FastKv;

/// <summary>What <c>--help</c> prints: what the program is, and its settings as the options types have them.</summary>
internal static class Help
{
    private const int NameWidth = 48;

    private const string Head = """
        FastKv, a key-value store over HTTP that keeps everything in Redis.

        Usage: dotnet FastKv.dll [--help]     then http://localhost:8080/docs
               dotnet FastKv.dll admin        operators' commands on users and on the store; see admin --help

        Settings are environment variables, checked at start. What they mean: docs/settings.md
        """;

    private static readonly (string Group, object Defaults)[] Groups =
    [
        ("Redis", new RedisOptions()),
        ("Token", new TokenOptions()),
        ("Passwords", new PasswordOptions()),
        ("Limits", new LimitOptions()),
        ("Data", new DataOptions()),
        ("Http", new HttpOptions()),
    ];

    public static bool IsAskedFor(string[] args) => args.Any(argument => argument is "--help" or "-h" or "-?" or "/?");

    public static string Text
    {
        get
        {
            var text = new StringBuilder(Head).AppendLine().AppendLine();
            Add("ASPNETCORE_URLS", ListenAddresses.DefaultUrl);
            Add("ConnectionStrings__Redis", "none: the embedded store");
            Add($"{Setting.Root}__DataDirectory", "./data");
            Add(SecretFiles.Variable, "none");
            foreach (var (group, defaults) in Groups)
            {
                foreach (var member in defaults.GetType().GetProperties().Where(member => member.CanWrite))
                {
                    var name = Setting.VariableName($"{Setting.Root}:{group}:{member.Name}");
                    Add(member.PropertyType.IsArray ? $"{name}__0 ..." : name, DefaultOf(member, defaults));
                }
            }

            Add($"{Setting.Root}__LogLevelsFile", "none");
            Add("Logging__LogLevel__Default", nameof(LogLevel.Information));
            Add("Logging__Console__FormatterName", "json; simple at a terminal");
            Add("OTEL_EXPORTER_OTLP_ENDPOINT", "none: no telemetry by OTLP");
            return text.ToString();

            void Add(string name, string value) =>
                text.Append("  ").Append(name.PadRight(NameWidth)).Append(' ').AppendLine(value);
        }
    }

    private static string DefaultOf(PropertyInfo member, object defaults) =>
        member.GetValue(defaults) switch
        {
            null => "off",
            string[] => "none",
            var value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };
}
