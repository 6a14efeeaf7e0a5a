using System.Text.Json;
using Gatehouse.OpenIdConnect.Logout;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect.Conformance;

/// <summary>Config OP, RP-Initiated Logout OP and Back-channel OP, one test for each module, on SQLite.</summary>
public sealed class LogoutOpTests(SqliteSite suite) : LogoutOp(suite), IClassFixture<SqliteSite>;

/// <summary>The same on PostgreSQL.</summary>
public sealed class LogoutOpOnPostgresTests(PostgresSite suite) : LogoutOp(suite), IClassFixture<PostgresSite>;

public abstract class LogoutOp(ConformanceSite suite)
{
    private OidcSite Site => suite.Site;

    private async Task<JsonElement> Discovery()
    {
        using var document = JsonDocument.Parse(await Site.Http.GetStringAsync(Site.Server.Origin + "/.well-known/openid-configuration"));
        return document.RootElement.Clone();
    }

    private async Task<(TestBrowser Browser, string IdToken)> In()
    {
        var browser = await Site.SignedIn();
        var (status, tokens, _) = await Site.Token(("code", await Site.Code(browser)));
        Assert.Equal(200, status);
        // Nobody logs out in the moment of signing in.
        Site.Server.Clock.Advance(TimeSpan.FromSeconds(30));
        return (browser, tokens.GetProperty("id_token").GetString()!);
    }

