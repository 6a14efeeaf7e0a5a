using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>The whole way with openid-client, a strict third-party relying party.</summary>
public partial class StrictClientTests(PostgresCluster postgres)
{
    [Theory]
    [InlineData(false, "ES256", "client_secret_basic", null)]
    [InlineData(true, "ES256", "client_secret_basic", null)]
    [InlineData(false, "RS256", "client_secret_post", "form_post")]
    [InlineData(true, "RS256", "none", "form_post")]
    public async Task A_strict_client_signs_somebody_in_refreshes_and_reads_userinfo(bool onPostgres, string algorithm, string method, string? mode)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var port = LoopbackPort.Free();
        var (id, secret) = await site.AddClient("Strict", "--redirect-uri", RelyingParty.CallbackUrl(port), "--id-token-alg", algorithm, "--auth-method", method);
        await site.Run("group", "add", "staff");
        await site.Run("group", "member", "add", "staff", "ada@example.com");
        await using var app = await RelyingParty.Start(new()
        {
            Issuer = site.Server.Origin,
            ClientId = id,
            ClientSecret = secret.Length > 0 ? secret : null,
            AuthMethod = method,
            Port = port,
            Scope = "openid profile email groups offline_access",
            ResponseMode = mode,
            IdTokenAlgorithm = algorithm,
            Extra = new() { ["max_age"] = "3600" },
        });
        using var browser = await site.SignedIn();
        var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = new(app.Url) };

        using var begin = await http.GetAsync("/login");
        Assert.True(begin.Headers.Location is not null, await begin.Content.ReadAsStringAsync());
        var page = await browser.Get(begin.Headers.Location!.OriginalString);
        using var callback = page.Location is { } location ? await http.GetAsync(location)
            : await http.PostAsync("/cb", new FormUrlEncodedContent(Hidden().Matches(page.Body).Select(m => new KeyValuePair<string, string>(m.Groups[1].Value, WebUtility.HtmlDecode(m.Groups[2].Value)))));
        var claims = await Claims(callback);
        Assert.Equal("ada@example.com", claims.GetProperty("userinfo").GetProperty("email").GetString());
        Assert.Equal("staff", claims.GetProperty("userinfo").GetProperty("groups")[0].GetString());
        Assert.Equal(algorithm, claims.GetProperty("id_token_header").GetProperty("alg").GetString());
        Assert.True(claims.GetProperty("has_refresh_token").GetBoolean());

        for (var i = 0; i < 2; i++)
        {
            using var refreshed = await http.PostAsync("/refresh", null);
            Assert.Equal(claims.GetProperty("sub").GetString(), (await Claims(refreshed)).GetProperty("sub").GetString());
        }

        await app.Control(new { extra = new { code_challenge_method = "plain" } });
        using var again = await http.GetAsync("/login");
        var refused = await browser.Get(again.Headers.Location!.OriginalString);
        using var error = refused.Location is { } to ? await http.GetAsync(to)
            : await http.PostAsync("/cb", new FormUrlEncodedContent(Hidden().Matches(refused.Body).Select(m => new KeyValuePair<string, string>(m.Groups[1].Value, WebUtility.HtmlDecode(m.Groups[2].Value)))));
        Assert.Contains(refused.Reference!, await error.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_strict_client_logs_somebody_out(bool onPostgres)
    {
        await using var receiver = await LogoutReceiver.Start();
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        var port = LoopbackPort.Free();
        var (id, secret) = await site.AddClient("Strict", "--redirect-uri", RelyingParty.CallbackUrl(port), "--post-logout-redirect-uri", RelyingParty.CallbackUrl(port, "/bye"), "--backchannel-logout-uri", receiver.Url);
        await using var app = await RelyingParty.Start(new() { Issuer = site.Server.Origin, ClientId = id, ClientSecret = secret, Port = port });
        using var browser = await site.SignedIn();
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { BaseAddress = new(app.Url) };
        using var begin = await http.GetAsync("/login");
        using var entered = await http.GetAsync((await browser.Get(begin.Headers.Location!.OriginalString)).Location);
        var claims = await Claims(entered);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(30));

        using var leave = await http.GetAsync("/logout");
        var left = await browser.Get(leave.Headers.Location!.OriginalString);
        Assert.Equal(RelyingParty.CallbackUrl(port, "/bye") + "?state=bye", left.Location);
        Assert.StartsWith("/sign-in", (await browser.Get("/apps")).Location, StringComparison.Ordinal);

        // The logout token, by npm jose.
        await site.Server.Services.GetRequiredService<Gatehouse.OpenIdConnect.Logout.TellApplications>().Run();
        using var verified = await http.PostAsJsonAsync("/verify", new { token = await receiver.Next(), typ = "logout+jwt", audience = id, algorithm = "ES256" });
        var told = await verified.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(verified.IsSuccessStatusCode, told.GetRawText());
        Assert.Equal(claims.GetProperty("id_token").GetProperty("sid").GetString(), told.GetProperty("payload").GetProperty("sid").GetString());
    }

    private static async Task<JsonElement> Claims(HttpResponseMessage response)
    {
        var body = WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync());
        Assert.True(response.IsSuccessStatusCode, body);
        using var json = JsonDocument.Parse(Pre().Match(body).Groups[1].Value);
        return json.RootElement.Clone();
    }

    [GeneratedRegex("<pre id=claims>(.*?)</pre>", RegexOptions.Singleline)]
    private static partial Regex Pre();

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex Hidden();
}
