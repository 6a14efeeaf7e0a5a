using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>A client that has proved itself.</summary>
/// <param name="Secret">The secret it used; null when it used none.</param>
/// <param name="Credential">Names what it used: the secret's id, the key's, or "none" for a public client.</param>
internal sealed record ProvenClient(Client Client, ClientSecret? Secret, string Credential);

/// <summary>RFC 6749 section 2.3: header, body, a signed assertion, or none for public clients; exactly one way.</summary>
internal sealed class AuthenticateClient(Database database, Secrets secrets, ClientAssertions assertions, TimeProvider clock)
{
    private const string AssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

    public async Task<Outcome<ProvenClient>> Judge(HttpContext http, StrictParameters form)
    {
        if (!Read(http, form).Passed(out var sent, out var unreadable)) return unreadable;
        var client = await database.Read(sql => ClientStore.Find(sql, sent.Id));
        // Hashed and verified also for unknown clients, so that they take as long.
        var digest = Encoding.ASCII.GetBytes(secrets.Hash(ClientSecrets.HashType, sent.Secret ?? ""));
        var trimmed = sent.Secret?.Trim(' ', '\t', '\r', '\n', '"', '\'') is { } bare && bare != sent.Secret ? secrets.Hash(ClientSecrets.HashType, bare) : null;
        if (sent.Assertion is not null && client is not { Enabled: true, DeletedAt: null, AuthMethod: AuthMethod.PrivateKey }) ClientAssertions.Pretend(sent.Assertion);
        if (client is null) return new TokenClientUnknown(sent.Id.Length) { Sent = sent.Id };
        http.RequestServices.GetRequiredService<Visit>().ClientId = client.Id;
        if (!client.Enabled || client.DeletedAt is not null) return new TokenClientOff(client.Ref, client.DeletedAt is not null);
        if (sent.Method != client.AuthMethod) return new ClientAuthMethodDiffers(client.Ref, sent.Method, client.AuthMethod);
        if (sent.Assertion is { } assertion)
            return (await assertions.Judge(client, assertion)).Passed(out var key, out var refusal) ? new ProvenClient(client, null, key) : refusal;
        if (client.IsPublic) return new ProvenClient(client, null, "none");
        ClientSecret? retired = null;
        var (live, onceLive) = (false, false);
        foreach (var secret in client.Secrets)
        {
            if (trimmed == secret.Hash) (live, onceLive) = (live || secret.IsLive(clock.Now()), true);
            if (sent.Secret is not { Length: > 0 } || !CryptographicOperations.FixedTimeEquals(digest, Encoding.ASCII.GetBytes(secret.Hash))) continue;
            if (secret.IsLive(clock.Now())) return new ProvenClient(client, secret, secret.Id);
            retired = secret;
        }
        return retired is not null
            ? new ClientSecretRetired(client.Ref, retired.RevokedAt is not null, retired.RevokedAt ?? retired.ExpiresAt ?? 0)
            : new ClientSecretWrong(client.Ref, ClientSecretWrong.ShapeOf(sent.Secret ?? ""), live ? "its live secret" : onceLive ? "a retired secret of it" : "") { Digest = Encoding.ASCII.GetString(digest) };
    }

    private sealed record Credentials(string Id, string? Secret, string Method, string? Assertion = null);

    private static Outcome<Credentials> Read(HttpContext http, StrictParameters form)
    {
        var headers = http.Request.Headers.Authorization;
        var (id, secret) = (form["client_id"], form["client_secret"]);
        var (assertion, type) = (form["client_assertion"], form["client_assertion_type"]);
        var ways = headers.Count + (secret is null ? 0 : 1) + (assertion is null && type is null ? 0 : 1);
        if (ways > 1) return new TwoClientAuthMethods(ways);
        if (assertion is not null || type is not null)
        {
            if (type != AssertionType) return new ClientCredentialsMissing(type is null ? "client_assertion_type is missing" : "client_assertion_type is not jwt-bearer");
            if (string.IsNullOrEmpty(assertion)) return new ClientCredentialsMissing("client_assertion is missing");
            var subject = ClientAssertions.SubjectOf(assertion);
            if (subject is not { Length: > 0 and <= 200 }) return new ClientCredentialsMissing("client_assertion is no JWT with a sub");
            if (id is not null && id != subject) return new ClientCredentialsMissing("client_id is not the sub of client_assertion");
            return new Credentials(subject, null, AuthMethod.PrivateKey, assertion);
        }
        if (headers.Count == 0)
        {
            return id is not { Length: > 0 and <= 200 } ? new ClientCredentialsMissing("client_id is missing")
                : new Credentials(id, secret, secret is null ? AuthMethod.None : AuthMethod.Post);
        }
        var header = headers.ToString();
        if (!header.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)) return new ClientCredentialsMissing("the Authorization header is not Basic");
        if (!TryDecode(header.AsSpan(6).Trim(' '), out var text) || text.IndexOf(':', StringComparison.Ordinal) is not (> 0 and var colon))
            return new ClientCredentialsMissing("the Authorization header is not base64 of id and secret");
        // Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1).
        if (!StrictParameters.TryDecode(text.AsSpan(0, colon), out var basicId) || !StrictParameters.TryDecode(text.AsSpan(colon + 1), out var basicSecret) || basicId.Length > 200)
            return new ClientCredentialsMissing("id or secret in the Authorization header is not form-encoded");
        if (id is not null && id != basicId) return new TwoClientAuthMethods(2);
        return new Credentials(basicId, basicSecret, AuthMethod.Basic);
    }

    /// <summary>Standard base64 with its padding, one spelling only, ASCII inside.</summary>
    private static bool TryDecode(ReadOnlySpan<char> base64, out string text)
    {
        text = "";
        if (base64.Length % 4 != 0 || base64.IndexOfAny('-', '_') >= 0) return false;
        var bare = base64.EndsWith("==") ? base64[..^2] : base64.EndsWith("=") ? base64[..^1] : base64;
        if (!StrictBase64Url.TryDecode(bare.ToString().Replace('+', '-').Replace('/', '_'), 2048, out var bytes) || bytes.AsSpan().ContainsAnyExceptInRange((byte)0x20, (byte)0x7e)) return false;
        text = Encoding.ASCII.GetString(bytes);
        return true;
    }
}
