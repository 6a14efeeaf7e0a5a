using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Clients;

/// <summary>A name is missing or too long.</summary>
public sealed record ClientNameInvalid(int Length) : Refusal<ClientNameInvalid>, IRefusal<ClientNameInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_name", "A client needs a name", Public: "Give the application a name of at most 80 characters.",
        Fix: "Type a name.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientNameInvalid Example => new(0);
    public override string Evidence => $"The name has {Length} characters.";
}

/// <summary>No callback URL was given.</summary>
public sealed record CallbackMissing : Refusal<CallbackMissing>, IRefusal<CallbackMissing>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_missing", "A client needs a callback URL", Public: "Give at least one callback URL, and at most 50.",
        Fix: "Copy the callback URL (redirect URI) from the application's documentation.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackMissing Example => new();
    public override string Evidence => "No callback URL was given, or too many.";
}

/// <summary>A URL that is no absolute URL.</summary>
public sealed record CallbackMalformed(string Fault) : Refusal<CallbackMalformed>, IRefusal<CallbackMalformed>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_malformed", "A registered address is malformed",
        Public: "This is not a complete address. It begins with https:// and a host in small letters.",
        Fix: "Copy the address from the application's documentation.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackMalformed Example => new("it has no scheme");
    public override string Evidence => $"The address cannot be registered: {Fault}.";
}

/// <summary>White space or characters that no URL has.</summary>
public sealed record CallbackCharacters(int Position, string Character) : Refusal<CallbackCharacters>, IRefusal<CallbackCharacters>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_characters", "A registered address has characters that no URL has",
        Public: "The address has a space, a control character or another character that no address has.",
        Fix: "Remove it, or write it percent-encoded.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackCharacters Example => new(19, "U+0020");
    public override string Evidence => $"Character {Position + 1} is {Character}.";
}

/// <summary>A scheme that browsers execute, or in capital letters.</summary>
public sealed record CallbackScheme(string Scheme) : Refusal<CallbackScheme>, IRefusal<CallbackScheme>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_scheme", "A registered address has a scheme that is not allowed",
        Public: "Addresses that begin like this are not allowed. Use https://, or the application's own scheme in small letters.",
        Fix: "Use https, http on this machine, or a private-use scheme (RFC 8252 section 7.1).", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackScheme Example => new("javascript");
    public override string Evidence => $"The scheme is {Scheme}.";
}

/// <summary>http to another machine.</summary>
public sealed record CallbackInsecure(string Host) : Refusal<CallbackInsecure>, IRefusal<CallbackInsecure>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_insecure", "A registered address is unencrypted",
        Public: "Addresses with http:// are allowed for localhost, 127.0.0.1 and [::1] only. Use https://.",
        Fix: "Serve the application over https.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackInsecure Example => new("app.example.com");
    public override string Evidence => $"http to {Host} would carry the code in the clear.";
}

/// <summary>A fragment.</summary>
public sealed record CallbackFragment : Refusal<CallbackFragment>, IRefusal<CallbackFragment>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_fragment", "A registered address has a fragment",
        Public: "Remove the # and what follows it.", Fix: "RFC 6749 section 3.1.2 forbids fragments.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackFragment Example => new();
    public override string Evidence => "The address has a fragment (RFC 6749 section 3.1.2).";
}

/// <summary>User name or password before the host.</summary>
public sealed record CallbackUserInfo : Refusal<CallbackUserInfo>, IRefusal<CallbackUserInfo>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_user_info", "A registered address has user-info",
        Public: "Remove everything before the @.", Fix: "Register the address without user name and password.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackUserInfo Example => new();
    public override string Evidence => "There is an @ before the host.";
}

/// <summary>A star.</summary>
public sealed record CallbackWildcard : Refusal<CallbackWildcard>, IRefusal<CallbackWildcard>
{
    public static RefusalEntry Entry { get; } = new("oidc.callback_wildcard", "A registered address has a wildcard",
        Public: "Wildcards are not allowed: callback URLs are compared character by character. Add each address.",
        Fix: "Register each address.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static CallbackWildcard Example => new();
    public override string Evidence => "The address has a *.";
}

/// <summary>A back-channel logout URL that cannot be called.</summary>
public sealed record BackchannelAddressInvalid(string Fault) : Refusal<BackchannelAddressInvalid>, IRefusal<BackchannelAddressInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.backchannel_address", "A back-channel logout URL cannot be called",
        Public: "This is not an address that can be called. It begins with https:// and has neither user name nor #.",
        Fix: "Copy the back-channel logout URL from the application's documentation.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static BackchannelAddressInvalid Example => new("it has a fragment");
    public override string Evidence => $"The address cannot be registered: {Fault}.";
}

