using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Introspection;

/// <summary>
/// RFC 7009: a client gives back a token. A person's token ends its whole grant, refresh token included; a client's own leaves its id until it would have
/// expired. Unknown tokens and those of others are answered like good ones.
/// </summary>
internal sealed class RevocationEndpoint(
    Database database, AuthenticateClient authenticate, AccessTokens accessTokens, RefreshTokens refreshTokens, ApiRegistry apis, SpentIds spent, AuditLog audit,
    Refuse refuse, IRefusalLog log, Cors cors, TimeProvider clock)
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost(Paths.Revocation, (HttpContext http, Visit visit, RevocationEndpoint endpoint) => endpoint.Post(http, visit)).ForProtocol();
        routes.MapMethods(Paths.Revocation, ["OPTIONS"], (HttpContext http, Cors cors) => cors.Preflight(http, "POST")).ForProtocol();
    }

    private async Task<IResult> Post(HttpContext http, Visit visit)
    {
        await cors.Allow(http);
        if (visit.Form.DuplicateName is { } twice) return Refused(new TokenRequestMalformed($"{Printable.Cap(twice, 40)} came twice"));
        if (!(await authenticate.Judge(http, visit.Form)).Passed(out var proven, out var unproven)) return Refused(unproven);
        if (visit.Form["token"] is not { Length: > 0 } token) return Refused(new TokenRequestMalformed("token is missing"));
        var client = proven.Client;
        if ((await accessTokens.Read(token)).Token is { } access)
        {
            if (access.ClientId != client.Id) await Foreign(client, access.ClientId, access.Audience, visit);
            else if (access.GrantId is { } grantId) await EndGrant(client, grantId, "its access token was revoked", visit);
            else if (access.ExpiresAt * 1000 > clock.Now()) await database.Write(sql => spent.Spend(sql, SpentIds.RevokedToken, access.Id, access.ExpiresAt * 1000));
        }
        else if (RefreshTokens.TryRead(token, out var grantId, out var generation)
            && await database.Read(sql => GrantStore.Load(sql, grantId)) is { Grant: { RefreshSalt: { } salt } grant } && refreshTokens.IsOurs(token, grantId, generation, salt))
        {
            if (grant.ClientId != client.Id) await Foreign(client, grant.ClientId, null, visit);
            // Any token of the family will do: whoever gives one back wants none of them to work.
            else await EndGrant(client, grantId, "its refresh token was revoked", visit);
        }
        return Results.Bytes(Array.Empty<byte>());
    }

    private Task EndGrant(Client client, string grantId, string because, Visit visit) => database.Write(async sql =>
    {
        if (await GrantStore.Revoke(sql, grantId, because, clock.Now()) == 1)
            await audit.Write(sql, new($"client:{client.Name}", visit.Address.ToString()), "client.token_revoked", SaveClient.Target(client), after: "all tokens of that sign-in revoked");
    });

    private async Task Foreign(Client caller, string owner, string? audience, Visit visit) =>
        log.Record(new TokenOfAnotherClient(caller.Ref, owner, "revocation", audience is null ? null : (await apis.Get()).ByIdentifier(audience)?.Ref), visit.Context);

    private ProtocolError Refused(Refusal refusal) => new(refuse, refusal, "Basic realm=\"gatehouse\"");
}
