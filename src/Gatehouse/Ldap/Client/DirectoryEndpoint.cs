using System.Globalization;

namespace Gatehouse.Ldap.Client;

/// <summary>One server: ldaps:// begins with TLS, ldap:// asks for StartTLS and goes no further without it. There is no third way.</summary>
public sealed record DirectoryEndpoint(string Host, int Port, bool StartTls)
{
    /// <summary>Reads one URL of the settings; null with the fault in words.</summary>
    public static DirectoryEndpoint? Parse(string text, out string fault)
    {
        fault = "";
        text = text.Trim();
        var ldaps = text.StartsWith("ldaps://", StringComparison.OrdinalIgnoreCase);
        if (!ldaps && !text.StartsWith("ldap://", StringComparison.OrdinalIgnoreCase)) return No("it begins neither with ldaps:// nor with ldap://", out fault);
        var rest = text[(ldaps ? 8 : 7)..].TrimEnd('/');
        if (rest.AsSpan().ContainsAnyExceptInRange('!', '~')) return No("it holds white space or a character outside ASCII", out fault);
        if (rest.AsSpan().ContainsAny('/', '?', '@')) return No("only a host and a port stand in it; the base DN has a field of its own", out fault);
        var port = ldaps ? 636 : 389;
        string host;
        if (rest.StartsWith('['))
        {
            var end = rest.IndexOf(']', StringComparison.Ordinal);
            if (end < 0) return No("the bracket of the IPv6 address is not closed", out fault);
            host = rest[1..end];
            rest = rest[(end + 1)..];
            if (!System.Net.IPAddress.TryParse(host, out var v6) || v6.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6) return No("what stands in brackets is no IPv6 address", out fault);
        }
        else
        {
            var colon = rest.IndexOf(':', StringComparison.Ordinal);
            host = colon < 0 ? rest : rest[..colon];
            rest = colon < 0 ? "" : rest[colon..];
            if (Uri.CheckHostName(host) is not (UriHostNameType.Dns or UriHostNameType.IPv4)) return No("the host name is missing or no host name", out fault);
        }
        if (rest.Length > 0 && (rest[0] != ':' || !int.TryParse(rest.AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out port) || port is < 1 or > 65_535)) return No("the port is no number from 1 to 65535", out fault);
        return new(host.ToLowerInvariant(), port, !ldaps);
    }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"{(StartTls ? "ldap" : "ldaps")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}{(Port == (StartTls ? 389 : 636) ? "" : $":{Port}")}");

    public override string ToString() => Url;

    private static DirectoryEndpoint? No(string why, out string fault)
    {
        fault = why;
        return null;
    }
}

/// <summary>How long each thing may take.</summary>
/// <param name="Step">Reaching the server, TLS, and each single message.</param>
/// <param name="Search">A whole search with all its pages.</param>
/// <param name="SignIn">Everything the directory does for one sign-in.</param>
/// <param name="Rest">How long a server that could not be reached is left alone.</param>
internal sealed record LdapLimits(TimeSpan Step, TimeSpan Search, TimeSpan SignIn, TimeSpan Rest)
{
    public static LdapLimits Ordinary { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30));
    public int MessageBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Entries of one search; a directory with more needs a narrower filter.</summary>
    public int Entries { get; init; } = 200_000;

    /// <summary>Bytes of one search.</summary>
    public long SearchBytes { get; init; } = 512L * 1024 * 1024;
}
