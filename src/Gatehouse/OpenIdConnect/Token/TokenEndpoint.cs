using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>The token endpoint (RFC 6749 section 3.2): authenticate the client, exchange what it brings, answer in JSON.</summary>
internal sealed class TokenEndpoint(AuthenticateClient authenticate, RedeemCode redeem, RotateRefreshToken rotate, IssueTokens issue, Refuse refuse, Cors cors)
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
        if (form.DuplicateName is { } twice) return new TokenRequestMalformed($"{Printable.Cap(twice, 40)} came twice");
        if (!(await authenticate.Judge(http, form)).Passed(out var proven, out var unproven)) return unproven;
        visit.Passed("client authenticated");
        var exchange = form["grant_type"] switch
        {
            "authorization_code" => await redeem.Redeem(proven, form),
            "refresh_token" => await rotate.Rotate(proven, form),
            null or "" => new TokenRequestMalformed("grant_type is missing"),
            var other => new GrantTypeNotSupported(Printable.Cap(other, 60)),
        };
        if (!exchange.Passed(out var exchanged, out var refusal)) return refusal;
        return await issue.Answer(exchanged.Granted, proven.Client, exchanged.Grant, exchanged.Scope, exchanged.RefreshToken, withNonce: form["grant_type"] == "authorization_code");
    }
}
