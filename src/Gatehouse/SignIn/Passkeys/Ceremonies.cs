using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Gatehouse.Accounts.Users;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.Web;

namespace Gatehouse.SignIn.Passkeys;

/// <summary>What a ceremony was begun for; stored with its challenge.</summary>
/// <param name="Purpose">"sign-in", "step-up", "register" or "setup"; "second-key", "step-up-key" or "register-key" for hardware keys. One is never taken for another.</param>
/// <param name="ExpectedUserId">The only user whose credential will do; null when any may come; "" when the typed name is nobody's.</param>
/// <param name="SessionPublicId">The session it belongs to; null before sign-in.</param>
/// <param name="Detail">The purpose's own data.</param>
public sealed record CeremonyPurpose(string Purpose, string? ExpectedUserId, string? SessionPublicId, string? Detail = null);

/// <summary>Begins WebAuthn ceremonies: the challenge is a one-time token, bound to the browser.</summary>
public sealed class Ceremonies(ServerConfiguration configuration, Secrets secrets, OneTimeTokens tokens)
{
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(20);
    private readonly byte[] handleKey = secrets.Derive("user-handle");
    private readonly byte[] decoyKey = secrets.Derive("decoy-credentials");

    public RelyingParty RelyingParty { get; } = new(configuration.RelyingPartyId, configuration.Origin, "Gatehouse");

    /// <summary>The user's handle: stable, and says nothing about the person (WebAuthn section 14.6.1).</summary>
    public byte[] HandleOf(string userId) => HMACSHA256.HashData(handleKey, Encoding.UTF8.GetBytes(userId));

    /// <summary>The handle under which hardware keys know a user. Another one than that of passkeys: a device that keeps both would otherwise put one in the place of the other.</summary>
    public byte[] KeyHandleOf(string userId) => HMACSHA256.HashData(handleKey, Encoding.UTF8.GetBytes("hardware-key/" + userId));

    public async Task<JsonObject> BeginAssertion(Sql sql, CeremonyPurpose purpose, Visit visit, IEnumerable<CredentialRef> allow)
    {
        var challenge = await tokens.Issue(sql, TokenType.AssertionChallenge, purpose.ExpectedUserId ?? "", purpose, Validity, boundTo: visit.BrowserId, stranger: visit.Stranger);
        return AssertionOptions.Build(RelyingParty, Decode(challenge), allow, Validity);
    }

    public async Task<JsonObject> BeginRegistration(Sql sql, CeremonyPurpose purpose, Visit visit, string userId, string userName, string displayName, IEnumerable<CredentialRef> exclude)
    {
        var challenge = await tokens.Issue(sql, TokenType.RegistrationChallenge, userId, purpose, Validity, boundTo: visit.BrowserId, stranger: visit.Stranger);
        return RegistrationOptions.Build(RelyingParty, Decode(challenge), HandleOf(userId), userName, displayName, exclude, AttestationPolicy.None, Validity);
    }

    /// <summary>As <see cref="BeginAssertion"/>, for hardware keys: a touch is enough.</summary>
    public async Task<JsonObject> BeginKeyAssertion(Sql sql, CeremonyPurpose purpose, Visit visit, IEnumerable<CredentialRef> allow)
    {
        var challenge = await tokens.Issue(sql, TokenType.AssertionChallenge, purpose.ExpectedUserId ?? "", purpose, Validity, boundTo: visit.BrowserId, stranger: visit.Stranger);
        return AssertionOptions.ForKey(RelyingParty, Decode(challenge), allow, Validity);
    }

    /// <summary>As <see cref="BeginRegistration"/>, for hardware keys: nothing is kept on the key, and a touch is enough.</summary>
    public async Task<JsonObject> BeginKeyRegistration(Sql sql, CeremonyPurpose purpose, Visit visit, string userId, string userName, string displayName, IEnumerable<CredentialRef> exclude)
    {
        var challenge = await tokens.Issue(sql, TokenType.RegistrationChallenge, userId, purpose, Validity, boundTo: visit.BrowserId, stranger: visit.Stranger);
        return RegistrationOptions.ForKey(RelyingParty, Decode(challenge), KeyHandleOf(userId), userName, displayName, exclude, Validity);
    }

    /// <summary>Spends the challenge; null when it is unknown, used, expired or another browser's.</summary>
    public async Task<CeremonyPurpose?> Spend(Sql sql, string type, string challenge, string browserId)
    {
        var spent = await tokens.Spend(sql, type, challenge);
        return spent.Token is { } token && token.BoundTo == browserId ? token.Read<CeremonyPurpose>() : null;
    }

    /// <summary>Credential ids for a name that has none: stable per name and on every node, so that the answer looks the same as for a known one.</summary>
    public IEnumerable<CredentialRef> Decoys(string name)
    {
        var seed = HMACSHA256.HashData(decoyKey, Encoding.UTF8.GetBytes(UserStore.Fold(name)));
        var count = seed[0] % 4 == 0 ? 2 : 1;
        for (byte i = 0; i < count; i++) yield return new(StrictBase64Url.Encode(HMACSHA256.HashData(decoyKey, (byte[])[.. seed, i])), []);
    }

    public static byte[] Decode(string challenge) => StrictBase64Url.TryDecode(challenge, 64, out var bytes) ? bytes : [];
}
