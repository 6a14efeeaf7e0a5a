using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Claims;

/// <summary>Where a mapped claim takes its value from: one of these words, or "custom:NAME", or "fixed:VALUE".</summary>
public static class ClaimSource
{
    public const string Name = "name";
    public const string GivenName = "given_name";
    public const string FamilyName = "family_name";
    public const string UserName = "user_name";
    public const string Email = "email";
    public const string Groups = "groups";

    /// <summary>Only the groups that the application is restricted to.</summary>
    public const string AllowedGroups = "allowed_groups";
    public const string Roles = "roles";

    /// <summary>The claim is left out, also where a scope would bring it.</summary>
    public const string Nothing = "nothing";
    public const string Custom = "custom:";
    public const string Fixed = "fixed:";

    public static readonly string[] Words = [Name, GivenName, FamilyName, UserName, Email, Groups, AllowedGroups, Roles, Nothing];
}

/// <summary>What a mapped claim is in JSON.</summary>
public static class ClaimShape
{
    /// <summary>One text; of several values the first.</summary>
    public const string Text = "text";

    /// <summary>Always a list, also with one value or none.</summary>
    public const string List = "list";
    public const string Number = "number";

    /// <summary>true or false; "true", "yes" and "1" count as true.</summary>
    public const string YesNo = "yes_no";

    public static readonly string[] All = [Text, List, Number, YesNo];
}

/// <summary>One line of a client's mapping: this claim from that source.</summary>
public sealed record ClaimRule
{
    public string Claim { get; init; } = "";
    public string Source { get; init; } = "";
    public string Shape { get; init; } = ClaimShape.Text;

    /// <summary>Also in access tokens, for APIs that read it there. ID token and userinfo have it always.</summary>
    public bool InAccessToken { get; init; }

    /// <summary>Names that say what a token is or how somebody signed in; a mapping could lie with them.</summary>
    public static readonly string[] Reserved =
    [
        "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "azp", "auth_time", "acr", "amr", "at_hash", "c_hash", "s_hash", "sid", "typ", "client_id", "scope", "gid",
        "cnf", "act", "may_act", "events", "email_verified", "updated_at", "permissions", "token_use",
    ];

    /// <summary>Null when it may be saved.</summary>
    public static Refusal? Fault(string claim, string source, string shape)
    {
        if (!Accounts.CustomClaims.ChangeCustomClaims.IsName(claim)) return new ClaimMappingInvalid("claim", "the claim's name has letters, digits and . _ - : / only, at most 64");
        if (Reserved.Contains(claim, StringComparer.Ordinal)) return new ClaimMappingInvalid("claim", $"{claim} says what a token is; it cannot be mapped");
        if (!ClaimShape.All.Contains(shape)) return new ClaimMappingInvalid("shape", "this shape does not exist");
        if (source.StartsWith(ClaimSource.Custom, StringComparison.Ordinal))
            return Accounts.CustomClaims.ChangeCustomClaims.IsName(source[ClaimSource.Custom.Length..]) ? null : new ClaimMappingInvalid("custom", "name the custom claim to take");
        if (source.StartsWith(ClaimSource.Fixed, StringComparison.Ordinal))
            return source.Length - ClaimSource.Fixed.Length is > 0 and <= 500 && !source.Any(char.IsControl) ? null : new ClaimMappingInvalid("custom", "type the value, at most 500 characters");
        return ClaimSource.Words.Contains(source) ? null : new ClaimMappingInvalid("source", "this source does not exist");
    }
}

/// <summary>Members of a group hold a role in one application.</summary>
public sealed record ClientRole(string Role, GroupRef Group);

/// <summary>A mapping or role that cannot be kept.</summary>
public sealed record ClaimMappingInvalid(string Field, string Fault) : Refusal<ClaimMappingInvalid>, IRefusal<ClaimMappingInvalid>
{
    public static RefusalEntry Entry { get; } = new("oidc.claim_mapping", "A claim mapping cannot be saved",
        Public: "This mapping cannot be saved.", Fix: "Name a claim that is the application's own, and a source that exists.",
        Audience: Audience.AfterProof, Causer: Causer.Operator);
    public static ClaimMappingInvalid Example => new("claim", "sub says what a token is; it cannot be mapped");
    public override string Evidence => $"Not saved: {Fault}.";
}