/// <summary>Settings of a client that do not go together.</summary>
public sealed record ClientSettingsConflict(string Fault) : Refusal<ClientSettingsConflict>, IRefusal<ClientSettingsConflict>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_settings", "Settings of a client do not go together",
        Public: "These settings do not go together. A public application has no secret and always uses PKCE.",
        Fix: "Choose a confidential client, or leave PKCE on and the authentication method at none.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientSettingsConflict Example => new("a public client without PKCE");
    public override string Evidence => $"Not possible: {Fault}.";
}

/// <summary>Restricted to no group, or to one that is gone.</summary>
public sealed record ClientGroupsInvalid(string Fault) : Refusal<ClientGroupsInvalid>, IRefusal<ClientGroupsInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_groups", "The groups of a client cannot be saved",
        Public: "Choose at least one group, or let every active user in.",
        Fix: "Choose groups that exist.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientGroupsInvalid Example => new("no group chosen");
    public override string Evidence => $"Not saved: {Fault}.";
}

/// <summary>Somebody else saved the client first.</summary>
public sealed record ClientChangedMeanwhile(ClientRef Client, long Expected, long Found) : Refusal<ClientChangedMeanwhile>, IRefusal<ClientChangedMeanwhile>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_changed", "A client was changed by somebody else meanwhile",
        Public: "Somebody else changed this application while you were editing. Nothing was saved. Compare, then save again.",
        Fix: "Look at both versions and save again.", Status: 409, Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientChangedMeanwhile Example => new(new("c1", "Grafana"), 3, 4);
    public override string Target => Client.Id;
    public override string Evidence => $"The form was made from version {Expected} of {Client.Name}; it is at {Found}.";
}

/// <summary>The name typed to confirm a deletion is another one.</summary>
public sealed record ConfirmationDiffers(ClientRef Client, int TypedLength) : Refusal<ConfirmationDiffers>, IRefusal<ConfirmationDiffers>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_confirmation", "A deletion was not confirmed",
        Public: "To delete it, type the application's name exactly. Nothing was deleted.",
        Fix: "Type the name as shown.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ConfirmationDiffers Example => new(new("c1", "Grafana"), 6);
    public override string Evidence => $"What was typed ({TypedLength} characters) is not {Client.Name}.";
}

/// <summary>Grant types that do not go together.</summary>
public sealed record ClientGrantTypesInvalid(string Fault) : Refusal<ClientGrantTypesInvalid>, IRefusal<ClientGrantTypesInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_grant_types", "The grant types of a client cannot be saved",
        Public: "Choose what the application does: sign people in, act as itself, or both. Acting as itself needs a secret or a key.",
        Fix: "authorization_code with or without refresh_token for people; client_credentials for a service account.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientGrantTypesInvalid Example => new("a public client cannot prove that it is itself");
    public override string Evidence => $"Not saved: {Fault}.";
}

/// <summary>Public keys of a client that cannot be used.</summary>
public sealed record ClientKeysInvalid(string Fault) : Refusal<ClientKeysInvalid>, IRefusal<ClientKeysInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_keys", "The public keys of a client cannot be saved",
        Public: "Give the application's public keys as a JWK set, or its https address. Private keys stay with the application.",
        Fix: "Copy the JWK set with the public halves only (ES256, ES384, RS256, PS256 or EdDSA).", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientKeysInvalid Example => new("a key carries its private half");
    public override string Evidence => $"Not saved: {Fault}.";
}

/// <summary>Lifetimes beyond reason.</summary>
public sealed record ClientLifetimesInvalid(long IdleSeconds, long MaxSeconds) : Refusal<ClientLifetimesInvalid>, IRefusal<ClientLifetimesInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_lifetimes", "The lifetimes of refresh tokens cannot be saved",
        Public: "Unused refresh tokens may live from 5 minutes to 400 days, and a sign-in at least as long as that and at most 10 years.",
        Fix: "Choose an idle time of at most 400 days, and an absolute one that is not shorter.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientLifetimesInvalid Example => new(86_400, 3_600);
    public override string Evidence => $"Idle {IdleSeconds} seconds, absolute {MaxSeconds} seconds.";
}

/// <summary>A limit for the age of sign-ins beyond reason.</summary>
public sealed record ClientSessionLimitInvalid(long Seconds) : Refusal<ClientSessionLimitInvalid>, IRefusal<ClientSessionLimitInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.client_session_limit", "A limit for sign-ins cannot be saved",
        Public: "Type a time from 1 minute to 400 days, or leave the field empty for no limit.",
        Fix: "Choose a time from 1 minute to 400 days, or none.", Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClientSessionLimitInvalid Example => new(5);
    public override string Evidence => Seconds < 0 ? "The time cannot be read." : $"{Seconds} seconds.";
}
