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
}

/// <summary>A client id at the token endpoint that nobody has.</summary>
public sealed record TokenClientUnknown(int Length) : Refusal<TokenClientUnknown>, IRefusal<TokenClientUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.token_client_unknown", "No client of that id at the token endpoint", ClientAuthRefused.Public,
        Fix: "Copy the client id from the client's page into the application.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static TokenClientUnknown Example => new(12);
    public override string Evidence => $"No client has the id that was sent ({Length} characters; ours have 32).";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
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
public sealed record ClientSecretWrong(ClientRef Client, string Shape) : Refusal<ClientSecretWrong>, IRefusal<ClientSecretWrong>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_secret_wrong", "The client secret is wrong", ClientAuthRefused.Public,
        Fix: "Make a new secret on the client's page and put it into the application.", Wire: ClientAuthRefused.Wire, Status: 401, PublicCode: ClientAuthRefused.Code);
    public static ClientSecretWrong Example => new(new("c1", "Grafana"), "44 characters, ends in a line break; ours have 43");
    public override string Target => Client.Id;
    public override string Evidence => $"The secret sent for {Client.Name} is none of its secrets: {Shape}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Make a new secret", $"/admin/clients/{Client.Id}#secrets")];

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
}

/// <summary>The token request itself is malformed.</summary>
public sealed record TokenRequestMalformed(string Fault) : Refusal<TokenRequestMalformed>, IRefusal<TokenRequestMalformed>
{
    public static RefusalEntry Entry { get; } = new("oidc.token_request", "A token request is malformed",
        Public: "The token request is malformed: a parameter is missing or came twice.", Fix: "Correct the application's request.", Wire: "invalid_request");
    public static TokenRequestMalformed Example => new("code is missing");
    public override string Evidence => $"The token request: {Fault}.";
}

/// <summary>A grant type we do not have.</summary>
public sealed record GrantTypeNotSupported(string Sent) : Refusal<GrantTypeNotSupported>, IRefusal<GrantTypeNotSupported>
{
    public static RefusalEntry Entry { get; } = new("oidc.grant_type", "The grant type is not supported",
        Public: "This grant type is not supported here.", Fix: "Use authorization_code or refresh_token.", Wire: "unsupported_grant_type");
    public static GrantTypeNotSupported Example => new("password");
    public override string Evidence => $"grant_type is {Sent}.";
}

/// <summary>A code that we never issued, or long ago.</summary>
public sealed record CodeUnknown(ClientRef Client, int Length) : Refusal<CodeUnknown>, IRefusal<CodeUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_unknown", "The code is unknown", GrantRefused.Public,
        Fix: "Check that the application sends the code as it came, once.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeUnknown Example => new(new("c1", "Grafana"), 43);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a code of {Length} characters that is unknown; ours have 43.";
}

/// <summary>A code after its 60 seconds.</summary>
public sealed record CodeExpired(ClientRef Client, long SecondsLate) : Refusal<CodeExpired>, IRefusal<CodeExpired>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_expired", "The code has expired", GrantRefused.Public,
        Fix: "Codes live for 60 seconds: check the application's way to this server and what delays it.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeExpired Example => new(new("c1", "Grafana"), 12);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} redeemed a code {SecondsLate} seconds after it had expired.";
}

/// <summary>A code for the second time: its tokens are revoked (RFC 6749 section 4.1.2).</summary>
public sealed record CodeReused(ClientRef Client, string IssuedTo, long SecondsSince) : Refusal<CodeReused>, IRefusal<CodeReused>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_reused", "A code was used twice", GrantRefused.Public,
        Fix: "If the application retries, stop it; otherwise the code was stolen. The tokens of the first use are revoked.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeReused Example => new(new("c1", "Grafana"), "c1", 30);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a code that was spent {SecondsSince} seconds before (issued to client {IssuedTo}). All tokens of that sign-in are revoked.";
}

/// <summary>Somebody else's code.</summary>
public sealed record CodeOfAnotherClient(ClientRef Client, string IssuedTo) : Refusal<CodeOfAnotherClient>, IRefusal<CodeOfAnotherClient>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_other_client", "A client redeemed another client's code", GrantRefused.Public,
        Fix: "Find out how the code got from one application to the other. It is spent.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeOfAnotherClient Example => new(new("c1", "Grafana"), "c2");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} tried a code that was issued to client {IssuedTo}.";
}