    private static string Logout(params (string Name, string Value)[] parameters) => "/logout?" + string.Join('&', parameters.Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value)}"));

    private static async Task<bool> IsIn(TestBrowser browser) => (await browser.Get("/apps")).Status == System.Net.HttpStatusCode.OK;

    /// <summary>A page of ours that refuses, leads nowhere else and leaves the session as it is.</summary>
    private static async Task Refused(TestBrowser browser, string path)
    {
        var page = await browser.Get(path);
        Assert.Equal((400, null), ((int)page.Status, page.Location));
        Assert.DoesNotContain(ConformanceSite.Bye, page.Body, StringComparison.Ordinal);
        Assert.True(await IsIn(browser));
    }

    [Fact]
    public async Task oidcc_discovery_endpoint_verification()
    {
        var document = await Discovery();
        Assert.Equal(Site.Server.Origin, document.GetProperty("issuer").GetString());
        foreach (var endpoint in new[] { "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri", "end_session_endpoint" })
            Assert.StartsWith(Site.Server.Origin + "/", document.GetProperty(endpoint).GetString(), StringComparison.Ordinal);
        string[] Words(string name) => [.. document.GetProperty(name).EnumerateArray().Select(w => w.GetString()!)];
        Assert.Contains("openid", Words("scopes_supported"));
        Assert.Equal(["code"], Words("response_types_supported"));
        Assert.Contains("form_post", Words("response_modes_supported"));
        Assert.Contains("authorization_code", Words("grant_types_supported"));
        Assert.Equal(["public"], Words("subject_types_supported"));
        Assert.Contains("RS256", Words("id_token_signing_alg_values_supported"));
        Assert.Contains("client_secret_basic", Words("token_endpoint_auth_methods_supported"));
        foreach (var claim in new[] { "sub", "acr", "amr", "auth_time", "sid", "name", "email" }) Assert.Contains(claim, Words("claims_supported"));
        Assert.True(document.GetProperty("claims_parameter_supported").GetBoolean());
        Assert.False(document.GetProperty("request_uri_parameter_supported").GetBoolean());
        Assert.True(document.GetProperty("authorization_response_iss_parameter_supported").GetBoolean());
        using var jwks = JsonDocument.Parse(await Site.Http.GetStringAsync(document.GetProperty("jwks_uri").GetString()));
        Assert.All(jwks.RootElement.GetProperty("keys").EnumerateArray(), key => Assert.False(key.TryGetProperty("d", out _)));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_discovery_endpoint_verification()
    {
        var document = await Discovery();
        Assert.Equal(Site.Server.Origin + "/logout", document.GetProperty("end_session_endpoint").GetString());
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout()
    {
        var (browser, id) = await In();
        using var _ = browser;
        var page = await browser.Get(Logout(("id_token_hint", id), ("post_logout_redirect_uri", ConformanceSite.Bye), ("state", "s t&1")));
        Assert.Equal((303, ConformanceSite.Bye + "?state=s%20t%261"), ((int)page.Status, page.Location));
        Assert.False(await IsIn(browser));
        Assert.Equal("login_required", OidcSite.Answer(await browser.Get(Site.AuthorizePath(("prompt", "none"))))["error"]);
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_bad_post_logout_redirect_uri()
    {
        var (browser, id) = await In();
        using var _ = browser;
        await Refused(browser, Logout(("id_token_hint", id), ("post_logout_redirect_uri", ConformanceSite.Bye + "/random"), ("state", "s")));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_modified_id_token_hint()
    {
        var (browser, id) = await In();
        using var _ = browser;
        var parts = id.Split('.');
        var changed = parts[1][..20] + (parts[1][20] == 'A' ? 'B' : 'A') + parts[1][21..];
        await Refused(browser, Logout(("id_token_hint", $"{parts[0]}.{changed}.{parts[2]}"), ("post_logout_redirect_uri", ConformanceSite.Bye), ("state", "s")));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_no_id_token_hint()
    {
        var (browser, _) = await In();
        using var __ = browser;
        await Refused(browser, Logout(("post_logout_redirect_uri", ConformanceSite.Bye), ("state", "s")));
        // With the client named, the person is asked first, and is then sent back.
        var asked = await browser.Get(Logout(("client_id", Site.ClientId), ("post_logout_redirect_uri", ConformanceSite.Bye), ("state", "s")));
        Assert.Equal((200, null), ((int)asked.Status, asked.Location));
        Assert.True(await IsIn(browser));
        var done = await browser.Post("/logout/confirm", ("client_id", Site.ClientId), ("post_logout_redirect_uri", ConformanceSite.Bye), ("state", "s"));
        Assert.Contains($"0; url={ConformanceSite.Bye}?state=s", System.Net.WebUtility.HtmlDecode(done.Body), StringComparison.Ordinal);
        Assert.False(await IsIn(browser));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_no_params()
    {
        var (browser, _) = await In();
        using var __ = browser;
        var asked = await browser.Get("/logout");
        Assert.Contains("action=\"/logout/confirm\"", asked.Body, StringComparison.Ordinal);
        Assert.Contains("You are logged out", (await browser.Post("/logout/confirm")).Body, StringComparison.Ordinal);
        Assert.False(await IsIn(browser));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_no_post_logout_redirect_uri()
    {
        var (browser, id) = await In();
        using var _ = browser;
        var page = await browser.Get(Logout(("id_token_hint", id), ("state", "s")));
        Assert.Equal((200, null), ((int)page.Status, page.Location));
        Assert.Contains("You are logged out", page.Body, StringComparison.Ordinal);
        Assert.False(await IsIn(browser));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_no_state()
    {
        var (browser, id) = await In();
        using var _ = browser;
        Assert.Equal(ConformanceSite.Bye, (await browser.Get(Logout(("id_token_hint", id), ("post_logout_redirect_uri", ConformanceSite.Bye)))).Location);
        Assert.False(await IsIn(browser));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_only_state()
    {
        var (browser, _) = await In();
        using var __ = browser;
        var asked = await browser.Get(Logout(("state", "s")));
        Assert.Equal((200, null), ((int)asked.Status, asked.Location));
        await browser.Post("/logout/confirm", ("state", "s"));
        Assert.False(await IsIn(browser));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri()
    {
        var (browser, id) = await In();
        using var _ = browser;
        await Refused(browser, Logout(("id_token_hint", id), ("post_logout_redirect_uri", ConformanceSite.Bye + "?foo=bar"), ("state", "s")));
    }

    [Fact]
    public async Task oidcc_rp_initiated_logout_bad_id_token_hint()
    {
        var (browser, id) = await In();
        using var _ = browser;
        var none = $"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{id.Split('.')[1]}.";
        foreach (var hint in new[] { "nonsense", none, none + id.Split('.')[2] })
            await Refused(browser, Logout(("id_token_hint", hint), ("post_logout_redirect_uri", ConformanceSite.Bye), ("state", "s")));
    }

    [Theory]
    [InlineData("https://app.example.com/bye/")]
    [InlineData("https://app.example.com/BYE")]
    [InlineData("http://app.example.com/bye")]
    [InlineData("https://app.example.com:443/bye")]
    [InlineData("https://user@app.example.com/bye")]
    [InlineData("https://app.example.com/bye#x")]
    [InlineData("https://app.example.com/cb")]
    [InlineData("javascript:alert(1)")]
    [InlineData("//app.example.com/bye")]
    public async Task O28_no_logout_leads_to_an_address_that_is_not_registered(string to)
    {
        var (browser, id) = await In();
        using var _ = browser;
        await Refused(browser, Logout(("id_token_hint", id), ("post_logout_redirect_uri", to)));
        var confirmed = await browser.Post("/logout/confirm", ("client_id", Site.ClientId), ("post_logout_redirect_uri", to));
        Assert.Equal((400, null), ((int)confirmed.Status, confirmed.Location));
    }

    [Fact]
    public async Task CVE_2026_34454_logging_out_clears_the_cookie_also_when_the_session_is_over_already()
    {
        var (browser, _) = await In();
        using var __ = browser;
        await browser.Get("/apps");
        await Site.Server.Database.Write(sql => sql.Run("update sessions set ended_at = 1, ended_because = 'gone' where ended_at is null"));
        Assert.Contains("__Host-gatehouse", browser.Cookies.Keys);
        await browser.Post("/sign-out");
        Assert.DoesNotContain("__Host-gatehouse", browser.Cookies.Keys);
    }

    [Fact]
    public async Task oidcc_backchannel_logout_discovery_endpoint_verification()
    {
        var document = await Discovery();
        Assert.True(document.GetProperty("backchannel_logout_supported").GetBoolean());
        Assert.True(document.GetProperty("backchannel_logout_session_supported").GetBoolean());
    }

    [Fact]
    public async Task oidcc_backchannel_rp_initiated_logout()
    {
        await using var receiver = await LogoutReceiver.Start();
        var (client, secret) = await Site.AddClient("Told", "--backchannel-logout-uri", receiver.Url, "--post-logout-redirect-uri", ConformanceSite.Bye);
        using var browser = await Site.SignedIn();
        var (_, tokens, _) = await Site.Post("/token", new() { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = await Site.Code(browser, ("client_id", client)) }, OidcSite.Basic(client, secret));
        var (_, id) = await suite.Verified(tokens.GetProperty("id_token").GetString()!);
        Site.Server.Clock.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(ConformanceSite.Bye, (await browser.Get(Logout(("id_token_hint", tokens.GetProperty("id_token").GetString()!), ("post_logout_redirect_uri", ConformanceSite.Bye)))).Location);
        await Site.Server.Services.GetRequiredService<TellApplications>().Run();
        var (header, told) = await suite.Verified(await receiver.Next());
        Assert.Equal("logout+jwt", header.GetProperty("typ").GetString());
        Assert.Equal((client, id.GetProperty("sub").GetString(), id.GetProperty("sid").GetString()), (told.GetProperty("aud").GetString(), told.GetProperty("sub").GetString(), told.GetProperty("sid").GetString()));
        Assert.True(told.GetProperty("events").TryGetProperty("http://schemas.openid.net/event/backchannel-logout", out _));
        Assert.False(told.TryGetProperty("nonce", out _));
    }
}
