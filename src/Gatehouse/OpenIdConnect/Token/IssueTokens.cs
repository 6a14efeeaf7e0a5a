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
internal sealed class IssueTokens(SigningKeys keys, AccessTokens accessTokens, ReadClaims claims, ServerConfiguration configuration, TimeProvider clock)
{
    private static readonly TimeSpan IdTokenValidity = TimeSpan.FromHours(1);

    public async Task<byte[]> Answer(Exchanged exchanged, Client client, bool withNonce)
    {
        var (granted, grant, scope, target, refreshToken) = exchanged;
        var now = clock.GetUtcNow().ToUnixTimeSeconds();
        var person = await claims.Of(granted, client);
        var inToken = person.Released(scope, []).Where(c => c.InAccessToken).ToArray();
        var accessToken = await accessTokens.Issue(granted.User.Id, client.Id, target.Scope, target.Api, grant.Id, inToken.Length == 0 ? null : json => Array.ForEach(inToken, c => c.Write(json)));
        var idToken = Scopes.Has(scope, Scopes.OpenId)
            ? await IdToken(granted, client, grant, person.Released(scope, Authorize.RequestedClaims.OfStored(grant.RequestedClaims).IdToken), accessToken.Value, now, withNonce) : null;
        return Answer(accessToken, target.Scope, idToken, refreshToken);
    }

    /// <summary>For a client as itself (RFC 6749 section 4.4.3): one access token, nothing stored.</summary>
    public async Task<byte[]> Answer(ProvenClient proven, Target target) =>
        Answer(await accessTokens.Issue(proven.Client.Id, proven.Client.Id, target.Scope, target.Api, grantId: null), target.Scope, null, null);

    private static byte[] Answer(IssuedAccessToken accessToken, string scope, string? idToken, string? refreshToken) => Json(json =>
    {
        json.WriteString("access_token", accessToken.Value);
        json.WriteString("token_type", "Bearer");
        json.WriteNumber("expires_in", accessToken.Seconds);
        if (scope.Length > 0) json.WriteString("scope", scope);
        if (idToken is not null) json.WriteString("id_token", idToken);
        if (refreshToken is not null) json.WriteString("refresh_token", refreshToken);
    }).ToArray();

    private async Task<string> IdToken(AccessGranted granted, Client client, Grant grant, IReadOnlyList<ClaimValue> released, string accessToken, long now, bool withNonce)
    {
        var key = await keys.For(client.IdTokenAlgorithm);
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
            // The left half of the digest that the signature uses (OpenID Connect Core section 3.1.3.6).
            var digest = key.Kind == JwsAlgorithm.EdDSA ? SHA512.HashData(Encoding.ASCII.GetBytes(accessToken)) : SHA256.HashData(Encoding.ASCII.GetBytes(accessToken));
            json.WriteString("at_hash", StrictBase64Url.Encode(digest.AsSpan(0, digest.Length / 2)));
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
