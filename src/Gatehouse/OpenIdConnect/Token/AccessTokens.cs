using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Apis;
using Gatehouse.OpenIdConnect.Keys;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>What an access token of ours says, once its signature or seal has been checked. Times in Unix seconds.</summary>
/// <param name="Audience">The identifier of an API, or our own origin.</param>
/// <param name="GrantId">The grant of the person; null for a token that a client got for itself.</param>
internal sealed record AccessToken(string Id, string Subject, string ClientId, string Scope, string Audience, string? GrantId, long IssuedAt, long ExpiresAt);

/// <summary>A fresh access token.</summary>
/// <param name="Seconds">How long it lives.</param>
internal sealed record IssuedAccessToken(string Value, long Seconds);

/// <summary>Access tokens: JWTs (RFC 9068), or sealed texts for APIs that introspect. Neither leaves a row.</summary>
internal sealed class AccessTokens(SigningKeys keys, VerifiedTokens verified, Secrets secrets, ServerConfiguration configuration, TimeProvider clock)
{
    /// <summary>How late an application that checks only the signature learns of a revocation.</summary>
    public static readonly TimeSpan Validity = TimeSpan.FromMinutes(5);

    /// <summary>The longest an API may ask for.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(60);

    /// <summary>The claim that names the grant.</summary>
    public const string GrantClaim = "gid";

    private const string OpaquePrefix = "gat_";
    private readonly byte[] seal = secrets.Derive("opaque-access-token");

    /// <param name="api">Whom it is for; null for ourselves.</param>
    /// <param name="more">Writes further claims.</param>
    public async ValueTask<IssuedAccessToken> Issue(string subject, string clientId, string scope, Api? api, string? grantId, Action<Utf8JsonWriter>? more = null)
    {
        var seconds = api?.TokenSeconds ?? (long)Validity.TotalSeconds;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var payload = Payload(new(StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(16)), subject, clientId, scope, api?.Identifier ?? configuration.Origin, grantId, now, now + seconds), more);
        var value = api?.TokenFormat == TokenFormat.Opaque ? Seal(payload.Span) : Jwt.Sign(await keys.For(api?.Algorithm ?? "ES256"), TokenKind.Access, payload.Span);
        return new(value, seconds);
    }

    /// <summary>The token when it is one of ours, whatever its time and audience; else null and why.</summary>
    public async ValueTask<(AccessToken? Token, string Fault)> Read(string value)
    {
        if (value.StartsWith(OpaquePrefix, StringComparison.Ordinal)) return Open(value) is { } plain && Parse(plain) is { } opened ? (opened, "") : (null, "it is no token that we sealed");
        var ring = await keys.Ring();
        if (verified.Verify(value, ring.Find, TokenKind.Access, out var fault) is not { } claims) return (null, fault.ToString());
        if (!StrictJson.TryString(claims, "iss", out var issuer) || issuer != configuration.Origin) return (null, "issuer");
        return Parse(claims) is { } token ? (token, "") : (null, "a claim is missing");
    }

    private ReadOnlyMemory<byte> Payload(AccessToken token, Action<Utf8JsonWriter>? more)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("iss", configuration.Origin);
        json.WriteString("aud", token.Audience);
        json.WriteString("sub", token.Subject);
        json.WriteString("client_id", token.ClientId);
        if (token.Scope.Length > 0) json.WriteString("scope", token.Scope);
        json.WriteNumber("iat", token.IssuedAt);
        json.WriteNumber("exp", token.ExpiresAt);
        json.WriteString("jti", token.Id);
        if (token.GrantId is not null) json.WriteString(GrantClaim, token.GrantId);
        more?.Invoke(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static AccessToken? Parse(JsonElement claims) =>
        StrictJson.TryString(claims, "jti", out var id) && StrictJson.TryString(claims, "sub", out var subject) && StrictJson.TryString(claims, "client_id", out var client)
        && StrictJson.TryString(claims, "aud", out var audience) && StrictJson.TryInt64(claims, "iat", out var issued) && StrictJson.TryInt64(claims, "exp", out var expires)
            ? new(id, subject, client, StrictJson.TryString(claims, "scope", out var scope) ? scope : "", audience, StrictJson.TryString(claims, GrantClaim, out var grant) ? grant : null, issued, expires)
            : null;

    /// <summary>AES-256-GCM under a key of its own for each token: salt, tag, ciphertext.</summary>
    private string Seal(ReadOnlySpan<byte> payload)
    {
        var box = new byte[32 + payload.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, 16));
        using var aes = new AesGcm(HMACSHA256.HashData(seal, box.AsSpan(0, 16)), 16);
        aes.Encrypt(new byte[12], payload, box.AsSpan(32), box.AsSpan(16, 16));
        return OpaquePrefix + StrictBase64Url.Encode(box);
    }

    private JsonElement? Open(string value)
    {
        if (!StrictBase64Url.TryDecode(value.AsSpan(OpaquePrefix.Length), 4096, out var box) || box.Length <= 32) return null;
        var plain = new byte[box.Length - 32];
        using var aes = new AesGcm(HMACSHA256.HashData(seal, box.AsSpan(0, 16)), 16);
        try
        {
            aes.Decrypt(new byte[12], box.AsSpan(32), box.AsSpan(16, 16), plain);
        }
        catch (CryptographicException)
        {
            return null;
        }
        return StrictJson.TryReadObject(plain, out var claims) ? claims : null;
    }
}
