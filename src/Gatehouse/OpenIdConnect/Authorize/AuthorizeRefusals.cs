using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>What strangers hear while the callback is not verified: the same for every cause.</summary>
internal static class ClientRefused
{
    public const string Code = "oidc.client_refused";
    public const string Public = "This application is not set up to sign people in here, or not like this. You did nothing wrong: tell whoever runs it, with the reference.";
}

/// <summary>client_id is missing, twice there, or names no client.</summary>
/// <param name="Closest">The client that was probably meant; found behind the response.</param>
/// <param name="How">In what the two differ.</param>
public sealed record ClientUnknown(int Length, ClientRef? Closest = null, string How = "") : Refusal<ClientUnknown>, IRefusal<ClientUnknown>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_unknown", "No client of that id", ClientRefused.Public,
        Fix: "Copy the client id from the client's page into the application.", Wire: "invalid_request", PublicCode: ClientRefused.Code);
    public static ClientUnknown Example => new(31, new("c1", "Grafana"), "one character is missing");
    public override string Target => Closest?.Id ?? "";
    public override string Evidence => Length == 0 ? "client_id is missing or came twice." : ClosestClient.Words(Length, Closest, How);
    public override IEnumerable<Remedy> Remedies => ClosestClient.Ways(Closest);

    /// <summary>What was sent; never stored.</summary>
    internal string? Sent { get; init; }
}

/// <summary>The client is switched off.</summary>
public sealed record ClientDisabled(ClientRef Client) : Refusal<ClientDisabled>, IRefusal<ClientDisabled>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_disabled", "The client is disabled", ClientRefused.Public,
        Fix: "Enable it on the client's page if people should get in.", Wire: "invalid_request", PublicCode: ClientRefused.Code);
    public static ClientDisabled Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} is disabled.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The client was deleted.</summary>
public sealed record ClientDeleted(ClientRef Client, long At) : Refusal<ClientDeleted>, IRefusal<ClientDeleted>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_deleted", "The client was deleted", ClientRefused.Public,
        Fix: "Register it anew and give the application the new id and secret.", Wire: "invalid_request", PublicCode: ClientRefused.Code);
    public static ClientDeleted Example => new(new("c1", "Grafana"), 1_700_000_000_000);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} was deleted on {DateTimeOffset.FromUnixTimeMilliseconds(At):yyyy-MM-dd HH:mm} UTC.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Register a client", "/admin/clients/new")];
}

/// <summary>No redirect_uri, or two.</summary>
public sealed record RedirectUriMissing(ClientRef Client, int Count) : Refusal<RedirectUriMissing>, IRefusal<RedirectUriMissing>
{
    public static RefusalEntry Entry { get; } = new("oidc.redirect_uri_missing", "No callback URL in the request", ClientRefused.Public,
        Fix: "Let the application send exactly one redirect_uri.", Wire: "invalid_request", PublicCode: ClientRefused.Code);
    public static RedirectUriMissing Example => new(new("c1", "Grafana"), 0);
    public override string Target => Client.Id;
    public override string Evidence => Count == 0 ? "redirect_uri is missing." : $"redirect_uri came {Count} times or empty.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The callback URL is not a registered one.</summary>
/// <param name="Sent">What was sent, with user-info and the values of a foreign query masked.</param>
/// <param name="Nearest">The registered URL nearest to it, or null when none is registered.</param>
/// <param name="Kind">In what the two differ, for people.</param>
/// <param name="Harmless">True when an admin may add it by one press.</param>
/// <param name="Registered">How many are registered.</param>
public sealed record RedirectUriMismatch(ClientRef Client, string Sent, string? Nearest, string Kind, bool Harmless, int Registered) : Refusal<RedirectUriMismatch>, IRefusal<RedirectUriMismatch>
{
    public static RefusalEntry Entry { get; } = new("oidc.redirect_uri_mismatch", "The callback URL is not registered", ClientRefused.Public,
        Fix: "Make the two equal: register the URL that the application sends, or correct it in the application. They are compared character by character.",
        Wire: "invalid_request", PublicCode: ClientRefused.Code);
    public static RedirectUriMismatch Example => new(new("c1", "Grafana"), "https://grafana.example.com/login/generic_oauth/", "https://grafana.example.com/login/generic_oauth", "a trailing slash", true, 1);
    public override string Target => Client.Id;
    public override string Evidence => Nearest is null
        ? $"{Client.Name} sent {Sent}; no callback URL is registered."
        : $"{Client.Name} sent {Sent}; the nearest of {Registered} registered is {Nearest}. They differ by {Kind}.";
    public override Difference? Difference => Nearest is null ? null : new("sent", Sent, "registered", Nearest, Kind);
    public override IEnumerable<Remedy> Remedies =>
    [
        .. Harmless ? new Remedy[] { new AddCallbackUrl(Client, Sent) } : [],
        new OpenPage("Add a new address", $"/admin/clients/{Client.Id}#callbacks"),
    ];

