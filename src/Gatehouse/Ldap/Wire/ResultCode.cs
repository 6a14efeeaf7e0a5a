using System.Text.RegularExpressions;

namespace Gatehouse.Ldap.Wire;

/// <summary>Names of result codes (RFC 4511 section 4.1.9 and appendix A).</summary>
internal static class ResultCode
{
    public const int TimeLimitExceeded = 3;
    public const int SizeLimitExceeded = 4;
    public const int Referral = 10;
    public const int AdminLimitExceeded = 11;
    public const int NoSuchObject = 32;
    public const int InvalidDnSyntax = 34;
    public const int InvalidCredentials = 49;
    public const int InsufficientAccess = 50;
    public const int Busy = 51;
    public const int Unavailable = 52;

    private static readonly Dictionary<int, string> Names = new()
    {
        [0] = "success",
        [1] = "operationsError",
        [2] = "protocolError",
        [3] = "timeLimitExceeded",
        [4] = "sizeLimitExceeded",
        [7] = "authMethodNotSupported",
        [8] = "strongerAuthRequired",
        [10] = "referral",
        [11] = "adminLimitExceeded",
        [12] = "unavailableCriticalExtension",
        [13] = "confidentialityRequired",
        [16] = "noSuchAttribute",
        [17] = "undefinedAttributeType",
        [18] = "inappropriateMatching",
        [21] = "invalidAttributeSyntax",
        [32] = "noSuchObject",
        [34] = "invalidDNSyntax",
        [48] = "inappropriateAuthentication",
        [49] = "invalidCredentials",
        [50] = "insufficientAccessRights",
        [51] = "busy",
        [52] = "unavailable",
        [53] = "unwillingToPerform",
        [54] = "loopDetect",
        [80] = "other",
    };

    /// <summary>"49 invalidCredentials".</summary>
    public static string Say(int code) => Names.TryGetValue(code, out var name) ? $"{code} {name}" : $"{code}";
}

/// <summary>What Active Directory says behind result 49: "80090308: LdapErr: DSID-0C09042A, comment: AcceptSecurityContext error, data 52e, v3839".</summary>
internal static partial class AdSubCode
{
    private static readonly Dictionary<string, string> Meanings = new(StringComparer.Ordinal)
    {
        ["525"] = "there is no such user",
        ["52e"] = "the password is wrong",
        ["52f"] = "the account is restricted",
        ["530"] = "the account may not sign in at this time",
        ["531"] = "the account may not sign in from this machine",
        ["532"] = "the password has expired",
        ["533"] = "the account is disabled",
        ["534"] = "the account may not sign in this way",
        ["701"] = "the account has expired",
        ["773"] = "the password must be changed first",
        ["775"] = "the account is locked",
    };

    /// <summary>The code in lower case, or null when the message holds none.</summary>
    public static string? Of(string message) => Data().Match(message) is { Success: true } match ? match.Groups[1].Value.ToLowerInvariant() : null;

    /// <summary>In words, or null when it is none that is known.</summary>
    public static string? Meaning(string? code) => code is null ? null : Meanings.GetValueOrDefault(code);

    [GeneratedRegex(@"\bdata ([0-9a-fA-F]{1,8})\b")]
    private static partial Regex Data();
}
