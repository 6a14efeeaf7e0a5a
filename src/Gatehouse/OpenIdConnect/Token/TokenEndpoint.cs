using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>The token endpoint (RFC 6749 section 3.2): authenticate the client, exchange what it brings, answer in JSON.</summary>
internal sealed class TokenEndpoint(AuthenticateClient authenticate, RedeemCode redeem, RotateRefreshToken rotate, ClientCredentials asItself, IssueTokens issue, Refuse refuse, Cors cors)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Paths.Token, (HttpContext http, Visit visit, TokenEndpoint endpoint) => endpoint.Post(http, visit)).ForProtocol();
        routes.MapMethods(Paths.Token, ["OPTIONS"], (HttpContext http, Cors cors) => cors.Preflight(http, "POST")).ForProtocol();
    }

    private async Task<IResult> Post(HttpContext http, Visit visit)
    {
        await cors.Allow(http);
        http.Response.Headers.Pragma = "no-cache";
        var outcome = await Exchange(http, visit.Form);
        return outcome.Passed(out var answer, out var refusal) ? Results.Bytes(answer, "application/json") : new ProtocolError(refuse, refusal, "Basic realm=\"gatehouse\"");
    }

    private async Task<Outcome<byte[]>> Exchange(HttpContext http, StrictParameters form)
    {
        var visit = http.RequestServices.GetRequiredService<Visit>();
        if (form.DuplicateBut("resource") is { } twice) return new TokenRequestMalformed($"{Printable.Cap(twice, 40)} came twice");
        if (!(await authenticate.Judge(http, form)).Passed(out var proven, out var unproven)) return unproven;
        visit.Passed("client authenticated");
        if (form["grant_type"] is not { Length: > 0 } grantType) return new TokenRequestMalformed("grant_type is missing");
        if (!GrantType.All.Contains(grantType)) return new GrantTypeNotSupported(Printable.Cap(grantType, 60));
        if (!proven.Client.Allows(grantType)) return new GrantTypeNotAllowed(proven.Client.Ref, grantType, proven.Client.GrantTypes);
        if (grantType == GrantType.ClientCredentials)
            return (await asItself.Judge(proven, form)).Passed(out var target, out var denied) ? await issue.Answer(proven, target) : denied;
        var exchange = grantType == GrantType.Code ? await redeem.Redeem(proven, form) : await rotate.Rotate(proven, form);
        return exchange.Passed(out var exchanged, out var refusal) ? await issue.Answer(exchanged, proven.Client, withNonce: grantType == GrantType.Code) : refusal;
    }
}
