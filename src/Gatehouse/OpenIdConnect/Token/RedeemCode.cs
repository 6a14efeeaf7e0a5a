using System.Security.Cryptography;
using System.Text;
using Gatehouse.Audit;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.SignIn;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>What an exchange gave: who, for which grant, with which scope, what the access token is for, and the refresh token if there is one.</summary>
internal sealed record Exchanged(AccessGranted Granted, Grant Grant, string Scope, Target Target, string? RefreshToken);

/// <summary>
/// grant_type=authorization_code (RFC 6749 section 4.1.3). The code is spent first; the spending stands when a later rule refuses,
/// and spending and effect commit together when none does.
/// </summary>
internal sealed class RedeemCode(Database database, OneTimeTokens tokens, RefreshTokens refresh, JudgeGrant judge, ResourceRules resources, AuditLog audit, TimeProvider clock)
{
    public async Task<Outcome<Exchanged>> Redeem(ProvenClient proven, StrictParameters form)
    {
        if (form["code"] is not { Length: > 0 } code) return new TokenRequestMalformed("code is missing");
        var registered = await resources.Registered();
        return await database.Write(async sql =>
        {
            var client = proven.Client;
            await ClientSecrets.Touch(sql, proven.Secret, clock.Now());
            var spent = await tokens.Spend(sql, TokenType.AuthorizationCode, code);
            if (spent.Token is null) return await Explain(sql, client, spent, code.Length);
            var payload = spent.Token.Read<CodePayload>();
            var outcome = await Judge(sql, registered, client, payload, form);
            // A code that was refused issues nothing any more, so its grant is over.
            if (!outcome.Passed(out _, out var refusal)) await GrantStore.Revoke(sql, payload.GrantId, refusal.Facts.Code, clock.Now());
            return outcome;
        });
    }

    private async Task<Outcome<Exchanged>> Judge(Sql sql, ApiRegistry.Registered registered, Client client, CodePayload payload, StrictParameters form)
    {
        if (payload.ClientId != client.Id) return new CodeOfAnotherClient(client.Ref, payload.ClientId);
        if (CheckRedirectUri(client, payload, form["redirect_uri"]) is { } other) return other;
        if (CheckVerifier(client, payload, form["code_verifier"]) is { } pkce) return pkce;
        if (await GrantStore.Load(sql, payload.GrantId) is not { } standing) return new GrantEnded(client.Ref, new("", "the user"), "it is gone");
        if (!judge.Judge(standing).Passed(out var granted, out var refusal)) return refusal;
        var grant = standing.Grant;
        await GrantStore.Redeemed(sql, grant.Id, clock.Now());
        if (!resources.ForPerson(registered, client, grant, grant.Scope, form, granted).Passed(out var target, out var closed)) return closed;
        if (!Scopes.Has(grant.Scope, Scopes.OfflineAccess) || !client.Allows(GrantType.Refresh)) return new Exchanged(granted, grant, grant.Scope, target, null);
        var salt = Secrets.NewToken();
        await GrantStore.BeginRefresh(sql, grant.Id, salt, clock.Now() + Math.Min(client.RefreshIdleSeconds, client.RefreshMaxSeconds) * 1000);
        return new Exchanged(granted, grant, grant.Scope, target, refresh.Make(grant.Id, 1, salt));
    }

    /// <summary>RFC 6749 section 4.1.3: identical to the one of the authorize request.</summary>
    private static CodeRedirectUriDiffers? CheckRedirectUri(Client client, CodePayload payload, string? sent) =>
        sent == payload.RedirectUri ? null
        : new CodeRedirectUriDiffers(client.Ref, sent?.Length ?? 0, string.Join(" and ", CompareCallbacks.Differences(sent ?? "", payload.RedirectUri).Select(CompareCallbacks.Word)));

    /// <summary>RFC 7636 section 4.6; a verifier without a challenge is refused too (RFC 9700 section 4.8.2).</summary>
    private static PkceVerifierRefused? CheckVerifier(Client client, CodePayload payload, string? verifier)
    {
        if (payload.Challenge is null) return verifier is null ? null : new(client.Ref, "it was sent, but the sign-in began without code_challenge");
        if (verifier is null) return new(client.Ref, "it is missing");
        if (verifier.Length is < 43 or > 128 || !verifier.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~'))
            return new(client.Ref, $"it has {verifier.Length} characters or one that is not allowed; 43 to 128 unreserved ones are");
        var digest = StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));
        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(digest), Encoding.ASCII.GetBytes(payload.Challenge)) ? null
            : new(client.Ref, "its SHA-256 is not the code_challenge of the sign-in");
    }

    private async Task<Refusal> Explain(Sql sql, Client client, Spent spent, int length)
    {
        if (spent.Stored is not { } token) return new CodeUnknown(client.Ref, length);
        var payload = token.Read<CodePayload>();
        if (spent.Fault == TokenFault.Expired) return new CodeExpired(client.Ref, (clock.Now() - token.ExpiresAt) / 1000);
        if (spent.Fault != TokenFault.Used) return new CodeUnknown(client.Ref, length);
        if (await GrantStore.Revoke(sql, payload.GrantId, "code reused", clock.Now()) == 1)
            await audit.Write(sql, new($"client:{client.Name}", ""), "client.code_reused", SaveClient.Target(client), after: "tokens of that sign-in revoked");
        return new CodeReused(client.Ref, payload.ClientId, (clock.Now() - token.UsedAt!.Value) / 1000);
    }
}
