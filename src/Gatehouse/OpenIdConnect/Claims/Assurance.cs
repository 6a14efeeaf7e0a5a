using Gatehouse.SignIn.Sessions;

namespace Gatehouse.OpenIdConnect.Claims;

/// <summary>
/// How somebody signed in, told truthfully: amr lists the methods that were used (RFC 8176), acr says what they amount to.
/// </summary>
public static class Assurance
{
    /// <summary>A passkey, or a password with a hardware key: bound to this site, so it cannot be phished (OpenID Connect EAP ACR Values 1.0). Always two kinds of factor.</summary>
    public const string PhishingResistant = "phr";

    /// <summary>Something known and something held, but not phishing-resistant.</summary>
    public const string MultiFactor = "urn:gatehouse:acr:mfa";

    /// <summary>One factor: a password, or a link by mail.</summary>
    public const string SingleFactor = "urn:gatehouse:acr:sfa";

    /// <summary>Best first.</summary>
    public static readonly string[] Supported = [PhishingResistant, MultiFactor, SingleFactor];

    /// <summary>The methods of a session, each once, with "mfa" where two different kinds of factor were given.</summary>
    public static string Methods(IEnumerable<Factor> factors)
    {
        var given = factors.ToList();
        var methods = given.Select(f => f.Method).Distinct(StringComparer.Ordinal).ToList();
        // A passkey is held and unlocked: two kinds in one. A key that was only touched is held, and no more.
        if (given.Any(f => IsKey(f.Method) && !f.TouchOnly) || IsMultiFactor(methods)) methods.Add("mfa");
        return string.Join(' ', methods.Distinct(StringComparer.Ordinal));
    }

    /// <param name="amr">Methods separated by spaces, as grants keep them.</param>
    public static string Acr(string amr)
    {
        var methods = amr.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return !IsMultiFactor(methods) ? SingleFactor : methods.Any(IsKey) ? PhishingResistant : MultiFactor;
    }

    private static bool IsMultiFactor(IReadOnlyCollection<string> methods) =>
        methods.Contains("mfa") || methods.Any(IsKnown) && methods.Any(m => !IsKnown(m));

    private static bool IsKey(string method) => method is "hwk" or "swk";

    private static bool IsKnown(string method) => method is "pwd" or "pin" or "kba";
}
