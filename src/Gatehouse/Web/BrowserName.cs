namespace Gatehouse.Web;

/// <summary>
/// What a User-Agent header stands for, in words of ours: "Firefox on Linux". For letters and pages that somebody else reads: the header is free text,
/// and whoever sends it must not write into another person's mailbox.
/// </summary>
public static class BrowserName
{
    // Edge and Opera also say Chrome, and Chrome also says Safari: the first that fits counts.
    private static readonly (string Sign, string Name)[] Browsers =
        [("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];

    private static readonly (string Sign, string Name)[] Systems =
        [("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("CrOS", "ChromeOS"), ("Mac OS X", "Mac"), ("Macintosh", "Mac"), ("Linux", "Linux")];

    public static string Of(string userAgent)
    {
        var browser = Find(Browsers, userAgent) ?? "A browser";
        return Find(Systems, userAgent) is { } system ? $"{browser} on {system}" : browser == "A browser" ? "An unknown browser" : browser;
    }

    private static string? Find((string Sign, string Name)[] known, string text)
    {
        foreach (var (sign, name) in known)
            if (text.Contains(sign, StringComparison.Ordinal)) return name;
        return null;
    }
}
