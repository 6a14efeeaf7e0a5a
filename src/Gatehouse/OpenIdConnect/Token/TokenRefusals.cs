using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>What every failed client authentication says outside (RFC 6749 section 5.2).</summary>
internal static class ClientAuthRefused
{
    public const string Code = "oidc.client_auth_refused";
    public const string Public = "The client could not be authenticated.";
    public const string Wire = "invalid_client";
}

/// <summary>What every refused code or refresh token says outside.</summary>
internal static class GrantRefused
{
    public const string Code = "oidc.grant_refused";
    public const string Public = "The code or refresh token was not accepted. Sign in again.";
    public const string Wire = "invalid_grant";
}

/// <summary>No client credentials, or in a way we do not know.</summary>
public sealed record ClientCredentialsMissing(string Fault) : Refusal<ClientCredentialsMissing>, IRefusal<ClientCredentialsMissing>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_credentials_missing", "Client credentials are missing or unreadable", ClientAuthRefused.Public,
        Fix: "Give the application its client id and secret; a public client sends client_id alone.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientCredentialsMissing Example => new("client_id is missing");
    public override string Evidence => $"Not authenticated: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>A client id at the token endpoint that nobody has.</summary>
/// <param name="Closest">The client that was probably meant; found behind the response.</param>
/// <param name="How">In what the two differ.</param>
public sealed record TokenClientUnknown(int Length, ClientRef? Closest = null, string How = "") : Refusal<TokenClientUnknown>, IRefusal<TokenClientUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.token_client_unknown", "No client of that id at the token endpoint", ClientAuthRefused.Public,
        Fix: "Copy the client id from the client's page into the application.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static TokenClientUnknown Example => new(12, new("c1", "Grafana"), "the name of the client was sent instead of its id");
    public override string Target => Closest?.Id ?? "";
    public override string Evidence => ClosestClient.Words(Length, Closest, How);
    public override IEnumerable<Remedy> Remedies => ClosestClient.Ways(Closest);

    /// <summary>What was sent; never stored.</summary>
    internal string? Sent { get; init; }
}

/// <summary>The client is disabled or deleted.</summary>
public sealed record TokenClientOff(ClientRef Client, bool Deleted) : Refusal<TokenClientOff>, IRefusal<TokenClientOff>
{
    public static RefusalEntry Entry { get; } = new("oidc.token_client_off", "A disabled or deleted client asked for tokens", ClientAuthRefused.Public,
        Fix: "Enable the client if people should get in.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static TokenClientOff Example => new(new("c1", "Grafana"), false);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} is {(Deleted ? "deleted" : "disabled")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The secret is none of the client's.</summary>
/// <param name="Shape">What is odd about it, without the value.</param>
/// <param name="Bare">What it would be without white space and quotes at its ends: "its live secret", "a retired secret of it", or "".</param>
/// <param name="Owner">Another client whose secret it is; found behind the response.</param>
public sealed record ClientSecretWrong(ClientRef Client, string Shape, string Bare = "", ClientRef? Owner = null) : Refusal<ClientSecretWrong>, IRefusal<ClientSecretWrong>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_secret_wrong", "The client secret is wrong", ClientAuthRefused.Public,
        Fix: "Make a new secret on the client's page and put it into the application.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientSecretWrong Example => new(new("c1", "Grafana"), "44 characters; ours have 43, white space at an end", "its live secret");
    public override string Target => Client.Id;
    public override string Evidence => $"The secret sent for {Client.Name} is none of its secrets: {Shape}."
        + (Bare.Length > 0 ? $" Without the white space or quotes at its ends it is {Bare}." : "")
        + (Owner is null ? "" : $" It is a secret of {Owner.Name}.");
    public override IEnumerable<Remedy> Remedies =>
    [
        new OpenPage("Make a new secret", $"/admin/clients/{Client.Id}#secrets"),
        .. Owner is null ? Array.Empty<Remedy>() : [new OpenPage($"Open {Owner.Name}", $"/admin/clients/{Owner.Id}")],
    ];

    /// <summary>Keyed hash of what was sent; never stored.</summary>
    internal string? Digest { get; init; }

    internal static string ShapeOf(string secret)
    {
        var oddities = new List<string> { $"{secret.Length} characters; ours have 43" };
        if (secret.Length > 0 && (char.IsWhiteSpace(secret[0]) || char.IsWhiteSpace(secret[^1]))) oddities.Add("white space at an end");
        if (secret.Length > 1 && secret[0] is '"' or '\'') oddities.Add("in quotes");
        if (secret.Contains('%', StringComparison.Ordinal)) oddities.Add("percent-encoded once too often");
        if (secret.StartsWith("${", StringComparison.Ordinal)) oddities.Add("a variable that was not filled in");
        return string.Join(", ", oddities);
    }
}

/// <summary>The secret was right once.</summary>
public sealed record ClientSecretRetired(ClientRef Client, bool Revoked, long At) : Refusal<ClientSecretRetired>, IRefusal<ClientSecretRetired>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_secret_retired", "The client secret has expired or was revoked", ClientAuthRefused.Public,
        Fix: "Put the newer secret into the application; a retired one never comes back.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientSecretRetired Example => new(new("c1", "Grafana"), false, 1_700_000_000_000);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} used a secret that {(Revoked ? "was revoked" : "expired")} on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Make a new secret", $"/admin/clients/{Client.Id}#secrets")];
}

