using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>
/// grant_type=refresh_token (RFC 6749 section 6, RFC 9700 section 4.14.2). One conditional UPDATE spends the token; a retry within ten seconds
/// gets the same successor once; anything later revokes the family.
/// </summary>
internal sealed class RotateRefreshToken(Database database, RefreshTokens refresh, JudgeGrant judge, ResourceRules resources, AuditLog audit, TimeProvider clock)
{
    public async Task<Outcome<Exchanged>> Rotate(ProvenClient proven, StrictParameters form)
    {
        if (form["refresh_token"] is not { Length: > 0 } token) return new TokenRequestMalformed("refresh_token is missing");
        var client = proven.Client;
        if (!RefreshTokens.TryRead(token, out var grantId, out var generation)) return new RefreshTokenUnknown(client.Ref, token.Length);
        var registered = await resources.Registered();
        return await database.Write(async sql =>
        {
            await ClientSecrets.Touch(sql, proven.Secret, clock.Now());
            return await Rotate(sql, registered, proven, token, grantId, generation, form);
        });
    }

    private async Task<Outcome<Exchanged>> Rotate(Sql sql, ApiRegistry.Registered registered, ProvenClient proven, string token, string grantId, long generation, StrictParameters form)
    {
        var client = proven.Client;
        if (await GrantStore.Load(sql, grantId) is not { Grant.RefreshSalt: { } salt } standing || !refresh.IsOurs(token, grantId, generation, salt))
            return new RefreshTokenUnknown(client.Ref, token.Length);
        var grant = standing.Grant;
        if (grant.ClientId != client.Id) return new RefreshOfAnotherClient(client.Ref, grant.ClientId);
        if (!judge.Judge(standing).Passed(out var granted, out var refusal)) return refusal;
        var now = clock.Now();
        // Judged by the client's lifetimes of today, so that shortening them takes effect at once.
        var idle = (grant.RefreshRotatedAt ?? grant.CreatedAt) + client.RefreshIdleSeconds * 1000;
        var last = grant.CreatedAt + client.RefreshMaxSeconds * 1000;
        if (Math.Min(idle, last) <= now) return new RefreshExpired(client.Ref, Math.Min(idle, last), idle < last, idle < last ? client.RefreshIdleSeconds : client.RefreshMaxSeconds);
        var words = ResourceRules.Words(form["scope"]);
        var asked = form["scope"] is null ? grant.Scope : string.Join(' ', grant.Scope.Split(' ').Where(words.Contains));
        if (asked.Length == 0 || words.Any(w => !Scopes.Has(grant.Scope, w))) return new RefreshScopeWider(client.Ref, grant.Scope);
        if (!resources.ForPerson(registered, client, grant, asked, form, granted).Passed(out var target, out var closed)) return closed;

        if (await GrantStore.Rotate(sql, grantId, generation, proven.Credential, now, Math.Min(now + client.RefreshIdleSeconds * 1000, last)))
            return new Exchanged(granted, grant, asked, target, refresh.Make(grantId, generation + 1, salt));
        if (await GrantStore.Retry(sql, grantId, generation + 1, proven.Credential, now - (long)RefreshTokens.RetryWindow.TotalMilliseconds))
        {
            await audit.Write(sql, new($"client:{client.Name}", ""), "client.refresh_retried", SaveClient.Target(client), after: $"token number {generation + 1} was handed out a second time");
            return new Exchanged(granted, grant, asked, target, refresh.Make(grantId, generation + 1, salt));
        }
        await GrantStore.Revoke(sql, grantId, "refresh token reused", now);
        await audit.Write(sql, new($"client:{client.Name}", ""), "client.refresh_reused", SaveClient.Target(client), after: "all tokens of that sign-in revoked");
        return new RefreshReused(client.Ref, granted.User.Ref, generation, grant.RefreshGeneration, WhyNoRetry(grant, generation, proven, now));
    }

    private static string WhyNoRetry(Grant grant, long generation, ProvenClient proven, long now) =>
        grant.RefreshGeneration != generation + 1 ? "its successor is in use"
        : grant.RefreshRetried ? "it was repeated once already"
        : grant.RefreshCredential != proven.Credential ? "the repetition came with other credentials than the first time"
        : $"it was repeated {(now - grant.RefreshRotatedAt) / 1000} seconds after its use, and {RefreshTokens.RetryWindow.TotalSeconds:0} are allowed";
}
