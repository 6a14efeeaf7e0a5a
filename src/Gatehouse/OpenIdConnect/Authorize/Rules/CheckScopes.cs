using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>
/// RFC 6749 section 3.3, OpenID Connect Core section 3.1.2.1: unknown scopes are ignored; one that we know must be there.
/// Without openid it is plain OAuth: an access token and no ID token.
/// </summary>
internal static class CheckScopes
{
    private const int MaxWords = 100;

    public static Refusal? Check(AuthorizeRequest request)
    {
        var scope = request.Parameters["scope"] ?? "";
        var words = scope.Split(' ').Length;
        var sound = words <= MaxWords && scope.All(c => c is ' ' or '!' or (>= '#' and <= '[') or (>= ']' and <= '~'));
        request.Scope = sound ? Scopes.Known(scope) : "";
        return request.Scope.Length > 0 || sound && request.ApiScope.Length > 0 ? null : new ScopeInvalid(request.Client.Ref, words, sound);
    }
}
