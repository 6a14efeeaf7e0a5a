using System.Net;

namespace Gatehouse.Configuration;

/// <summary>What the operator set by environment, parsed once. There is no other source of it.</summary>
public sealed record ServerConfiguration
{
    /// <summary>The one public address: scheme, host, optional port, no path. Every link and the RP ID come from it.</summary>
    public required Uri AppUrl { get; init; }

    /// <summary>Where to listen.</summary>
    public required IReadOnlyList<IPAddress> Listen { get; init; }
    public required int Port { get; init; }

    /// <summary>Absolute path of the data folder.</summary>
    public required string DataFolder { get; init; }

    /// <summary>A <c>postgres://</c> URL, or null for SQLite in the data folder.</summary>
    public string? PostgresUrl { get; init; }

    /// <summary>The root key given directly, 32 bytes, or null when it lives in a file.</summary>
    public byte[]? EncryptionKey { get; init; }

    /// <summary>Where the generated root key lives.</summary>
    public required string KeyFile { get; init; }

    public IReadOnlyList<IPNetwork> TrustedProxies { get; init; } = [];
    public bool AllowInsecureHttp { get; init; }

    /// <summary>Settings of the pages that the environment holds fast: name of the variable and its value. What a password is for is always held with it.</summary>
    public IReadOnlyDictionary<string, string> Pins { get; init; } = new Dictionary<string, string>();
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
    public bool LogJson { get; init; }

    /// <summary>The issuer and origin: APP_URL without a trailing slash.</summary>
    public string Origin => AppUrl.GetLeftPart(UriPartial.Authority);

    /// <summary>WebAuthn RP ID: the host of APP_URL.</summary>
    public string RelyingPartyId => AppUrl.Host;

    public bool IsHttps => AppUrl.Scheme == Uri.UriSchemeHttps;

    /// <summary>True on http://localhost, where browsers give a secure context without TLS.</summary>
    public bool IsLocalhost => AppUrl.Scheme == Uri.UriSchemeHttp && AppUrl.Host == "localhost";

    /// <summary>A path of ours as an absolute URL.</summary>
    public string Link(string path) => Origin + path;
}
