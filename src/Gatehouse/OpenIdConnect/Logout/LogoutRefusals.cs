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