    internal static RedirectUriMismatch Of(Client client, string sent)
    {
        var nearest = CompareCallbacks.Nearest(sent, client.Callbacks);
        var harmless = nearest is not null && CompareCallbacks.IsHarmless(sent, nearest.Registered);
        return new(client.Ref, harmless ? sent : ShowUrl.Masked(sent, nearest?.Registered), nearest?.Registered, nearest?.Words ?? "", harmless, client.Callbacks.Count);
    }
}

/// <summary>A URL of a stranger as evidence: names of the query only, no user-info, bounded.</summary>
internal static class ShowUrl
{
    public static string Masked(string sent, string? registered)
    {
        var parts = UrlParts.Split(sent);
        var known = registered is null ? [] : UrlParts.Split(registered).Query?.Split('&') ?? [];
        var text = sent;
        if (parts.Fragment is not null) text = text[..text.IndexOf('#', StringComparison.Ordinal)] + "#…";
        if (parts.Query is { } query && text.IndexOf('?', StringComparison.Ordinal) is >= 0 and var at)
            text = text[..(at + 1)] + string.Join('&', query.Split('&').Select(pair => known.Contains(pair) ? pair : Pair(pair))) + (parts.Fragment is null ? "" : "#…");
        if (parts.UserInfo is { Length: > 0 } user) text = text.Replace(user + "@", "…@", StringComparison.Ordinal);
        // A space at the end would not be seen.
        return Printable.Cap(text.Replace(" ", "␠", StringComparison.Ordinal), 300);
    }