/// <summary>Another callback than in the authorize request.</summary>
public sealed record CodeRedirectUriDiffers(ClientRef Client, int SentLength, string Kind) : Refusal<CodeRedirectUriDiffers>, IRefusal<CodeRedirectUriDiffers>
{
    public static RefusalEntry Entry { get; } = new("oidc.code_redirect_uri", "redirect_uri differs between the two requests", GrantRefused.Public,
        Fix: "The application must send the same redirect_uri to /authorize and /token (RFC 6749 section 4.1.3).", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static CodeRedirectUriDiffers Example => new(new("c1", "Grafana"), 30, "a trailing slash");
    public override string Target => Client.Id;
    public override string Evidence => SentLength == 0 ? "redirect_uri is missing at the token endpoint." : $"redirect_uri differs from the one at /authorize by {Kind}.";
}

/// <summary>PKCE verifier missing, wrong, or uncalled for.</summary>
public sealed record PkceVerifierRefused(ClientRef Client, string Fault) : Refusal<PkceVerifierRefused>, IRefusal<PkceVerifierRefused>
{
    public static RefusalEntry Entry { get; } = new("oidc.pkce_verifier", "The PKCE verifier does not fit", GrantRefused.Public,
        Fix: "The application must send the code_verifier of the same sign-in. The code is spent.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static PkceVerifierRefused Example => new(new("c1", "Grafana"), "it is missing");
    public override string Target => Client.Id;
    public override string Evidence => $"code_verifier: {Fault}.";
}

/// <summary>The sign-in behind a token is over.</summary>
public sealed record GrantEnded(ClientRef Client, UserRef User, string Because) : Refusal<GrantEnded>, IRefusal<GrantEnded>
{
    public static RefusalEntry Entry { get; } = new("oidc.grant_ended", "The sign-in behind a token has ended", GrantRefused.Public,
        Fix: "Usually nothing: the person signs in again.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static GrantEnded Example => new(new("c1", "Grafana"), new("u1", "Ada"), "the session was ended");
    public override string Target => Client.Id;
    public override string Evidence => $"{User.Name}'s sign-in to {Client.Name} has ended: {Because}.";
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

/// <summary>A refresh token that is none.</summary>
public sealed record RefreshTokenUnknown(ClientRef Client, int Length) : Refusal<RefreshTokenUnknown>, IRefusal<RefreshTokenUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_unknown", "The refresh token is unknown", GrantRefused.Public,
        Fix: "Check that the application stores refresh tokens unchanged.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshTokenUnknown Example => new(new("c1", "Grafana"), 20);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent a refresh token of {Length} characters that was never issued.";
}

/// <summary>Somebody else's refresh token.</summary>
public sealed record RefreshOfAnotherClient(ClientRef Client, string IssuedTo) : Refusal<RefreshOfAnotherClient>, IRefusal<RefreshOfAnotherClient>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_other_client", "A client used another client's refresh token", GrantRefused.Public,
        Fix: "Find out how the token got from one application to the other.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshOfAnotherClient Example => new(new("c1", "Grafana"), "c2");
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} tried a refresh token that was issued to client {IssuedTo}.";
}

/// <summary>A refresh token after its time.</summary>
public sealed record RefreshExpired(ClientRef Client, long At) : Refusal<RefreshExpired>, IRefusal<RefreshExpired>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_expired", "The refresh token has expired", GrantRefused.Public,
        Fix: "Usually nothing: the person signs in again. Refresh tokens live 30 days from their last use.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshExpired Example => new(new("c1", "Grafana"), 1_700_000_000_000);
    public override string Target => Client.Id;
    public override string Evidence => $"The refresh token of {Client.Name} expired on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC.";
}

/// <summary>A spent refresh token: the family is revoked (RFC 9700 section 4.14.2).</summary>
public sealed record RefreshReused(ClientRef Client, UserRef User, long Sent, long Current) : Refusal<RefreshReused>, IRefusal<RefreshReused>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_reused", "A spent refresh token was used again", GrantRefused.Public,
        Fix: "Either the application keeps an old token (several workers without shared storage), or one was stolen. The person signs in again.", Wire: GrantRefused.Wire, PublicCode: GrantRefused.Code);
    public static RefreshReused Example => new(new("c1", "Grafana"), new("u1", "Ada"), 3, 5);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} sent refresh token number {Sent} of {User.Name}'s sign-in, while number {Current} is the live one. All its tokens are revoked.";
}

/// <summary>More scope than was granted.</summary>
public sealed record RefreshScopeWider(ClientRef Client, string Granted) : Refusal<RefreshScopeWider>, IRefusal<RefreshScopeWider>
{
    public static RefusalEntry Entry { get; } = new("oidc.refresh_scope", "A refresh asked for more scope than was granted",
        Public: "The refresh asked for more than was granted.", Fix: "Ask for at most the scopes of the sign-in (RFC 6749 section 6). The token is not spent.", Wire: "invalid_scope");
    public static RefreshScopeWider Example => new(new("c1", "Grafana"), "openid profile");
    public override string Target => Client.Id;
    public override string Evidence => $"Granted was {Granted}.";
}
