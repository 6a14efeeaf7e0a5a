using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Logout;

/// <summary>A logout request that names no registered address to go back to.</summary>
public sealed record LogoutUriMismatch(string ClientId, string ClientName, int SentLength, string Fault) : Refusal<LogoutUriMismatch>, IRefusal<LogoutUriMismatch>
{
    public static RefusalEntry Entry { get; } = new("oidc.logout_uri_mismatch", "The logout callback URL is not registered",
        Public: "The application asked to go back to an address that is not set up here. Nothing was changed.",
        Fix: "Register the post_logout_redirect_uri on the client's page; it is compared character by character.", Wire: "invalid_request", PublicCode: "oidc.logout_refused");
    public static LogoutUriMismatch Example => new("c1", "Grafana", 30, "it differs by a trailing slash");
    public override string Target => ClientId;
    public override string Evidence => $"post_logout_redirect_uri ({SentLength} characters) for {(ClientName.Length == 0 ? "an unnamed client" : ClientName)}: {Fault}.";
    public override IEnumerable<Remedy> Remedies => ClientId.Length == 0 ? [] : [new OpenPage("Add a new address", $"/admin/clients/{ClientId}#logout_callbacks")];
}

/// <summary>An id_token_hint that is none of ours.</summary>
public sealed record LogoutHintInvalid(int Length, string Fault) : Refusal<LogoutHintInvalid>, IRefusal<LogoutHintInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.logout_hint", "A logout hint is no ID token of ours", LogoutUriMismatch.Entry.Public,
        Fix: "The application must send an ID token that this server issued to it.", Wire: "invalid_request", PublicCode: "oidc.logout_refused");
    public static LogoutHintInvalid Example => new(900, "the signature is not ours");
    public override string Evidence => $"id_token_hint ({Length} characters): {Fault}.";
}

/// <summary>An application could not be told that somebody logged out.</summary>
/// <param name="RetryInSeconds">Null when it was given up.</param>
public sealed record BackchannelFailed(ClientRef Client, string Host, string Fault, long Attempt, long? RetryInSeconds) : Refusal<BackchannelFailed>, IRefusal<BackchannelFailed>
{
    public static RefusalEntry Entry { get; } = new("oidc.backchannel_failed", "An application could not be told about a logout",
        Public: "The application could not be told that you logged out. You are logged out here.",
        Fix: "Correct the back-channel logout URL on the client's page, allow its private address there, or mend the application; then press Send again.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BackchannelFailed Example => new(new("c1", "Grafana"), "grafana.example.com", "it answered 500", 2, 30);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} at {Host}, attempt {Attempt}: {Fault}. {(RetryInSeconds is { } s ? $"It is tried again in {s} seconds." : "It was given up.")}";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}#notices")];
}

/// <summary>A session that ended within seconds of an application's sign-in.</summary>
/// <param name="After">Milliseconds between the code and the end.</param>
/// <param name="RedeemedAfter">Milliseconds between the code and its exchange; null when it was never exchanged.</param>
/// <param name="Ender">What ended it.</param>
public sealed record InstantLogout(ClientRef Client, UserRef User, long After, long? RedeemedAfter, string Ender) : Refusal<InstantLogout>, IRefusal<InstantLogout>
{
    public static RefusalEntry Entry { get; } = new("oidc.instant_logout", "A session ended right after an application's sign-in",
        Public: "The application ended your session right after starting it. Signing in works; the application logs you out again. Tell whoever runs it, with the reference.",
        Fix: "When an application ended it: look there for a session lifetime of zero, a clock that differs, or a logout address used as callback. When a person or an admin ended it, nothing is wrong.",
        Wire: "access_denied", Status: 403, Audience: Audience.AfterProof, Causer: Causer.ProvenUser);
    public static InstantLogout Example => new(new("c1", "Grafana"), new("u1", "Ada"), 1200, 300, "logged out from an application");
    public override string Target => Client.Id;
    public override string Evidence =>
        $"{User.Name} was signed in to {Client.Name}, {(RedeemedAfter is { } r ? string.Create(System.Globalization.CultureInfo.InvariantCulture, $"the code was exchanged after {r / 1000.0:0.0} s") : "the code was never exchanged")}, and the session ended after {string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{After / 1000.0:0.0}")} s: {Ender}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}"), new OpenPage($"Open {User.Name}", $"/admin/users/{User.Id}")];
}
