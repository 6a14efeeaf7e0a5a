using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.Refusals;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>How a client proves itself at the token endpoint (RFC 7591 section 2).</summary>
public static class AuthMethod
{
    public const string Basic = "client_secret_basic";
    public const string Post = "client_secret_post";
    public const string None = "none";

    /// <summary>A JWT signed with the client's own key (RFC 7523): no secret is shared.</summary>
    public const string PrivateKey = "private_key_jwt";

    public static readonly string[] All = [Basic, Post, PrivateKey, None];
}

/// <summary>What a client may exchange for tokens (RFC 7591 section 2).</summary>
public static class GrantType
{
    public const string Code = "authorization_code";
    public const string Refresh = "refresh_token";
    public const string ClientCredentials = "client_credentials";

    public static readonly string[] All = [Code, Refresh, ClientCredentials];

    /// <summary>What people sign in to.</summary>
    public const string Usual = "authorization_code refresh_token";
}

/// <summary>An application that signs its people in here. Times in Unix milliseconds.</summary>
public record Client
{
    public string Id { get; init; } = "";
    public string Name { get; init; } = "";

    /// <summary>Cannot keep a secret: a single-page or native app.</summary>
    public bool IsPublic { get; init; }

    /// <summary>Runs on the person's machine: loopback callbacks match with any port (RFC 8252 section 7.3).</summary>
    public bool IsNative { get; init; }
    public bool PkceRequired { get; init; } = true;
    public string AuthMethod { get; init; } = Clients.AuthMethod.Basic;
    public string IdTokenAlgorithm { get; init; } = "ES256";

    /// <summary>Words of <see cref="GrantType"/>, separated by spaces.</summary>
    public string GrantTypes { get; init; } = GrantType.Usual;

    /// <summary>The client's own public keys (RFC 7517), by value or by address; for private_key_jwt.</summary>
    public string? Jwks { get; init; }
    public string? JwksUri { get; init; }

    /// <summary>True when an admin allowed the host of <see cref="JwksUri"/> to stand in a private range.</summary>
    public bool JwksPrivate { get; init; }

    /// <summary>A refresh token unused for so long ends.</summary>
    public long RefreshIdleSeconds { get; init; } = 30 * 86_400;

    /// <summary>A sign-in cannot be refreshed beyond this.</summary>
    public long RefreshMaxSeconds { get; init; } = 90 * 86_400;

    /// <summary>Somebody who has not come to it for so long in this session signs in again; 0 for no such limit.</summary>
    public long SessionIdleSeconds { get; init; }

    /// <summary>It takes no sign-in older than this, as if every request said max_age; 0 for no such limit.</summary>
    public long SessionMaxSeconds { get; init; }

    /// <summary>True: only members of <see cref="Groups"/> may use it.</summary>
    public bool Restricted { get; init; }
    public string? LaunchUrl { get; init; }

    /// <summary>An application of the house itself: nobody is asked for consent.</summary>
    public bool Trusted { get; init; }

    /// <summary>Where it is told that somebody logged out (OpenID Connect Back-Channel Logout 1.0); null when it is not.</summary>
    public string? BackchannelLogoutUri { get; init; }

    /// <summary>True when that address may lie in the private network.</summary>
    public bool BackchannelPrivate { get; init; }

    /// <summary>True: when it sends a browser round in circles, that is stopped.</summary>
    public bool LoopGuard { get; init; } = true;
    public bool Enabled { get; init; } = true;
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long? DeletedAt { get; init; }
    public long RowVersion { get; init; }

    public IReadOnlyList<string> Callbacks { get; init; } = [];
    public IReadOnlyList<string> LogoutCallbacks { get; init; } = [];
    public IReadOnlyList<ClientSecret> Secrets { get; init; } = [];

    /// <summary>The allowed groups, by name; they count only while <see cref="Restricted"/>.</summary>
    public IReadOnlyList<GroupRef> Groups { get; init; } = [];

    /// <summary>The scopes of APIs it may ask for.</summary>
    public IReadOnlyList<ApiScopeRef> ApiScopes { get; init; } = [];

    public bool Allows(string grantType) => GrantTypes.Split(' ').Contains(grantType, StringComparer.Ordinal);

    /// <summary>True when people sign in to it; a pure service account has no callback and no page.</summary>
    public bool SignsPeopleIn => Allows(GrantType.Code);

    /// <summary>True when it proves itself with a secret that we made.</summary>
    public bool HasSecret => AuthMethod is Clients.AuthMethod.Basic or Clients.AuthMethod.Post;

    public ClientRef Ref => new(Id, Name);

    /// <summary>What the gate must know.</summary>
    public ClientAccess Access => new(Ref, Enabled && DeletedAt is null, Restricted, Groups);
}

/// <summary>One of a client's secrets; only its keyed hash is kept.</summary>
public sealed record ClientSecret
{
    public string Id { get; init; } = "";
    public string Hash { get; init; } = "";
    public long CreatedAt { get; init; }
    public long? ExpiresAt { get; init; }
    public long? RevokedAt { get; init; }
    public long? LastUsedAt { get; init; }

    public bool IsLive(long now) => RevokedAt is null && (ExpiresAt is not { } end || end > now);
}