/// <summary>Another way to authenticate than the registered one.</summary>
public sealed record ClientAuthMethodDiffers(ClientRef Client, string Used, string Registered) : Refusal<ClientAuthMethodDiffers>, IRefusal<ClientAuthMethodDiffers>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_auth_method", "The client authenticated in another way than registered", ClientAuthRefused.Public,
        Fix: "Set the same token endpoint authentication method on both sides.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientAuthMethodDiffers Example => new(new("c1", "Grafana"), "client_secret_post", "client_secret_basic");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} used {Used}; registered is {Registered}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>Credentials in two places.</summary>
public sealed record TwoClientAuthMethods(int Count) : Refusal<TwoClientAuthMethods>, IRefusal<TwoClientAuthMethods>
{
    public static RefusalEntry Entry { get; } = new("oidc.two_client_auth_methods", "Client credentials came in two ways",
        Public: "Client credentials came in more than one way.", Fix: "Let the application use the header or the body, not both (RFC 6749 section 2.3).", Wire: "invalid_request");
    public static TwoClientAuthMethods Example => new(2);
    public override string Evidence => $"Credentials came in {Count} ways: Authorization header and body.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>The token request itself is malformed.</summary>
public sealed record TokenRequestMalformed(string Fault) : Refusal<TokenRequestMalformed>, IRefusal<TokenRequestMalformed>
{
    public static RefusalEntry Entry { get; } = new("oidc.token_request", "A token request is malformed",
        Public: "The token request is malformed: a parameter is missing or came twice.", Fix: "Correct the application's request.", Wire: "invalid_request");
    public static TokenRequestMalformed Example => new("code is missing");
    public override string Evidence => $"The token request: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>A grant type we do not have.</summary>
public sealed record GrantTypeNotSupported(string Sent) : Refusal<GrantTypeNotSupported>, IRefusal<GrantTypeNotSupported>
{
    public static RefusalEntry Entry { get; } = new("oidc.grant_type", "The grant type is not supported",
        Public: "This grant type is not supported here.", Fix: "Use authorization_code, refresh_token or client_credentials.", Wire: "unsupported_grant_type");
    public static GrantTypeNotSupported Example => new("password");
    public override string Evidence => $"grant_type is {Sent}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>A code that we never issued, or long ago.</summary>
public sealed record CodeUnknown(ClientRef Client, int Length) : Refusal<CodeUnknown>, IRefusal<CodeUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_unknown", "The code is unknown", GrantRefused.Public,
        Fix: "Check that the application sends the code as it came, once.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeUnknown Example => new(new("c1", "Grafana"), 43);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a code of {Length} characters that is unknown; ours have 43. It may be more than a day old, cut short, or of another server.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A code after its 60 seconds.</summary>
public sealed record CodeExpired(ClientRef Client, long SecondsLate) : Refusal<CodeExpired>, IRefusal<CodeExpired>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_expired", "The code has expired", GrantRefused.Public,
        Fix: "Codes live for 60 seconds: check the application's way to this server and what delays it.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeExpired Example => new(new("c1", "Grafana"), 12);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} redeemed a code {SecondsLate} seconds after it had expired.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A code for the second time: its tokens are revoked (RFC 6749 section 4.1.2).</summary>
public sealed record CodeReused(ClientRef Client, string IssuedTo, long SecondsSince) : Refusal<CodeReused>, IRefusal<CodeReused>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_reused", "A code was used twice", GrantRefused.Public,
        Fix: "If the application retries, stop it; otherwise the code was stolen. The tokens of the first use are revoked.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeReused Example => new(new("c1", "Grafana"), "c1", 30);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a code that was spent {SecondsSince} seconds before (issued to client {IssuedTo}). All tokens of that sign-in are revoked.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>Somebody else's code.</summary>
public sealed record CodeOfAnotherClient(ClientRef Client, string IssuedTo) : Refusal<CodeOfAnotherClient>, IRefusal<CodeOfAnotherClient>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_other_client", "A client redeemed another client's code", GrantRefused.Public,
        Fix: "Find out how the code got from one application to the other. It is spent.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeOfAnotherClient Example => new(new("c1", "Grafana"), "c2");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} tried a code that was issued to client {IssuedTo}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>Another callback than in the authorize request.</summary>
public sealed record CodeRedirectUriDiffers(ClientRef Client, int SentLength, string Kind) : Refusal<CodeRedirectUriDiffers>, IRefusal<CodeRedirectUriDiffers>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_redirect_uri", "redirect_uri differs between the two requests", GrantRefused.Public,
        Fix: "The application must send the same redirect_uri to /authorize and /token (RFC 6749 section 4.1.3).", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeRedirectUriDiffers Example => new(new("c1", "Grafana"), 30, "a trailing slash");
    public override string Target => Client.Id;
    public override string Evidence => SentLength == 0 ? "redirect_uri is missing at the token endpoint." : $"redirect_uri differs from the one at /authorize by {Kind}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>PKCE verifier missing, wrong, or uncalled for.</summary>
public sealed record PkceVerifierRefused(ClientRef Client, string Fault) : Refusal<PkceVerifierRefused>, IRefusal<PkceVerifierRefused>
{
    public static RefusalEntry Entry { get; } = new("oidc.pkce_verifier", "The PKCE verifier does not fit", GrantRefused.Public,
        Fix: "The application must send the code_verifier of the same sign-in. The code is spent.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static PkceVerifierRefused Example => new(new("c1", "Grafana"), "it is missing");
    public override string Target => Client.Id;
    public override string Evidence => $"code_verifier: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The sign-in behind a token is over.</summary>
public sealed record GrantEnded(ClientRef Client, UserRef User, string Because) : Refusal<GrantEnded>, IRefusal<GrantEnded>
{
    public static RefusalEntry Entry { get; } = new("oidc.grant_ended", "The sign-in behind a token has ended", GrantRefused.Public,
        Fix: "Usually nothing: the person signs in again.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static GrantEnded Example => new(new("c1", "Grafana"), new("u1", "Ada"), "the session was ended");
    public override string Target => Client.Id;
    public override string Evidence => $"{User.Name}'s sign-in to {Client.Name} has ended: {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The gate no longer lets the person in.</summary>
public sealed record GrantNoLongerAllowed(ClientRef Client, UserRef User, string Code, string Why) : Refusal<GrantNoLongerAllowed>, IRefusal<GrantNoLongerAllowed>
{
    public static RefusalEntry Entry { get; } = new("oidc.grant_not_allowed", "A person with tokens may no longer use the client", GrantRefused.Public,
        Fix: "Nothing, if that is meant; otherwise mend the cause named in the evidence.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static GrantNoLongerAllowed Example => new(new("c1", "Grafana"), new("u1", "Ada"), "oidc.access_denied.group", "Ada is in staff; Grafana allows ops.");
    public override string Target => Client.Id;
    public override string Evidence => $"{Why} ({Code})";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}"), new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The account behind the grant is switched off or deleted: the one cause at every door that a token opens.</summary>
public sealed record GrantOfAccountOff(ClientRef Client, UserRef User, string Code, string Why) : Refusal<GrantOfAccountOff>, IRefusal<GrantOfAccountOff>
{
    public static RefusalEntry Entry { get; } = new("oidc.account_off", "A token of an account that is switched off", GrantRefused.Public,
        Fix: "Nothing, if the account is to stay off; otherwise restore it. The person signs in anew.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code, Causer: Causer.ProvenUser);
    public static GrantOfAccountOff Example => new(new("c1", "Grafana"), new("u1", "Ada"), "account.disabled", "Ada was disabled by grace@example.com, on the admin pages, on 2023-11-14 22:13 UTC.");
    public override string Target => User.Id;
    public override string Evidence => $"{Why} {Client.Name} still tries with what it was given before ({Code}).";
    public override IEnumerable<Remedy> Remedies => [new RestoreUser(User), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A refresh token that is none.</summary>
public sealed record RefreshTokenUnknown(ClientRef Client, int Length) : Refusal<RefreshTokenUnknown>, IRefusal<RefreshTokenUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_unknown", "The refresh token is unknown", GrantRefused.Public,
        Fix: "Check that the application stores refresh tokens unchanged.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshTokenUnknown Example => new(new("c1", "Grafana"), 20);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a refresh token of {Length} characters that was never issued.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>Somebody else's refresh token.</summary>
public sealed record RefreshOfAnotherClient(ClientRef Client, string IssuedTo) : Refusal<RefreshOfAnotherClient>, IRefusal<RefreshOfAnotherClient>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_other_client", "A client used another client's refresh token", GrantRefused.Public,
        Fix: "Find out how the token got from one application to the other.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshOfAnotherClient Example => new(new("c1", "Grafana"), "c2");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} tried a refresh token that was issued to client {IssuedTo}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A refresh token after its time.</summary>
/// <param name="Unused">True when it was not used for too long; false when the sign-in has reached its end.</param>
public sealed record RefreshExpired(ClientRef Client, long At, bool Unused, long LimitSeconds) : Refusal<RefreshExpired>, IRefusal<RefreshExpired>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_expired", "The refresh token has expired", GrantRefused.Public,
        Fix: "Usually nothing: the person signs in again. Both lifetimes can be set on the client's page.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshExpired Example => new(new("c1", "Grafana"), 1_700_000_000_000, true, 2_592_000);
    public override string Target => Client.Id;
    public override string Evidence => $"The refresh token of {Client.Name} expired on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC: "
        + (Unused ? $"it was not used for {LimitSeconds} seconds." : $"the sign-in is older than {LimitSeconds} seconds, the most that this client may refresh.");
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}#lifetimes")];
}

/// <summary>A spent refresh token: the family is revoked (RFC 9700 section 4.14.2).</summary>
public sealed record RefreshReused(ClientRef Client, UserRef User, long Sent, long Current, string Why) : Refusal<RefreshReused>, IRefusal<RefreshReused>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_reused", "A spent refresh token was used again", GrantRefused.Public,
        Fix: "Either the application keeps an old token (several workers without shared storage), or one was stolen. The person signs in again.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshReused Example => new(new("c1", "Grafana"), new("u1", "Ada"), 3, 5, "its successor is in use");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent refresh token number {Sent} of {User.Name}'s sign-in, while number {Current} is the live one: {Why}. All its tokens are revoked.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>More scope than was granted.</summary>
public sealed record RefreshScopeWider(ClientRef Client, string Granted) : Refusal<RefreshScopeWider>, IRefusal<RefreshScopeWider>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_scope", "A refresh asked for more scope than was granted",
        Public: "The refresh asked for more than was granted.", Fix: "Ask for at most the scopes of the sign-in (RFC 6749 section 6). The token is not spent.", Wire: "invalid_scope");
    public static RefreshScopeWider Example => new(new("c1", "Grafana"), "openid profile");
    public override string Target => Client.Id;
    public override string Evidence => $"Granted was {Granted}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A grant type that the client is not registered for.</summary>
public sealed record GrantTypeNotAllowed(ClientRef Client, string Sent, string Allowed) : Refusal<GrantTypeNotAllowed>, IRefusal<GrantTypeNotAllowed>
{
    public static RefusalEntry Entry { get; } = new("oidc.grant_type_not_allowed", "The client may not use this grant type",
        Public: "This application is not registered for that grant type.", Fix: "Choose on the client's page what the application may do.", Wire: "unauthorized_client");
    public static GrantTypeNotAllowed Example => new(new("c1", "Grafana"), "client_credentials", "authorization_code refresh_token");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} asked with {Sent}; it is registered for {Allowed}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}#grants")];
}

/// <summary>A client assertion that does not hold (RFC 7523 section 3).</summary>
public sealed record ClientAssertionRefused(ClientRef Client, string Fault) : Refusal<ClientAssertionRefused>, IRefusal<ClientAssertionRefused>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_assertion", "A client's signed assertion does not hold", ClientAuthRefused.Public,
        Fix: "Compare what the application signs with the evidence: iss and sub are the client id, aud is the issuer, exp is near, jti is fresh, and the key is one of the client's.",
        Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientAssertionRefused Example => new(new("c1", "Grafana"), "nbf is 61 seconds ahead: the client's clock is fast, or ours slow");
    public override string Target => Client.Id;
    public override string Evidence => $"The assertion of {Client.Name}: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Look at the client's keys", $"/admin/clients/{Client.Id}#keys")];
}

/// <summary>A client assertion for the second time.</summary>
public sealed record ClientAssertionReplayed(ClientRef Client) : Refusal<ClientAssertionReplayed>, IRefusal<ClientAssertionReplayed>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_assertion_replayed", "A client's signed assertion was used twice", ClientAuthRefused.Public,
        Fix: "The application must make a new assertion, with a new jti, for each request. If it does, somebody recorded one.",
        Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientAssertionReplayed Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => $"The jti of {Client.Name}'s assertion was used before.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The client's public keys could not be had.</summary>
public sealed record ClientKeysUnavailable(ClientRef Client, string Host, string Fault) : Refusal<ClientKeysUnavailable>, IRefusal<ClientKeysUnavailable>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_keys_unavailable", "A client's public keys cannot be fetched or read", ClientAuthRefused.Public,
        Fix: "See that the address answers with a JWK set from this server, or put the key set itself on the client's page. A host in a private range must be allowed there.",
        Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientKeysUnavailable Example => new(new("c1", "Grafana"), "app.example.com", "it answered 404");
    public override string Target => Client.Id;
    public override string Evidence => $"The keys of {Client.Name}{(Host.Length > 0 ? $" at {Host}" : "")} are not there: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Look at the client's keys", $"/admin/clients/{Client.Id}#keys")];
}

