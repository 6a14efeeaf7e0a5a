using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Apis;

/// <summary>An API without a usable name.</summary>
public sealed record ApiNameInvalid(int Length) : Refusal<ApiNameInvalid>, IRefusal<ApiNameInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_name", "An API needs a name", Public: "Give the API a name of at most 80 characters.",
        Fix: "Type a name.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiNameInvalid Example => new(0);
    public override string Evidence => $"The name has {Length} characters.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of APIs", "/admin/apis")];
}

/// <summary>An identifier that is no absolute URI, is ours, or is taken.</summary>
public sealed record ApiIdentifierInvalid(string Fault) : Refusal<ApiIdentifierInvalid>, IRefusal<ApiIdentifierInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_identifier", "The identifier of an API cannot be saved",
        Public: "The identifier is an absolute address without #, such as https://api.example.com, and no other API has it.",
        Fix: "Use the address of the API; nothing is fetched from it (RFC 8707 section 2).", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiIdentifierInvalid Example => new("it has no scheme");
    public override string Evidence => $"Not saved: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of APIs", "/admin/apis")];
}

/// <summary>Scopes that cannot be told apart or written in a request.</summary>
public sealed record ApiScopesInvalid(string Fault) : Refusal<ApiScopesInvalid>, IRefusal<ApiScopesInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_scopes", "The scopes of an API cannot be saved",
        Public: "Write one scope on each line, such as orders:read, and after a space what it lets somebody do. Names like openid are taken.",
        Fix: "Use letters, digits and . : / _ - in the names, each once, at most 100.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiScopesInvalid Example => new("openid is a scope of ours");
    public override string Evidence => $"Not saved: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of APIs", "/admin/apis")];
}

/// <summary>A token format, algorithm, lifetime or introspecting client that cannot be.</summary>
public sealed record ApiSettingsInvalid(string Fault) : Refusal<ApiSettingsInvalid>, IRefusal<ApiSettingsInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_settings", "Settings of an API cannot be saved",
        Public: "Access tokens live from 1 to 60 minutes and are JWTs or opaque; whoever introspects is a confidential application.",
        Fix: "Choose other values.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiSettingsInvalid Example => new("a lifetime of 7200 seconds");
    public override string Evidence => $"Not saved: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of APIs", "/admin/apis")];
}

/// <summary>Somebody else saved the API first.</summary>
public sealed record ApiChangedMeanwhile(ApiRef Api, long Expected, long Found) : Refusal<ApiChangedMeanwhile>, IRefusal<ApiChangedMeanwhile>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_changed", "An API was changed by somebody else meanwhile",
        Public: "Somebody else changed this API while you were editing. Nothing was saved. Look at it again, then save.",
        Fix: "Open the page anew and make the change again.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiChangedMeanwhile Example => new(new("a1", "Orders"), 3, 4);
    public override string Target => Api.Id;
    public override string Evidence => $"The form was made from version {Expected} of {Api.Name}; it is at {Found}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Api.Name}", $"/admin/apis/{Api.Id}")];
}

/// <summary>The name typed to confirm a deletion is another one.</summary>
public sealed record ApiNotConfirmed(ApiRef Api, int TypedLength) : Refusal<ApiNotConfirmed>, IRefusal<ApiNotConfirmed>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_confirmation", "The deletion of an API was not confirmed",
        Public: "To delete it, type the API's name exactly. Nothing was deleted.", Fix: "Type the name as shown.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiNotConfirmed Example => new(new("a1", "Orders"), 6);
    public override string Target => Api.Id;
    public override string Evidence => $"What was typed ({TypedLength} characters) is not {Api.Name}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage($"Open {Api.Name}", $"/admin/apis/{Api.Id}")];
}

/// <summary>A client, group, role or scope that is not there.</summary>
public sealed record ApiGrantInvalid(string Fault) : Refusal<ApiGrantInvalid>, IRefusal<ApiGrantInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.api_grant", "A scope cannot be granted",
        Public: "Choose a scope of this API and an application, group or role that exists.", Fix: "Look at the lists of scopes, applications and groups.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ApiGrantInvalid Example => new("there is no such group");
    public override string Evidence => $"Nothing was granted: {Fault}.";
    public override IEnumerable<Remedy> Remedies => [new OpenPage("Open the list of APIs", "/admin/apis")];
}
