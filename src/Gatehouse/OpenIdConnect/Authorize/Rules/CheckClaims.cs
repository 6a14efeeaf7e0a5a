using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.Refusals;

namespace Gatehouse.OpenIdConnect.Authorize.Rules;

/// <summary>OpenID Connect Core section 5.5: the claims parameter. What we cannot give is left out, also when it is called essential.</summary>
internal static class CheckClaims
{
    private const int MaxLength = 8192;

    public static Refusal? Check(AuthorizeRequest request)
    {
        if (request.Parameters["claims"] is not { Length: > 0 } text) return null;
        if (text.Length > MaxLength || !RequestedClaims.TryParse(text, out var requested)) return new ClaimsParameterInvalid(request.Client.Ref, text.Length);
        request.Requested = requested;
        if (requested.Subject is { } subject)
        {
            if (request.ExpectedSubject is { } hinted && hinted != subject) return new LoginRequired(request.Client.Ref, "id_token_hint and the claims parameter name two different people");
            request.ExpectedSubject = subject;
        }
        // A better way of signing in can be asked for; the session must then be younger than the request.
        if (requested.EssentialAcr.Count > 0 && !requested.EssentialAcr.Any(v => Assurance.Supported.Contains(v)))
            return new AcrNotMet(request.Client.Ref, "", [.. requested.EssentialAcr.Take(5).Select(v => Web.Printable.Cap(v, 60))]);
        return null;
    }
}
