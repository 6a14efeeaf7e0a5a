namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>A URL cut at its delimiters (RFC 3986 appendix B), each part as it was written; nothing is decoded or normalised, and no text fails.</summary>
/// <param name="Scheme">Before the first colon; "" when there is none.</param>
/// <param name="UserInfo">Before the last @ of the authority; null without one.</param>
/// <param name="Port">After the host's colon; null without one.</param>
/// <param name="Query">Without the question mark; null without one.</param>
/// <param name="Fragment">Without the hash; null without one.</param>
/// <param name="Rest">Everything after the scheme's colon.</param>
public sealed record UrlParts(string Scheme, string? UserInfo, string Host, string? Port, string Path, string? Query, string? Fragment, string Rest)
{
    public static UrlParts Split(string url)
    {
        var (head, fragment) = Cut(url, '#');
        (head, var query) = Cut(head, '?');
        var colon = head.IndexOf(':', StringComparison.Ordinal);
        var slash = head.IndexOf('/', StringComparison.Ordinal);
        var hasScheme = colon > 0 && (slash < 0 || colon < slash);
        var scheme = hasScheme ? head[..colon] : "";
        var rest = hasScheme ? head[(colon + 1)..] : head;
        var whole = hasScheme ? url[(colon + 1)..] : url;
        if (!rest.StartsWith("//", StringComparison.Ordinal)) return new(scheme, null, "", null, rest, query, fragment, whole);
        var end = rest.IndexOf('/', 2);
        var authority = end < 0 ? rest[2..] : rest[2..end];
        var path = end < 0 ? "" : rest[end..];
        var at = authority.LastIndexOf('@');
        var hostPort = at < 0 ? authority : authority[(at + 1)..];
        var portColon = hostPort.LastIndexOf(':');
        if (portColon <= hostPort.LastIndexOf(']')) portColon = -1;
        return new(scheme, at < 0 ? null : authority[..at], portColon < 0 ? hostPort : hostPort[..portColon], portColon < 0 ? null : hostPort[(portColon + 1)..], path, query, fragment, whole);
    }

    private static (string Before, string? After) Cut(string text, char at)
    {
        var i = text.IndexOf(at, StringComparison.Ordinal);
        return i < 0 ? (text, null) : (text[..i], text[(i + 1)..]);
    }
}
