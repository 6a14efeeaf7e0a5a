using Gatehouse.OpenIdConnect.Authorize.Rules;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Authorize;

/// <summary>
/// What an authorize request must pass, in this order (OpenID Connect Core 1.0 section 3.1.2.2). A refusal before the callback is matched
/// is shown on our own page; later ones go to the callback.
/// </summary>
internal sealed class AuthorizeRules(AccessRules access, IRefusalLog log)
{
    private IEnumerable<(string Step, Func<AuthorizeRequest, Refusal?> Rule)> List =>
    [
        ("client known", IdentifyClient.Check),
        ("callback URL registered", r => MatchRedirectUri.Check(r, log)),
        ("parameters sound", CheckParameters.Check),
        ("may sign people in", CheckGrantType.Check),
        ("no request object", CheckRequestObject.Check),
        ("response type", CheckResponseType.Check),
        ("response mode", CheckResponseMode.Check),
        ("PKCE", RequirePkce.Check),
        ("resource", CheckResource.Check),
        ("scopes", CheckScopes.Check),
        ("prompt", CheckPrompt.Check),
        ("max_age", CheckMaxAge.Check),
        ("ID token hint", CheckIdTokenHint.Check),
        ("claims parameter", CheckClaims.Check),
        ("signed in", RequireSignIn.Check),
        ("may use the application", r => PassTheGate.Check(r, access)),
        ("holds the API's scopes", NarrowApiScope.Check),
        ("consent", RequireConsent.Check),
    ];

    /// <summary>The first refusal, or null: then the request is granted, or somebody must sign in or agree first.</summary>
    public Refusal? Judge(AuthorizeRequest request, Visit visit)
    {
        foreach (var (step, rule) in List)
        {
            if (rule(request) is { } refusal) return refusal;
            if (request.MustSignIn || request.MustConsent) return null;
            visit.Passed(step);
        }
        return null;
    }
}
