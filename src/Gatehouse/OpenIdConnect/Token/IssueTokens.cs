using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Gatehouse.Configuration;
using Gatehouse.Data;
using Gatehouse.Jose;
using Gatehouse.OpenIdConnect.Claims;
using Gatehouse.OpenIdConnect.Clients;
using Gatehouse.OpenIdConnect.Keys;
using Gatehouse.SignIn;

namespace Gatehouse.OpenIdConnect.Token;

/// <summary>Signs access and ID tokens and writes the token answer (RFC 6749 section 5.1, RFC 9068, OpenID Connect Core section 3.1.3.3).</summary>
internal sealed class IssueTokens(SigningKeys keys, ReadClaims claims, ServerConfiguration configuration, TimeProvider clock)
{
    /// <summary>How late an application that checks only the signature learns of a revocation.</summary>
    public static readonly TimeSpan AccessTokenValidity = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan IdTokenValidity = TimeSpan.FromHours(1);

    /// <summary>The claim that names the grant.</summary>
    public const string GrantClaim = "gid";

    public async Task<byte[]> Answer(AccessGranted granted, Client client, Grant grant, string scope, string? refreshToken, bool withNonce)
    {
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var person = await claims.Of(granted, client);
        var accessToken = Jwt.Sign(await keys.For(JwsAlgorithm.ES256), TokenKind.Access, Json(json =>
        {
            json.WriteString("iss", configuration.Origin);
            json.WriteString("aud", configuration.Origin);
            json.WriteString("sub", granted.User.Id);
            json.WriteString("client_id", client.Id);
            json.WriteString("scope", scope);
            json.WriteNumber("iat", now);
            json.WriteNumber("exp", now + (long)AccessTokenValidity.TotalSeconds);
            json.WriteString("jti", StrictBase64Url.Encode(RandomNumberGenerator.GetBytes(16)));
            json.WriteString(GrantClaim, grant.Id);
            foreach (var claim in person.Released(scope, []).Where(c => c.InAccessToken)) claim.Write(json);
        }).Span);
        var idToken = Scopes.Has(scope, Scopes.OpenId) ? await IdToken(granted, client, grant, person.Released(scope, Authorize.RequestedClaims.OfStored(grant.RequestedClaims).IdToken), accessToken, now, withNonce) : null;
        return Json(json =>
        {
            json.WriteString("access_token", accessToken);
            json.WriteString("token_type", "Bearer");
            json.WriteNumber("expires_in", (long)AccessTokenValidity.TotalSeconds);
            json.WriteString("scope", scope);
            if (idToken is not null) json.WriteString("id_token", idToken);
            if (refreshToken is not null) json.WriteString("refresh_token", refreshToken);
        }).ToArray();
    }

    private async Task<string> IdToken(AccessGranted granted, Client client, Grant grant, IReadOnlyList<ClaimValue> released, string accessToken, long now, bool withNonce)
    {
        var key = await keys.For(client.IdTokenAlgorithm == "RS256" ? JwsAlgorithm.RS256 : JwsAlgorithm.ES256);
        return Jwt.Sign(key, TokenKind.Id, Json(json =>
        {
            json.WriteString("iss", configuration.Origin);
            json.WriteString("sub", granted.User.Id);
            json.WriteString("aud", client.Id);
            json.WriteNumber("exp", now + (long)IdTokenValidity.TotalSeconds);
            json.WriteNumber("iat", now);
            json.WriteNumber("auth_time", grant.AuthTime / 1000);
            if (withNonce && grant.Nonce is not null) json.WriteString("nonce", grant.Nonce);
            if (grant.SessionPublicId is not null) json.WriteString("sid", grant.SessionPublicId);
            json.WriteString("acr", Assurance.Acr(grant.Amr));
            json.WriteStartArray("amr");
            foreach (var method in grant.Amr.Split(' ', StringSplitOptions.RemoveEmptyEntries)) json.WriteStringValue(method);
            json.WriteEndArray();
            // The left half of the digest (OpenID Connect Core section 3.1.3.6); both algorithms use SHA-256.
            json.WriteString("at_hash", StrictBase64Url.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(accessToken)).AsSpan(0, 16)));
            foreach (var claim in released) claim.Write(json);
        }).Span);
    }

    internal static ReadOnlyMemory<byte> Json(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        write(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }
}
