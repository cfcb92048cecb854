using FastKv.Load.Cli;

namespace FastKv.Load.Target;

/// <summary>
/// Load goes to this machine only, unless the person says otherwise: a mistyped address must not hit a stranger.
/// Clients follow no redirects and use no proxy, so the rule cannot be got round by an answer.
/// </summary>
internal static class TargetRule
{
    public const string AllowRemote = "--allow-remote-target";

    public static Uri Check(string address, bool allowRemote)
    {
        if (
            !Uri.TryCreate(address, UriKind.Absolute, out var target)
            || (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps)
        )
        {
            throw new UsageException($"'{address}' is no http or https address.");
        }

        return target.IsLoopback || allowRemote
            ? target
            : throw new UsageException(
                $"{target.Host} is not this machine. Put load only on what is yours; {AllowRemote} says that it is."
            );
    }
}
