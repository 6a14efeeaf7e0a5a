using Gatehouse.Accounts.Users;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Apis;

/// <summary>What an access token for an API looks like.</summary>
public static class TokenFormat
{
    /// <summary>RFC 9068: the API checks signature, issuer, audience and time itself.</summary>
    public const string Jwt = "jwt";

    /// <summary>Says nothing to whoever holds it: the API asks the introspection endpoint.</summary>
    public const string Opaque = "opaque";
}

/// <summary>Who holds a scope besides clients.</summary>
public static class HolderKind
{
    /// <summary>Everybody who has at least this role.</summary>
    public const string Role = "role";
    public const string Group = "group";
}

/// <summary>A role or a group that holds a scope.</summary>
/// <param name="Id">The role's name or the group's id.</param>
/// <param name="Name">For display.</param>
public sealed record ScopeHolder(string Kind, string Id, string Name);

/// <summary>One permission of an API (RFC 6749 section 3.3).</summary>
/// <param name="Description">What it lets somebody do, as people read it.</param>
public sealed record ApiScope(string Name, string Description, IReadOnlyList<ScopeHolder> Holders);

/// <summary>A scope of an API that a client may ask for.</summary>
public sealed record ApiScopeRef(string ApiId, string Scope);

/// <summary>A service that takes our access tokens (a resource server). Times in Unix milliseconds.</summary>
public sealed record Api
{
    public string Id { get; init; } = "";

    /// <summary>What requests name as resource and tokens carry as audience (RFC 8707 section 2); compared byte for byte.</summary>
    public string Identifier { get; init; } = "";
    public string Name { get; init; } = "";
    public string TokenFormat { get; init; } = Apis.TokenFormat.Jwt;
    public string Algorithm { get; init; } = "ES256";
    public long TokenSeconds { get; init; } = 300;

    /// <summary>The client that may introspect tokens for this API; null when only their owners may.</summary>
    public string? IntrospectorId { get; init; }
    public bool Enabled { get; init; } = true;
    public long CreatedAt { get; init; }
    public long UpdatedAt { get; init; }
    public long RowVersion { get; init; }
    public IReadOnlyList<ApiScope> Scopes { get; init; } = [];

    public ApiRef Ref => new(Id, Name);

    public ApiScope? Find(string scope) => Scopes.FirstOrDefault(s => s.Name == scope);

    /// <summary>True when this person holds the scope by role or group.</summary>
    public bool Holds(User user, IReadOnlyList<GroupRef> groups, string scope) => Find(scope)?.Holders.Any(h => h.Kind switch
    {
        HolderKind.Group => groups.Any(g => g.Id == h.Id),
        HolderKind.Role => h.Id switch { Role.User => true, Role.Viewer => user.IsViewer, Role.Admin => user.IsAdmin, _ => false },
        _ => false,
    }) ?? false;
}

/// <summary>An API as a refusal names one.</summary>
public sealed record ApiRef(string Id, string Name);