/// <summary>More than one API in a request.</summary>
public sealed record ResourceTwice(ClientRef Client, int Count) : Refusal<ResourceTwice>, IRefusal<ResourceTwice>
{
    public static RefusalEntry Entry { get; } = new("oidc.resource_twice", "A request names more than one API",
        Public: "Ask for tokens of one API at a time.", Fix: "Let the application send resource once per request (RFC 8707 section 2.2).", Wire: "invalid_target");
    public static ResourceTwice Example => new(new("c1", "Grafana"), 2);
    public override string Target => Client.Id;
    public override string Evidence => $"resource came {Count} times.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}#apis")];
}

/// <summary>An API that nobody registered, that is switched off, or that this client may not use.</summary>
public sealed record ResourceRefused(ClientRef Client, int Length, ApiRef? Api, string Fault) : Refusal<ResourceRefused>, IRefusal<ResourceRefused>
{
    public static RefusalEntry Entry { get; } = new("oidc.resource", "The API of a request is unknown or not open to the client",
        Public: "The application asked for an API that is not open to it.", Fix: "Register the API, or grant the client scopes of it; the identifier is compared character by character.", Wire: "invalid_target");
    public static ResourceRefused Example => new(new("c1", "Grafana"), 24, new("a1", "Orders"), "it differs from https://orders.example.com by a trailing slash");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a resource of {Length} characters: {Fault}.";
    public override IEnumerable<Remedy> Remedies =>
    [
        .. Api is null ? Array.Empty<Remedy>() : [new OpenPage($"Open {Api.Name}", $"/admin/apis/{Api.Id}")],
        new OpenPage("Open the list of APIs", "/admin/apis"),
        new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}#apis"),
    ];
}

