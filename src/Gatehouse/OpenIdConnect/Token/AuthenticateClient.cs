using System.Security.Cryptography;
using System.Text;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.Refusals;
using Gatehouse.Web;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>A client that has proved itself.</summary>
/// <param name="Secret">The secret it used; null for a public client.</param>
internal sealed record ProvenClient(Client Client, ClientSecret? Secret);

/// <summary>RFC 6749 section 2.3: header, body, or none for public clients; exactly one way.</summary>
internal sealed class AuthenticateClient(Database database, Secrets secrets, TimeProvider clock)
{
    public async Task<Outcome<ProvenClient>> Judge(HttpContext http, StrictParameters form)
    {
        if (!Read(http, form).Passed(out var sent, out var unreadable)) return unreadable;
        var client = await database.Read(sql => ClientStore.Find(sql, sent.Id));
        // Hashed also for unknown clients, so that they take as long.
        var digest = Encoding.ASCII.GetBytes(secrets.Hash(ClientSecrets.HashType, sent.Secret ?? ""));
        if (client is null) return new TokenClientUnknown(sent.Id.Length);
        http.RequestServices.GetRequiredService<Visit>().ClientId = client.Id;
        if (!client.Enabled || client.DeletedAt is not null) return new TokenClientOff(client.Ref, client.DeletedAt is not null);
        if (sent.Method != client.AuthMethod) return new ClientAuthMethodDiffers(client.Ref, sent.Method, client.AuthMethod);
        if (client.IsPublic) return new ProvenClient(client, null);
        ClientSecret? retired = null;
        foreach (var secret in client.Secrets)
        {
            if (sent.Secret is not { Length: > 0 } || !CryptographicOperations.FixedTimeEquals(digest, Encoding.ASCII.GetBytes(secret.Hash))) continue;
            if (secret.IsLive(clock.Now())) return new ProvenClient(client, secret);
            retired = secret;
        }
        return retired is not null
            ? new ClientSecretRetired(client.Ref, retired.RevokedAt is not null, retired.RevokedAt ?? retired.ExpiresAt ?? 0)
            : new ClientSecretWrong(client.Ref, ClientSecretWrong.ShapeOf(sent.Secret ?? ""));
    }

    private sealed record Credentials(string Id, string? Secret, string Method);

    private static Outcome<Credentials> Read(HttpContext http, StrictParameters form)
    {
        var headers = http.Request.Headers.Authorization;
        var (id, secret) = (form["client_id"], form["client_secret"]);
        if (headers.Count == 0)
        {
            return id is not { Length: > 0 and <= 200 } ? new ClientCredentialsMissing("client_id is missing")
                : new Credentials(id, secret, secret is null ? AuthMethod.None : AuthMethod.Post);
        }
        if (secret is not null || headers.Count > 1) return new TwoClientAuthMethods(headers.Count + (secret is null ? 0 : 1));
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
