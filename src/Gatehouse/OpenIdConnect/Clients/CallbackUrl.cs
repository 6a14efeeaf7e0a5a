using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>What may be registered as a callback URL. Matching is byte for byte, so nothing here is normalised.</summary>
public static class CallbackUrl
{
    public const int MaxLength = 1000;

    private static readonly string[] Dangerous = ["javascript", "data", "vbscript", "file", "blob", "about"];

    /// <summary>Null when it may be registered; else the fault, for the form field.</summary>
    public static Refusal? Fault(string url)
    {
        if (url.Length is 0 or > MaxLength) return new CallbackMalformed(url.Length == 0 ? "it is empty" : $"it is longer than {MaxLength} characters");
        var odd = url.AsSpan().IndexOfAnyExceptInRange('\u0021', '\u007e');
        if (odd < 0) odd = url.AsSpan().IndexOfAny("\\\"<>^`{|}");
        if (odd >= 0) return new CallbackCharacters(odd, $"U+{(int)url[odd]:X4}");
        var parts = UrlParts.Split(url);
        if (parts.Scheme.Length == 0) return new CallbackMalformed("it has no scheme");
        if (parts.Scheme != parts.Scheme.ToLowerInvariant() || !IsScheme(parts.Scheme) || Dangerous.Contains(parts.Scheme)) return new CallbackScheme(parts.Scheme);
        if (parts.Fragment is not null) return new CallbackFragment();
        if (parts.UserInfo is not null) return new CallbackUserInfo();
        if (url.Contains('*', StringComparison.Ordinal)) return new CallbackWildcard();
        if (HasDotSegment(parts.Path)) return new CallbackMalformed("its path has dot segments");
        if (parts.Scheme is not ("https" or "http")) return parts.Rest.Length > 0 ? null : new CallbackMalformed("nothing follows the scheme");
        if (parts.Host.Length == 0 || !url.StartsWith(parts.Scheme + "://", StringComparison.Ordinal)
            || !Uri.TryCreate(url, UriKind.Absolute, out var uri) || !string.Equals(uri.Host, parts.Host, StringComparison.OrdinalIgnoreCase)
            || parts.Port is { } port && !(port.Length is > 0 and <= 5 && port.All(char.IsAsciiDigit) && int.Parse(port, System.Globalization.CultureInfo.InvariantCulture) is > 0 and <= 65535))
            return new CallbackMalformed("it has no valid host and port");
        if (parts.Host != parts.Host.ToLowerInvariant()) return new CallbackMalformed("its host has capital letters, which no browser sends");
        return parts.Scheme == "https" || IsLoopback(parts.Host) ? null : new CallbackInsecure(parts.Host);
    }

    /// <summary>Hosts of the person's own machine (RFC 8252 section 7.3).</summary>
    public static bool IsLoopback(string host) => host is "localhost" or "127.0.0.1" or "[::1]";

    private static bool IsScheme(string text) => char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '+' or '-' or '.');

    private static bool HasDotSegment(string path) =>
        path.Replace("%2e", ".", StringComparison.OrdinalIgnoreCase).Split('/').Any(s => s is "." or ".." || s.StartsWith("..;", StringComparison.Ordinal));
}