/// <summary>A scope that does not exist.</summary>
public sealed record ScopeUnknown(ClientRef Client, string Scope, string? Closest, ApiRef? Api) : Refusal<ScopeUnknown>, IRefusal<ScopeUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.scope_unknown", "A scope that does not exist",
        Public: "The application asked for a permission that does not exist here.", Fix: "Ask for scopes of the API that the request names; add the scope to the API if it is missing.", Wire: "invalid_scope");
    public static ScopeUnknown Example => new(new("c1", "Grafana"), "order:read", "orders:read", new("a1", "Orders"));
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} asked for {Scope}; {(Api is null ? "no API was named and it holds scopes of none" : $"{Api.Name} has no such scope")}{(Closest is null ? "" : $". The nearest is {Closest}")}.";
    public override IEnumerable<Remedy> Remedies =>
    [
        .. Api is null ? Array.Empty<Remedy>() : [new OpenPage($"Open {Api.Name}", $"/admin/apis/{Api.Id}")],
        new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}#apis"),
    ];
}

/// <summary>A scope that exists and that the client was not granted.</summary>
public sealed record ScopeNotGranted(ClientRef Client, string Scope, ApiRef Api, string Held) : Refusal<ScopeNotGranted>, IRefusal<ScopeNotGranted>
{
    public static RefusalEntry Entry { get; } = new("oidc.scope_not_granted", "The client was not granted a scope",
        Public: "The application asked for a permission that it was not granted.", Fix: "Grant the scope to the client on its page, if it should have it.", Wire: "invalid_scope");
    public static ScopeNotGranted Example => new(new("c1", "Grafana"), "orders:write", new("a1", "Orders"), "orders:read");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} asked for {Scope} of {Api.Name}; granted {(Held.Length == 0 ? "is none" : $"are {Held}")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Grant it to {Client.Name}", $"/admin/clients/{Client.Id}#apis"), new OpenPage($"Open {Api.Name}", $"/admin/apis/{Api.Id}")];
}

