namespace Gatehouse.OpenIdConnect;

/// <summary>The scopes we know (OpenID Connect Core 1.0 section 5.4). Others in a request are ignored, as its section 3.1.2.1 asks.</summary>
public static class Scopes
{
    public const string OpenId = "openid";
    public const string Profile = "profile";
    public const string Email = "email";
    public const string Groups = "groups";
    public const string OfflineAccess = "offline_access";

    public static readonly string[] Supported = [OpenId, Profile, Email, Groups, OfflineAccess];

    /// <summary>The words of a scope that we know, each once, in our order.</summary>
    public static string Known(string scope)
    {
        var asked = scope.Split(' ');
        return string.Join(' ', Supported.Where(s => asked.Contains(s, StringComparer.Ordinal)));
    }

    public static bool Has(string scope, string name) => scope.Split(' ').Contains(name, StringComparer.Ordinal);
}
