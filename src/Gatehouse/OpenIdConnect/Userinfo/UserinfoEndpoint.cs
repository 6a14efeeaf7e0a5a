using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Userinfo;

/// <summary>OpenID Connect Core section 5.3: claims about the person, by access token in the header, or in the body of a POST.</summary>
internal sealed class UserinfoEndpoint(
    Database database, AccessTokens tokens, JudgeGrant judge, ReadClaims claims, Refuse refuse, Cors cors, ServerConfiguration configuration, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapMethods(Paths.Userinfo, ["GET", "POST"], (HttpContext http, Visit visit, UserinfoEndpoint endpoint) => endpoint.Answer(http, visit)).ForProtocol();
        routes.MapMethods(Paths.Userinfo, ["OPTIONS"], (HttpContext http, Cors cors) => cors.Preflight(http, "GET, POST")).ForProtocol();
    }

    private async Task<IResult> Answer(HttpContext http, Visit visit)
    {
        await cors.Allow(http);
        var outcome = await Judge(http, visit);
        if (!outcome.Passed(out var allowed, out var refusal))
            return new ProtocolError(refuse, refusal, refusal is AccessTokenMissing ? "Bearer" : $"Bearer error=\"{refusal.Facts.Wire}\", error_description=\"{refusal.Facts.Public}\"");
        var person = await claims.Of(allowed.Granted, allowed.Client);
        return Results.Bytes(Body(allowed.Granted, person, allowed.Scope, allowed.Requested), "application/json");
    }

    /// <summary>The answer's JSON; the preview asks the same.</summary>
    internal static byte[] Body(AccessGranted granted, PersonClaims person, string scope, RequestedClaims requested) => IssueTokens.Json(json =>
    {
        json.WriteString("sub", granted.User.Id);
        foreach (var claim in person.Released(scope, requested.Userinfo)) claim.Write(json);
    }).ToArray();

    private sealed record Allowed(AccessGranted Granted, ClientAccess Client, string Scope, RequestedClaims Requested);

    private async Task<Outcome<Allowed>> Judge(HttpContext http, Visit visit)
    {
        var headers = http.Request.Headers.Authorization;
        var (inQuery, inBody) = (visit.Query is null || visit.Query.Has("access_token"), visit.Form.Has("access_token"));
        var places = headers.Count + (inQuery ? 1 : 0) + (inBody ? 1 : 0);
        if (places > 1) return new AccessTokenTwice(places);
        // A body is a form here and comes by POST only (RFC 6750 section 2.2); an address is kept in too many places.
        if (inQuery) return new AccessTokenInWrongPlace();
        if (!inBody && (headers.Count == 0 || !headers.ToString().StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))) return new AccessTokenMissing(headers.Count > 0);
        var sent = inBody ? visit.Form["access_token"]! : headers.ToString()[7..];

        var (token, fault) = await tokens.Read(sent);
        if (token is null) return new AccessTokenInvalid(fault);
        if (token.Audience != configuration.Origin) return new AccessTokenInvalid("it is for an API, not for us");
        if (token.GrantId is not { } grantId) return new AccessTokenInvalid("it is a client's own, and names no person");
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        if (token.ExpiresAt <= now) return new AccessTokenExpired(now - token.ExpiresAt);

        if (await database.Read(sql => GrantStore.Load(sql, grantId)) is not { } standing) return new AccessTokenInvalid("its grant is gone");
        visit.ClientId = standing.Grant.ClientId;
        visit.UserId = standing.User.Id;
        if (!judge.Judge(standing).Passed(out var granted, out var refusal))
            return refusal is GrantOfAccountOff off ? new AccessTokenOfAccountOff(off.Client, off.User, off.Evidence) : new AccessTokenRevoked(standing.Client.Client, refusal.Facts.Code, refusal.Evidence);
        return Scopes.Has(token.Scope, Scopes.OpenId) ? new Allowed(granted, standing.Client, token.Scope, RequestedClaims.OfStored(standing.Grant.RequestedClaims)) : new OpenIdScopeMissing(standing.Client.Client, token.Scope);
    }
}