    private static string Pair(string pair)
    {
        var equals = pair.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? pair : pair[..(equals + 1)] + "…";
    }
}

/// <summary>A parameter came twice.</summary>
public sealed record AuthorizeParameterTwice(ClientRef Client, string Name) : Refusal<AuthorizeParameterTwice>, IRefusal<AuthorizeParameterTwice>
{
    public static RefusalEntry Entry { get; } = new("oidc.parameter_twice", "A parameter of the request came twice",
        Public: "The application sent a parameter twice.", Fix: "Let the application send each parameter once (RFC 6749 section 3.1).", Wire: "invalid_request");
    public static AuthorizeParameterTwice Example => new(new("c1", "Grafana"), "scope");
    public override string Target => Client.Id;
    public override string Evidence => $"{Name} came more than once.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>state or nonce beyond what we echo or keep.</summary>
public sealed record AuthorizeParameterTooLong(ClientRef Client, string Name, int Length, int Limit) : Refusal<AuthorizeParameterTooLong>, IRefusal<AuthorizeParameterTooLong>
{
    public static RefusalEntry Entry { get; } = new("oidc.parameter_too_long", "A parameter of the request is too long",
        Public: "The application sent a parameter that is too long.", Fix: "Let the application keep its data and send a short key.", Wire: "invalid_request");
    public static AuthorizeParameterTooLong Example => new(new("c1", "Grafana"), "state", 9000, 8192);
    public override string Target => Client.Id;
    public override string Evidence => $"{Name} has {Length} characters; at most {Limit} are taken.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A request object by value.</summary>
public sealed record RequestObjectSent(ClientRef Client) : Refusal<RequestObjectSent>, IRefusal<RequestObjectSent>
{
    public static RefusalEntry Entry { get; } = new("oidc.request_object", "A request object was sent",
        Public: "Request objects are not supported here.", Fix: "Switch request objects (JAR) off in the application.", Wire: "request_not_supported");
    public static RequestObjectSent Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => "The parameter request was sent; it was not read.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A request object by reference.</summary>
public sealed record RequestUriSent(ClientRef Client) : Refusal<RequestUriSent>, IRefusal<RequestUriSent>
{
    public static RefusalEntry Entry { get; } = new("oidc.request_uri", "A request_uri was sent",
        Public: "Requests by reference are not supported here.", Fix: "Switch request objects (JAR, PAR) off in the application.", Wire: "request_uri_not_supported");
    public static RequestUriSent Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => "The parameter request_uri was sent; nothing was fetched.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>Another flow than code.</summary>
public sealed record ResponseTypeNotSupported(ClientRef Client, string Sent) : Refusal<ResponseTypeNotSupported>, IRefusal<ResponseTypeNotSupported>
{
    public static RefusalEntry Entry { get; } = new("oidc.response_type", "The response type is not code",
        Public: "The application asked for a flow that is not supported here.", Fix: "Set the application to the authorization code flow (response_type=code).", Wire: "unsupported_response_type");
    public static ResponseTypeNotSupported Example => new(new("c1", "Grafana"), "id_token token");
    public override string Target => Client.Id;
    public override string Evidence => Sent.Length == 0 ? "response_type is missing." : $"response_type is {Sent}; only code is supported.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A response mode we do not have.</summary>
public sealed record ResponseModeNotSupported(ClientRef Client, string Sent) : Refusal<ResponseModeNotSupported>, IRefusal<ResponseModeNotSupported>
{
    public static RefusalEntry Entry { get; } = new("oidc.response_mode", "The response mode is unknown",
        Public: "The application asked for an answer in a way that is not supported here.", Fix: "Use query, fragment or form_post.", Wire: "invalid_request");
    public static ResponseModeNotSupported Example => new(new("c1", "Grafana"), "web_message");
    public override string Target => Client.Id;
    public override string Evidence => $"response_mode is {Sent}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>No PKCE where it is required.</summary>
public sealed record PkceMissing(ClientRef Client) : Refusal<PkceMissing>, IRefusal<PkceMissing>
{
    public static RefusalEntry Entry { get; } = new("oidc.pkce_missing", "PKCE is required and was not used",
        Public: "This application must use PKCE and sent no code_challenge.",
        Fix: "Switch PKCE (S256) on in the application; only where it cannot, switch the requirement off on the client's page.", Wire: "invalid_request");
    public static PkceMissing Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} requires PKCE; code_challenge is missing.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>PKCE with plain or an unknown method.</summary>
public sealed record PkceMethodNotSupported(ClientRef Client, string Sent) : Refusal<PkceMethodNotSupported>, IRefusal<PkceMethodNotSupported>
{
    public static RefusalEntry Entry { get; } = new("oidc.pkce_method", "The PKCE method is not S256",
        Public: "PKCE is accepted with the method S256 only.", Fix: "Set code_challenge_method=S256 in the application; without it, plain is meant.", Wire: "invalid_request");
    public static PkceMethodNotSupported Example => new(new("c1", "Grafana"), "plain");
    public override string Target => Client.Id;
    public override string Evidence => Sent.Length == 0 ? "code_challenge_method is missing, which means plain." : $"code_challenge_method is {Sent}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A challenge that no SHA-256 has.</summary>
public sealed record PkceChallengeMalformed(ClientRef Client, int Length) : Refusal<PkceChallengeMalformed>, IRefusal<PkceChallengeMalformed>
{
    public static RefusalEntry Entry { get; } = new("oidc.pkce_challenge", "The PKCE challenge is malformed",
        Public: "The code_challenge is not the base64url form of a SHA-256 digest.", Fix: "The application must send BASE64URL(SHA256(verifier)), 43 characters without padding.", Wire: "invalid_request");
    public static PkceChallengeMalformed Example => new(new("c1", "Grafana"), 44);
    public override string Target => Client.Id;
    public override string Evidence => $"code_challenge has {Length} characters; 43 of the base64url alphabet are expected.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>No scope that we know.</summary>
public sealed record ScopeInvalid(ClientRef Client, int Words, bool WellFormed) : Refusal<ScopeInvalid>, IRefusal<ScopeInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.scope", "No usable scope",
        Public: "The application asked for no scope that exists here.", Fix: "Ask for openid, and as needed profile, email, groups, offline_access.", Wire: "invalid_scope");
    public static ScopeInvalid Example => new(new("c1", "Grafana"), 1, true);
    public override string Target => Client.Id;
    public override string Evidence => WellFormed ? $"None of the {Words} words of scope is known." : $"scope is malformed or has too many words ({Words}).";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>prompt with unknown words, or none beside others.</summary>
public sealed record PromptInvalid(ClientRef Client, string Sent) : Refusal<PromptInvalid>, IRefusal<PromptInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.prompt", "The prompt parameter is invalid",
        Public: "The application sent an invalid prompt parameter.", Fix: "Use none alone, or login, consent, select_account.", Wire: "invalid_request");
    public static PromptInvalid Example => new(new("c1", "Grafana"), "none login");
    public override string Target => Client.Id;
    public override string Evidence => $"prompt is {Sent}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>max_age that is no number of seconds.</summary>
public sealed record MaxAgeInvalid(ClientRef Client, int Length) : Refusal<MaxAgeInvalid>, IRefusal<MaxAgeInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.max_age", "max_age is no number of seconds",
        Public: "The application sent an invalid max_age.", Fix: "Send a whole number of seconds from 0 to 2147483647.", Wire: "invalid_request");
    public static MaxAgeInvalid Example => new(new("c1", "Grafana"), 2);
    public override string Target => Client.Id;
    public override string Evidence => $"max_age has {Length} characters and is no whole number of seconds.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A hint that is no ID token of ours for this client.</summary>
public sealed record IdTokenHintInvalid(ClientRef Client, int Length) : Refusal<IdTokenHintInvalid>, IRefusal<IdTokenHintInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.id_token_hint", "id_token_hint is no ID token of ours",
        Public: "The application sent an ID token that was not issued to it here.", Fix: "The application must send an ID token that this server issued to it.", Wire: "invalid_request");
    public static IdTokenHintInvalid Example => new(new("c1", "Grafana"), 900);
    public override string Target => Client.Id;
    public override string Evidence => $"id_token_hint ({Length} characters) is not signed by our keys for this client.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>prompt=none, and a page would be needed.</summary>
public sealed record LoginRequired(ClientRef Client, string Because) : Refusal<LoginRequired>, IRefusal<LoginRequired>
{
    public static RefusalEntry Entry { get; } = new("oidc.login_required", "Somebody must sign in",
        Public: "Nobody is signed in, and the application asked not to show a page.", Fix: "Usually nothing: the application signs the person in with a page next.", Wire: "login_required");
    public static LoginRequired Example => new(new("c1", "Grafana"), "nobody is signed in");
    public override string Target => Client.Id;
    public override string Evidence => $"prompt=none or id_token_hint, and {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The person pressed Cancel.</summary>
public sealed record SignInDeclined(ClientRef Client) : Refusal<SignInDeclined>, IRefusal<SignInDeclined>
{
    public static RefusalEntry Entry { get; } = new("oidc.sign_in_declined", "The person declined to sign in",
        Public: "The sign-in was cancelled.", Fix: "Nothing: the person pressed Cancel.", Wire: "access_denied");
    public static SignInDeclined Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => $"Cancel was pressed on the sign-in page for {Client.Name}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>The stored request behind a sign-in is gone.</summary>
public sealed record PendingRequestGone(string Fault) : Refusal<PendingRequestGone>, IRefusal<PendingRequestGone>
{
    public static RefusalEntry Entry { get; } = new("oidc.request_expired", "A waiting request is too old",
        Public: "This sign-in was left open too long. Please go back to the application and start again.",
        Fix: "Usually nothing: the person starts again from the application.");
    public static PendingRequestGone Example => new("Expired");
    public override string Evidence => $"The request that waited behind the sign-in page: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>The person said no on the consent page.</summary>
public sealed record ConsentDeclined(ClientRef Client) : Refusal<ConsentDeclined>, IRefusal<ConsentDeclined>
{
    public static RefusalEntry Entry { get; } = new("oidc.access_denied.consent", "The person did not agree",
        Public: "The person did not agree to share their data with this application.", Fix: "Nothing: the person pressed No. They may try again. For an application of your own, switch the question off on its page.",
        Wire: "access_denied", Causer: Causer.ProvenUser);
    public static ConsentDeclined Example => new(new ClientRef("c1", "Grafana"));
    public override string Target => Client.Id;
    public override string Evidence => $"No was pressed on the consent page of {Client.Name}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>prompt=none, and the person has not agreed to all that is asked.</summary>
public sealed record ConsentRequired(ClientRef Client, string Because) : Refusal<ConsentRequired>, IRefusal<ConsentRequired>
{
    public static RefusalEntry Entry { get; } = new("oidc.consent_required", "Somebody must agree first",
        Public: "The person has not agreed to this yet, and the application asked not to show a page.",
        Fix: "Usually nothing: the application asks with a page next. For an application of your own, switch the question off on its page.", Wire: "consent_required", Causer: Causer.ProvenUser);
    public static ConsentRequired Example => new(new("c1", "Grafana"), "not yet agreed to: groups");
    public override string Target => Client.Id;
    public override string Evidence => $"prompt=none for {Client.Name}, and {Because}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Client.Name}", $"/admin/clients/{Client.Id}")];
}

/// <summary>A claims parameter that cannot be read.</summary>
public sealed record ClaimsParameterInvalid(ClientRef Client, int Length) : Refusal<ClaimsParameterInvalid>, IRefusal<ClaimsParameterInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.claims_parameter", "The claims parameter cannot be read",
        Public: "The application sent an invalid claims parameter.", Fix: "Send a JSON object with userinfo and id_token as OpenID Connect Core section 5.5 has it.", Wire: "invalid_request");
    public static ClaimsParameterInvalid Example => new(new("c1", "Grafana"), 12);
    public override string Target => Client.Id;
    public override string Evidence => $"claims ({Length} characters) is no JSON object of that form, or too long.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}

/// <summary>An essential acr that was not reached (OpenID Connect Core Unmet Authentication Requirements 1.0).</summary>
/// <param name="Reached">The acr of the session, "" when none of the values exists here.</param>
public sealed record AcrNotMet(ClientRef Client, string Reached, string[] Wanted) : Refusal<AcrNotMet>, IRefusal<AcrNotMet>
{
    public static RefusalEntry Entry { get; } = new("oidc.acr_not_met", "The sign-in was not strong enough for the application",
        Public: "The application asks for a stronger sign-in than this one.", Fix: "Let the person sign in with a passkey, or let the application ask for one of phr, urn:gatehouse:acr:mfa, urn:gatehouse:acr:sfa.",
        Wire: "unmet_authentication_requirements", Causer: Causer.ProvenUser);
    public static AcrNotMet Example => new(new("c1", "Grafana"), "urn:gatehouse:acr:sfa", ["phr"]);
    public override string Target => Client.Id;
    public override string Evidence => $"{Client.Name} insists on {List(Wanted)}; {(Reached.Length == 0 ? "no such acr exists here" : $"the sign-in amounts to {Reached}")}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of clients", "/admin/clients")];
}
