using System.Text.Json;
using Gatehouse.Jose;

namespace Gatehouse.Tests.OpenIdConnect;

public class MainWayTests
{
    [Theory]
    [InlineData("ES256")]
    [InlineData("RS256")]
    public async Task Somebody_signs_in_and_the_application_learns_who(string algorithm)
    {
        await using var site = await OidcSite.Start(null, "--id-token-alg", algorithm);
        await site.Run("group", "add", "staff");
        await site.Run("group", "member", "add", "staff", "ada@example.com");
        using var browser = await site.SignedIn();
        var answer = OidcSite.Answer(await browser.Get(site.AuthorizePath()));
        Assert.Equal("st", answer["state"]);
        Assert.Equal(site.Server.Origin, answer["iss"]);

        var (status, tokens, response) = await site.Token(("code", answer["code"]));
        Assert.True(status == 200, tokens.ToString());
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.Equal("Bearer", tokens.GetProperty("token_type").GetString());
        Assert.Equal(300, tokens.GetProperty("expires_in").GetInt32());

        using var keys = JsonDocument.Parse(await site.Http.GetStringAsync(site.Server.Origin + "/jwks"));
        VerificationKey? Find(string kid) => keys.RootElement.GetProperty("keys").EnumerateArray()
            .Where(k => k.GetProperty("kid").GetString() == kid).Select(k => VerificationKey.TryFromJwk(k, out var key) ? key : null).FirstOrDefault();
        var id = Jwt.Verify(tokens.GetProperty("id_token").GetString(), Find, "JWT")!.Value;
        Assert.Equal(site.ClientId, id.GetProperty("aud").GetString());
        Assert.Equal("no", id.GetProperty("nonce").GetString());
        Assert.Equal("hwk", id.GetProperty("amr")[0].GetString());
        Assert.Equal("staff", id.GetProperty("groups")[0].GetString());
        var access = Jwt.Verify(tokens.GetProperty("access_token").GetString(), Find, "at+jwt")!.Value;
        Assert.Equal(site.Server.Origin, access.GetProperty("aud").GetString());

        var (infoStatus, info, _) = await site.Userinfo(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(200, infoStatus);
        Assert.Equal(id.GetProperty("sub").GetString(), info.GetProperty("sub").GetString());
        Assert.Equal("ada@example.com", info.GetProperty("email").GetString());
        Assert.Equal("Ada", info.GetProperty("name").GetString());

        var (refreshed, again, _) = await site.Refresh(tokens.GetProperty("refresh_token").GetString()!);
        Assert.Equal(200, refreshed);
        Assert.False(Jwt.Verify(again.GetProperty("id_token").GetString(), Find, "JWT")!.Value.TryGetProperty("nonce", out _));
    }
}
