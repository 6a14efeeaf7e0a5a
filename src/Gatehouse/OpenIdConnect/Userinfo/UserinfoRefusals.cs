using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Userinfo;

/// <summary>What every refused access token says outside (RFC 6750 section 3.1).</summary>
internal static class TokenRefused
{
    public const string Code = "oidc.access_token_refused";
    public const string Public = "The access token was not accepted.";
    public const string Wire = "invalid_token";
}

/// <summary>No access token in the header.</summary>
public sealed record AccessTokenMissing(bool OtherScheme) : Refusal<AccessTokenMissing>, IRefusal<AccessTokenMissing>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_missing", "No access token", TokenRefused.Public,
        Fix: "Send the access token in the header Authorization: Bearer.", Wire: TokenRefused.Wire, Status: 401, PublicCode: TokenRefused.Code);
    public static AccessTokenMissing Example => new(false);
    public override string Evidence => OtherScheme ? "The Authorization header is not Bearer." : "There is no Authorization header.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>An access token in the query or body.</summary>
public sealed record AccessTokenInWrongPlace : Refusal<AccessTokenInWrongPlace>, IRefusal<AccessTokenInWrongPlace>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_place", "The access token came in the query",
        Public: "Send the access token in the Authorization header, never in the address.", Fix: "Change the application: addresses end in logs (RFC 9700 section 4.3.2).", Wire: "invalid_request", Status: 401);
    public static AccessTokenInWrongPlace Example => new();
    public override string Evidence => "access_token came in the query.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>Two tokens.</summary>
public sealed record AccessTokenTwice(int Count) : Refusal<AccessTokenTwice>, IRefusal<AccessTokenTwice>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_twice", "More than one access token",
        Public: "Send one access token.", Fix: "Change the application: one Authorization header and nothing else (RFC 6750 section 2).", Wire: "invalid_request", Status: 401);
    public static AccessTokenTwice Example => new(2);
    public override string Evidence => $"{Count} access tokens came.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>No access token of ours, or another kind of token.</summary>
public sealed record AccessTokenInvalid(string Fault) : Refusal<AccessTokenInvalid>, IRefusal<AccessTokenInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_invalid", "The access token is not one of ours", TokenRefused.Public,
        Fix: "Send the access_token of the token answer, not the ID token.", Wire: TokenRefused.Wire, Status: 401, PublicCode: TokenRefused.Code);
    public static AccessTokenInvalid Example => new("WrongType");
    public override string Evidence => $"The access token does not verify: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>An access token after its time.</summary>
public sealed record AccessTokenExpired(long SecondsLate) : Refusal<AccessTokenExpired>, IRefusal<AccessTokenExpired>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_expired", "The access token has expired", TokenRefused.Public,
        Fix: "Usually nothing: the application refreshes or signs the person in again.", Wire: TokenRefused.Wire, Status: 401, PublicCode: TokenRefused.Code);
    public static AccessTokenExpired Example => new(12);
    public override string Evidence => $"The access token expired {SecondsLate} seconds before.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>The grant behind an access token no longer stands.</summary>
public sealed record AccessTokenRevoked(ClientRef Client, string Code, string Why) : Refusal<AccessTokenRevoked>, IRefusal<AccessTokenRevoked>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_revoked", "The sign-in behind an access token has ended", TokenRefused.Public,
        Fix: "Usually nothing: the person signs in again.", Wire: TokenRefused.Wire, Status: 401, PublicCode: TokenRefused.Code);
    public static AccessTokenRevoked Example => new(new("c1", "Grafana"), "oidc.grant_ended", "Ada's sign-in has ended.");
    public override string Target => Client.Id;
    public override string Evidence => $"{Why} ({Code})";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The account behind an access token is switched off or deleted.</summary>
public sealed record AccessTokenOfAccountOff(ClientRef Client, UserRef User, string Why) : Refusal<AccessTokenOfAccountOff>, IRefusal<AccessTokenOfAccountOff>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_token_account_off", "An access token of an account that is switched off", TokenRefused.Public,
        Fix: "Nothing, if the account is to stay off; otherwise restore it. The person signs in anew.", Wire: TokenRefused.Wire, Status: 401, PublicCode: TokenRefused.Code, Causer: Causer.ProvenUser);
    public static AccessTokenOfAccountOff Example => new(new("c1", "Grafana"), new("u1", "Ada"), "Ada was disabled by grace@example.com, on the admin pages, on 2023-11-14 22:13 UTC. Grafana still tries with what it was given before (account.disabled).");
    public override string Target => User.Id;
    public override string Evidence => Why;
    public override IEnumerable<Remedy> Remedies => [new RestoreUser(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A token without openid.</summary>
public sealed record OpenIdScopeMissing(ClientRef Client, string Scope) : Refusal<OpenIdScopeMissing>, IRefusal<OpenIdScopeMissing>
{
    public static RefusalEntry Entry { get; } = new("oidc.openid_scope_missing", "The access token lacks the scope openid",
        Public: "This needs the scope openid.", Fix: "Let the application ask for openid.", Wire: "insufficient_scope", Status: 403);
    public static OpenIdScopeMissing Example => new(new("c1", "Grafana"), "profile");
    public override string Target => Client.Id;
    public override string Evidence => $"The scope is {Scope}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}
