using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>
/// grant_type=refresh_token (RFC 6749 section 6, RFC 9700 section 4.14.2). One conditional UPDATE spends the token; a retry within ten seconds
/// gets the same successor once; anything later revokes the family.
/// </summary>
internal sealed class RotateRefreshToken(Database database, RefreshTokens refresh, JudgeGrant judge, AuditLog audit, TimeProvider clock)
{
    public async Task<Outcome<Exchanged>> Rotate(ProvenClient proven, StrictParameters form)
    {
        if (form["refresh_token"] is not { Length: > 0 } token) return new TokenRequestMalformed("refresh_token is missing");
        var client = proven.Client;
        if (!RefreshTokens.TryRead(token, out var grantId, out var generation)) return new RefreshTokenUnknown(client.Ref, token.Length);
        return await database.Write(async sql =>
        {
            await ClientSecrets.Touch(sql, proven.Secret, clock.Now());
            return await Rotate(sql, client, token, grantId, generation, form["scope"]);
        });
    }

    private async Task<Outcome<Exchanged>> Rotate(Sql sql, Client client, string token, string grantId, long generation, string? scope)
    {
        if (await GrantStore.Load(sql, grantId) is not { Grant.RefreshSalt: { } salt } standing || !refresh.IsOurs(token, grantId, generation, salt))
            return new RefreshTokenUnknown(client.Ref, token.Length);
        var grant = standing.Grant;
        if (grant.ClientId != client.Id) return new RefreshOfAnotherClient(client.Ref, grant.ClientId);
        if (!judge.Judge(standing).Passed(out var granted, out var refusal)) return refusal;
        var now = clock.Now();
        if (grant.RefreshExpiresAt is { } end && end <= now) return new RefreshExpired(client.Ref, end);
        var asked = scope is null ? grant.Scope : Scopes.Known(scope);
        if (scope is not null && (asked.Length == 0 || scope.Split(' ', StringSplitOptions.RemoveEmptyEntries).Any(s => !Scopes.Has(grant.Scope, s)))) return new RefreshScopeWider(client.Ref, grant.Scope);

        if (await GrantStore.Rotate(sql, grantId, generation, now, now + (long)RefreshTokens.Validity.TotalMilliseconds))
            return new Exchanged(granted, grant, asked, refresh.Make(grantId, generation + 1, salt));
        if (await GrantStore.Retry(sql, grantId, generation + 1, now - (long)RefreshTokens.RetryWindow.TotalMilliseconds))
        {
            await audit.Write(sql, new($"client:{client.Name}", ""), "client.refresh_retried", SaveClient.Target(client), after: $"token number {generation + 1} was handed out a second time");
            return new Exchanged(granted, grant, asked, refresh.Make(grantId, generation + 1, salt));
        }
        await GrantStore.Revoke(sql, grantId, "refresh token reused", now);
        await audit.Write(sql, new($"client:{client.Name}", ""), "client.refresh_reused", SaveClient.Target(client), after: "all tokens of that sign-in revoked");
        return new RefreshReused(client.Ref, granted.User.Ref, generation, grant.RefreshGeneration);
    }
}
