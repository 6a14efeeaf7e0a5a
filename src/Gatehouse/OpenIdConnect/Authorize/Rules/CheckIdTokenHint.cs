using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 3.1.2.1: id_token_hint is an ID token of ours for this client, also when it has expired.</summary>
internal static class CheckIdTokenHint
{
    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Parameters["id_token_hint"] is not { Length: > 0 } sent) return null;
        if (request.Hint is not { } hint || !hint.Audiences.Contains(request.Client.Id)) return new IdTokenHintInvalid(request.Client.Ref, sent.Length);
        request.ExpectedSubject = hint.Subject;
        return null;
    }
}
