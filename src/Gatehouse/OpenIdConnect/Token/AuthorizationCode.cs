using Gatehouse.Data;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>What a code carries; the rest stands in its grant.</summary>
internal sealed record CodePayload(string ClientId, string RedirectUri, string? Challenge, string GrantId);

/// <summary>Issues codes: grant and code in one write.</summary>
internal sealed class IssueCode(Database database, OneTimeTokens tokens, TimeProvider clock)
{
    /// <summary>RFC 6749 section 4.1.2 says ten minutes at most; applications need seconds.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromSeconds(60);

    public Task<string> Issue(AccessGranted granted, AuthorizeRequest request)
    {
        var session = granted.Session ?? throw new InvalidOperationException("a code needs a session");
        var grant = new Grant
        {
            Id = clock.NewId(),
            ClientId = request.Client.Id,
            UserId = granted.User.Id,
            SessionPublicId = session.PublicId,
            UserEpoch = granted.User.Epoch,
            Scope = request.Scope,
            AuthTime = session.AuthTime,
            Amr = Assurance.Methods(session.Factors),
            RequestedClaims = request.Requested.Stored,
            Nonce = request.Nonce,
            CreatedAt = clock.Now(),
            ApiId = request.Api?.Id,
        };
        return database.Write(async sql =>
        {
            await GrantStore.Insert(sql, grant);
            return await tokens.Issue(sql, TokenType.AuthorizationCode, request.Client.Id, new CodePayload(request.Client.Id, request.Callback!, request.Challenge, grant.Id), Validity, grant.UserEpoch);
        });
    }
}
