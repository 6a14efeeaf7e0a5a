using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Token;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Introspection;

/// <summary>
/// RFC 7662: whether a token counts at this moment, told to the client that owns it and to the one that the API names. Everybody else, and every
/// token that does not count, gets the same <c>{"active":false}</c>.
/// </summary>
internal sealed class IntrospectionEndpoint(
    Database database, AuthenticateClient authenticate, AccessTokens accessTokens, RefreshTokens refreshTokens, JudgeGrant judge, ApiRegistry apis, SpentIds spent,
    Refuse refuse, IRefusalLog log, ServerConfiguration configuration, TimeProvider clock)
{
    private static readonly byte[] Inactive = "{\"active\":false}"u8.ToArray();

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost(Paths.Introspection, (HttpContext http, Visit visit, IntrospectionEndpoint endpoint) => endpoint.Post(http, visit)).ForProtocol();

    private async Task<IResult> Post(HttpContext http, Visit visit)
    {
        if (visit.Form.DuplicateName is { } twice) return Refused(new TokenRequestMalformed($"{Printable.Cap(twice, 40)} came twice"));
        if (!(await authenticate.Judge(http, visit.Form)).Passed(out var proven, out var unproven)) return Refused(unproven);
        if (proven.Client.IsPublic) return Refused(new IntrospectionNeedsProof(proven.Client.Ref));
        if (visit.Form["token"] is not { Length: > 0 } token) return Refused(new TokenRequestMalformed("token is missing"));
        var (access, _) = await accessTokens.Read(token);
        var answer = access is not null ? await Judge(proven.Client, access, visit) : await JudgeRefresh(proven.Client, token, visit);
        return Results.Bytes(answer ?? Inactive, "application/json");
    }

    private async Task<byte[]?> Judge(Client caller, AccessToken token, Visit visit)
    {
        var api = token.Audience == configuration.Origin ? null : (await apis.Get()).ByIdentifier(token.Audience);
        if (token.ClientId != caller.Id && !(api is not null && api.IntrospectorId == caller.Id)) return Foreign(caller, token.ClientId, api, visit);
        if (token.ExpiresAt <= clock.GetUtcNow().ToUnixTimeSeconds() || api is null && token.Audience != configuration.Origin || api is { Enabled: false }) return null;
        return token.GrantId is null ? await OfClient(caller, token) : await OfPerson(token, token.GrantId, api);
    }

    /// <summary>A token that a client got for itself: it counts while the client is on and the token was not revoked.</summary>
    private async Task<byte[]?> OfClient(Client caller, AccessToken token)
    {
        var (owner, revoked) = await database.Read(async sql => (
            caller.Id == token.ClientId ? caller : await ClientStore.Find(sql, token.ClientId),
            await spent.IsSpent(sql, SpentIds.RevokedToken, token.Id)));
        return revoked || owner is not { Enabled: true, DeletedAt: null } ? null : Answer(token, token.Scope, null);
    }

    /// <summary>A person's token: grant, session, account and client are looked at as they are now, and so is what the person holds.</summary>
    private async Task<byte[]?> OfPerson(AccessToken token, string grantId, Api? api)
    {
        var (standing, owner) = await database.Read(async sql => (await GrantStore.Load(sql, grantId), api is null ? null : await ClientStore.Find(sql, token.ClientId)));
        if (standing is null || standing.Grant.ClientId != token.ClientId || !judge.Judge(standing).Passed(out var granted, out _)) return null;
        var scope = api is null || owner is null ? token.Scope : ResourceRules.Held(owner, api, granted, ResourceRules.Words(token.Scope));
        return token.Scope.Length > 0 && scope.Length == 0 ? null : Answer(token, scope, granted.User.UserName);
    }

    private byte[] Answer(AccessToken token, string scope, string? userName) => IssueTokens.Json(json =>
    {
        json.WriteBoolean("active", true);
        if (scope.Length > 0) json.WriteString("scope", scope);
        json.WriteString("client_id", token.ClientId);
        if (userName is not null) json.WriteString("username", userName);
        json.WriteString("token_type", "Bearer");
        json.WriteNumber("exp", token.ExpiresAt);
        json.WriteNumber("iat", token.IssuedAt);
        json.WriteString("sub", token.Subject);
        json.WriteString("aud", token.Audience);
        json.WriteString("iss", configuration.Origin);
        json.WriteString("jti", token.Id);
    }).ToArray();

    private async Task<byte[]?> JudgeRefresh(Client caller, string token, Visit visit)
    {
        if (!RefreshTokens.TryRead(token, out var grantId, out var generation)) return null;
        var (standing, owner) = await database.Read(async sql => await GrantStore.Load(sql, grantId) is { } found ? (found, found.Grant.ClientId == caller.Id ? caller : null) : (null, null));
        if (standing?.Grant.RefreshSalt is not { } salt || !refreshTokens.IsOurs(token, grantId, generation, salt)) return null;
        if (owner is null) return Foreign(caller, standing.Grant.ClientId, null, visit);
        var grant = standing.Grant;
        var ends = RefreshTokens.EndsAt(grant, owner);
        if (grant.RefreshGeneration != generation || ends <= clock.Now() || !judge.Judge(standing).Passed(out var granted, out _)) return null;
        return IssueTokens.Json(json =>
        {
            json.WriteBoolean("active", true);
            json.WriteString("scope", grant.Scope);
            json.WriteString("client_id", grant.ClientId);
            json.WriteString("username", granted.User.UserName);
            json.WriteNumber("exp", ends / 1000);
            json.WriteString("sub", granted.User.Id);
            json.WriteString("iss", configuration.Origin);
        }).ToArray();
    }

    /// <summary>Recorded for the admin; the answer shows nothing of it, not even a reference.</summary>
    private byte[]? Foreign(Client caller, string owner, Api? api, Visit visit)
    {
        log.Record(new TokenOfAnotherClient(caller.Ref, owner, "introspection", api?.Ref), visit.Context);
        return null;
    }

    private ProtocolError Refused(Refusal refusal) => new(refuse, refusal, "Basic realm=\"gatehouse\"");
}