/// <summary>A person who holds none of the scopes asked for.</summary>
public sealed record ScopeNotHeld(ClientRef Client, UserRef User, string Asked, ApiRef Api) : Refusal<ScopeNotHeld>, IRefusal<ScopeNotHeld>
{
    public static RefusalEntry Entry { get; } = new("oidc.scope_not_held", "The person holds none of the permissions asked for",
        Public: "Your account has none of the permissions that this application needs.", Fix: "Grant a scope of the API to a group or role of the person.",
        Wire: "access_denied", Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static ScopeNotHeld Example => new(new("c1", "Grafana"), new("u1", "Ada"), "orders:read", new("a1", "Orders"));
    public override string Target => Client.Id;
    public override string Evidence => $"{User.Name} holds none of {Asked} of {Api.Name}, by no group and no role.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Api.Name}", $"/admin/apis/{Api.Id}"), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}

/// <summary>A public client at introspection (RFC 7662 section 2.1).</summary>
public sealed record IntrospectionNeedsProof(ClientRef Client) : Refusal<IntrospectionNeedsProof>, IRefusal<IntrospectionNeedsProof>
{
    public static RefusalEntry Entry { get; } = new("oidc.introspection_public", "A client without a secret asked about tokens", ClientAuthRefused.Public,
        Fix: "Let the API ask with a confidential client of its own.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static IntrospectionNeedsProof Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} is public and cannot prove that it is itself.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Register a client", "/admin/clients/new")];
}

/// <summary>A token that belongs to another client; on the wire it looks like an unknown one (RFC 7662 section 4, RFC 7009 section 2.1).</summary>
public sealed record TokenOfAnotherClient(ClientRef Client, string IssuedTo, string Where, ApiRef? Api) : Refusal<TokenOfAnotherClient>, IRefusal<TokenOfAnotherClient>
{
    public static RefusalEntry Entry { get; } = new("oidc.token_other_client", "A client asked about or revoked another client's token",
        Public: "The token is not active.", Fix: "If the client is an API that introspects, name it on the API's page; otherwise find out how it got the token.", Wire: "invalid_request");
    public static TokenOfAnotherClient Example => new(new("c1", "Orders API"), "c2", "introspection", new("a1", "Orders"));
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a token of client {IssuedTo} to {Where}{(Api is null ? "" : $"; it is for {Api.Name}")}. It was answered like an unknown one.";
    public override IEnumerable<Remedy> Remedies =>
    [
        .. Api is null ? Array.Empty<Remedy>() : [new OpenPage($"Say who introspects for {Api.Name}", $"/admin/apis/{Api.Id}")],
        new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}"),
    ];
}
