using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Keys;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>An ID token that an application hands back to say whom it means; it may have expired.</summary>
public sealed record IdTokenHint(string Subject, IReadOnlyList<string> Audiences)
{
    /// <summary>Null unless it is signed by a key of ours that still counts and names us as issuer.</summary>
    public static IdTokenHint? Read(KeyRing keys, string issuer, string token) =>
        Jwt.Verify(token, keys.Find, TokenKind.Id) is { } claims
        && StrictJson.TryString(claims, "iss", out var iss) && iss == issuer
        && StrictJson.TryString(claims, "sub", out var sub)
        && StrictJson.TryStringOrStrings(claims, "aud", out var audiences)
            ? new(sub, audiences) : null;
}

/// <summary>The typ header of our tokens: one kind is never taken for another (RFC 8725 section 3.11).</summary>
public static class TokenKind
{
    public const string Id = "JWT";
    public const string Access = "at+jwt";

    /// <summary>OpenID Connect Back-Channel Logout 1.0 section 2.4.</summary>
    public const string Logout = "logout+jwt";
}
