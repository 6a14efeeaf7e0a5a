using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.1, RFC 9700 section 2.1: redirect_uri is a registered one, character by character.</summary>
internal static class MatchRedirectUri
{
    public static Refusal? Check(AuthorizeRequest request, IRefusalLog log)
    {
        var client = request.Client;
        var given = request.Parameters.Values("redirect_uri");
        if (given is not [{ Length: > 0 } sent]) return new RedirectUriMissing(client.Ref, given.Count);
        if (!CompareCallbacks.Matches(client, sent)) return RedirectUriMismatch.Of(client, sent);
        log.Passed(RedirectUriMismatch.Entry.Code, client.Id);
        request.Callback = sent;
        return null;
    }
}
