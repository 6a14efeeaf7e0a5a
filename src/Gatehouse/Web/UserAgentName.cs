namespace Gatehouse.Web;

/// <summary>A browser and its system as people know them: "Firefox 140", "Windows".</summary>
/// <param name="System">Null when the header does not say.</param>
public sealed record UserAgentName(string Browser, string? System)
{
    // In this order: most of them also claim to be what stands below them.
    private static readonly (string Token, string Name)[] Browsers =
        [("Edg/", "Edge"), ("EdgA/", "Edge"), ("EdgiOS/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Version/", "Safari")];

    private static readonly (string Token, string Name)[] Systems =
        [("iPhone", "iOS"), ("iPad", "iPadOS"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Mac OS X", "macOS"), ("Linux", "Linux")];

    /// <summary>
    /// In words of ours only, for letters and pages that somebody else reads: the header is free text, and whoever sends it must not write into another person's mailbox.
    /// </summary>
    public static string InWords(Texts texts, string? userAgent) =>
        Read(userAgent) is not { } name ? texts["An unknown browser"] : name.System is null ? name.Browser : texts["{0} on {1}", name.Browser, name.System];

    /// <summary>Null when the header of a request names none of the usual browsers.</summary>
    public static UserAgentName? Read(string? userAgent)
    {
        if (userAgent is null) return null;
        foreach (var (token, name) in Browsers)
        {
            var at = userAgent.IndexOf(token, StringComparison.Ordinal);
            if (at < 0 || name == "Safari" && !userAgent.Contains("Safari/", StringComparison.Ordinal)) continue;
            var version = userAgent.AsSpan(at + token.Length);
            var digits = version.IndexOfAnyExceptInRange('0', '9') is var end && end < 0 ? version.Length : end;
            if (digits is 0 or > 4) continue;
            var system = Systems.FirstOrDefault(s => userAgent.Contains(s.Token, StringComparison.Ordinal)).Name;
            return new($"{name} {version[..digits]}", system);
        }
        return null;
    }
}
