using System.Net;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

public class AuthorizeTests : IAsyncLifetime
{
    private OidcSite site = null!;
    private TestBrowser browser = null!;

    public async ValueTask InitializeAsync()
    {
        site = await OidcSite.Start();
        browser = await site.SignedIn();
    }

    public async ValueTask DisposeAsync()
    {
        browser.Dispose();
        await site.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Theory]
    [InlineData("https://app.example.com/cb/")]
    [InlineData("https://app.example.com/CB")]
    [InlineData("http://app.example.com/cb")]
    [InlineData("https://app.example.com:8443/cb")]
    [InlineData("https://app.example.com:443/cb")]
    [InlineData("https://app.example.com/%63b")]
    [InlineData("https://app.example.com%2Fcb")]
    [InlineData("https://evil@app.example.com/cb")]
    [InlineData("https://a@b@app.example.com/cb")]
    [InlineData("https://app.example.com\\cb")]
    [InlineData("https://app.example.com/cb\t")]
    [InlineData("https://app.example.com/..;/cb")]
    [InlineData("https://app.example.com/%2e%2e/cb")]
    [InlineData("https://app.example.com/cb#x")]
    [InlineData("/cb")]
    [InlineData("\u0430pp")]
    public async Task CVE_2024_52289_O01_O02_a_callback_that_is_not_registered_gets_a_page_of_ours_and_no_redirect(string sent)
    {
        var page = await browser.Get(site.AuthorizePath(("redirect_uri", sent)));
        Assert.Equal(HttpStatusCode.BadRequest, page.Status);
        Assert.Null(page.Location);
        Assert.Contains("oidc.client_refused", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("mismatch", page.Body, StringComparison.Ordinal);
        Assert.Equal("oidc.redirect_uri_mismatch", await site.CodeOf(page.Reference!));
    }

    [Fact]
    public async Task O02_an_empty_missing_double_or_huge_callback_gets_a_page_of_ours()
    {
        foreach (var path in new[] { site.AuthorizePath(("redirect_uri", "")), site.AuthorizePath(("redirect_uri", null)), site.AuthorizePath() + "&redirect_uri=https%3A%2F%2Fevil.test" })
        {
            var page = await browser.Get(path);
            Assert.Equal(400, (int)page.Status);
            Assert.Equal("oidc.redirect_uri_missing", await site.CodeOf(page.Reference!));
        }
        var huge = await browser.Get(site.AuthorizePath(("redirect_uri", OidcSite.Callback + new string('a', 3000))));
        Assert.Equal("oidc.redirect_uri_mismatch", await site.CodeOf(huge.Reference!));
    }

    [Fact]
    public async Task O05_unknown_disabled_and_deleted_clients_look_the_same_to_strangers()
    {
        using var stranger = site.Server.Browser();
        async Task<Page> Ask(string id) => await stranger.Get(site.AuthorizePath(("client_id", id)));
        string Masked(Page page, string id) => page.Body.Replace(page.Reference!, "REF", StringComparison.Ordinal).Replace(id, "ID", StringComparison.Ordinal).Replace(stranger.Token, "TOKEN", StringComparison.Ordinal);
        // The first answers settle which cookies this browser keeps.
        await Ask("x");
        await Ask("x");
        var unknownId = new string('0', 32);
        var unknown = await Ask(unknownId);
        await site.Run("client", "disable", site.ClientId);
        var disabled = await Ask(site.ClientId);
        await site.Server.Database.Write(sql => sql.Run("update clients set deleted_at = 1"));
        var deleted = await Ask(site.ClientId);
        Assert.Equal(Masked(unknown, unknownId), Masked(disabled, site.ClientId));
        Assert.Equal(Masked(disabled, site.ClientId), Masked(deleted, site.ClientId));
        Assert.Equal(unknown.Status, deleted.Status);
        Assert.Equal(unknown.Headers.Keys.Order(), deleted.Headers.Keys.Order());
        Assert.Equal(["oidc.client_unknown", "oidc.client_disabled", "oidc.client_deleted"],
            [await site.CodeOf(unknown.Reference!), await site.CodeOf(disabled.Reference!), await site.CodeOf(deleted.Reference!)]);
    }

    [Theory]
    [InlineData("response_type", null, "unsupported_response_type")]
    [InlineData("response_type", "token", "unsupported_response_type")]
    [InlineData("response_type", "id_token", "unsupported_response_type")]
    [InlineData("response_type", "code token", "unsupported_response_type")]
    [InlineData("response_type", "token code", "unsupported_response_type")]
    [InlineData("response_mode", "web_message", "invalid_request")]
    [InlineData("code_challenge", null, "invalid_request")]
    [InlineData("code_challenge_method", "plain", "invalid_request")]
    [InlineData("code_challenge_method", null, "invalid_request")]
    [InlineData("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-c", "invalid_request")]
    [InlineData("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cMM", "invalid_request")]
    [InlineData("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", "invalid_request")]
    [InlineData("scope", "", "invalid_scope")]
    [InlineData("scope", null, "invalid_scope")]
    [InlineData("scope", "unknown", "invalid_scope")]
    [InlineData("scope", "openid \u0001", "invalid_scope")]
    [InlineData("prompt", "none login", "invalid_request")]
    [InlineData("prompt", "sometimes", "invalid_request")]
    [InlineData("max_age", "-1", "invalid_request")]
    [InlineData("max_age", "soon", "invalid_request")]
    [InlineData("max_age", "9223372036854775808", "invalid_request")]
    [InlineData("request", "eyJ", "request_not_supported")]
    [InlineData("request_uri", "https://evil.test/r", "request_uri_not_supported")]
    [InlineData("id_token_hint", "a.b.c", "invalid_request")]
    public async Task CVE_2024_23647_CVE_2020_10770_O06_O07_O20_O22_O23_a_faulty_request_is_told_to_the_application(string name, string? value, string error)
    {
        var page = await browser.Get(site.AuthorizePath((name, value)));
        var answer = OidcSite.Answer(page);
        Assert.Equal(error, answer["error"]);
        Assert.Equal("st", answer["state"]);
        Assert.Equal(site.Server.Origin, answer["iss"]);
        Assert.EndsWith($"(ref {page.Reference})", answer["error_description"], StringComparison.Ordinal);
        Assert.StartsWith(site.Server.Origin + "/help/oidc.", answer["error_uri"], StringComparison.Ordinal);
        Assert.DoesNotContain("code", answer.Keys);
    }

    [Fact]
    public async Task O07_a_challenge_of_129_characters_is_refused()
    {
        Assert.Equal("invalid_request", OidcSite.Answer(await browser.Get(site.AuthorizePath(("code_challenge", new string('a', 129)))))["error"]);
        var (lax, _) = await site.AddClient("Old app", "--no-pkce");
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("client_id", lax), ("code_challenge", null), ("code_challenge_method", null)))).Keys);
    }

    [Fact]
    public async Task O22_unknown_and_double_scopes_are_ignored_and_too_many_refused()
    {
        var code = await site.Code(browser, ("scope", "openid openid email nonsense"));
        var (_, tokens, _) = await site.Token(("code", code));
        Assert.Equal("openid email", tokens.GetProperty("scope").GetString());
        Assert.Equal("invalid_scope", OidcSite.Answer(await browser.Get(site.AuthorizePath(("scope", "openid " + string.Join(' ', Enumerable.Range(0, 500).Select(i => $"s{i}"))))))["error"]);
        var nul = await browser.Get(site.AuthorizePath().Replace("scope=openid", "scope=openid%00", StringComparison.Ordinal));
        Assert.Equal(400, (int)nul.Status);
    }

    [Fact]
    public async Task O22_without_openid_it_is_plain_oauth()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser, ("scope", "profile"))));
        Assert.False(tokens.TryGetProperty("id_token", out _));
        var (status, error, _) = await site.Userinfo(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal((403, "insufficient_scope"), (status, error.GetProperty("error").GetString()));
    }

    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("a\r\nSet-Cookie: x=1")]
    [InlineData("\ud83d\ude00 \" ' & = + % #")]
    public async Task CVE_2019_8400_CVE_2026_42849_O24_state_comes_back_exactly(string state)
    {
        var page = await browser.Get(site.AuthorizePath(("state", state)));
        Assert.Equal(state, OidcSite.Answer(page)["state"]);
        Assert.Equal(state, OidcSite.Answer(await browser.Get(site.AuthorizePath(("state", state), ("response_mode", "fragment"))), '#')["state"]);
        var form = await browser.Get(site.AuthorizePath(("state", state), ("response_mode", "form_post")));
        Assert.Equal(200, (int)form.Status);
        Assert.DoesNotContain("<script>alert", form.Body, StringComparison.Ordinal);
        Assert.Contains("form-action https://app.example.com;", form.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        Assert.Contains("action=\"https://app.example.com/cb\"", form.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task O24_a_long_state_and_nonce_come_back_or_are_refused()
    {
        var state = new string('s', 8192);
        Assert.Equal(state, OidcSite.Answer(await browser.Get(site.AuthorizePath(("state", state))))["state"]);
        var parameters = site.AuthorizeParameters(("state", new string('s', 8192)), ("nonce", new string('n', 4096)));
        var posted = await PostAuthorize(parameters);
        Assert.Equal(8192, OidcSite.Answer(await browser.Get(posted.Location!))["state"].Length);
        parameters["state"] += "s";
        Assert.Equal("invalid_request", OidcSite.Answer(await browser.Get((await PostAuthorize(parameters)).Location!))["error"]);
    }

    [Fact]
    public async Task O36_a_cross_site_post_is_stored_and_the_get_sees_the_session()
    {
        var posted = await PostAuthorize(site.AuthorizeParameters());
        Assert.Equal(303, (int)posted.Status);
        Assert.StartsWith("/authorize?pending=", posted.Location, StringComparison.Ordinal);
        Assert.Contains("code", OidcSite.Answer(await browser.Get(posted.Location!)).Keys);
        site.Server.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal("oidc.request_expired", await site.CodeOf((await browser.Get(posted.Location!)).Reference!));
        Assert.Equal(400, (int)(await PostAuthorize(site.AuthorizeParameters(("redirect_uri", "https://evil.test/")))).Status);
    }

    [Fact]
    public async Task O18_prompt_none_never_shows_a_page()
    {
        using var stranger = site.Server.Browser();
        Assert.Equal("login_required", OidcSite.Answer(await stranger.Get(site.AuthorizePath(("prompt", "none"))))["error"]);
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("prompt", "none")))).Keys);
        site.Server.Clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("login_required", OidcSite.Answer(await browser.Get(site.AuthorizePath(("prompt", "none"), ("max_age", "60"))))["error"]);
        await site.Run("group", "add", "ops");
        var (restricted, _) = await site.AddClient("Restricted", "--group", "ops");
        Assert.Equal("access_denied", OidcSite.Answer(await browser.Get(site.AuthorizePath(("client_id", restricted), ("prompt", "none"))))["error"]);
    }

    [Fact]
    public async Task O19_O20_prompt_login_and_max_age_ask_again_and_cancel_is_told_to_the_application()
    {
        foreach (var (name, value) in new[] { ("prompt", "login"), ("prompt", "select_account"), ("max_age", "0") })
        {
            site.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            var page = await browser.Get(site.AuthorizePath((name, value)));
            Assert.StartsWith("/sign-in?continue=", page.Location, StringComparison.Ordinal);
            var token = page.Location!["/sign-in?continue=".Length..];
            // Without a newer sign-in the same request waits on.
            Assert.Equal(page.Location, (await browser.Get($"/authorize?pending={token}")).Location);
            Assert.Equal("access_denied", OidcSite.Answer(await browser.Get($"/authorize?pending={token}&cancel=1"))["error"]);
            site.Server.Clock.Advance(TimeSpan.FromSeconds(5));
            await site.SignIn(browser);
            Assert.Contains("code", OidcSite.Answer(await browser.Get($"/authorize?pending={token}")).Keys);
        }
    }

    [Fact]
    public async Task A_stranger_signs_in_first_and_then_goes_on()
    {
        using var stranger = site.Server.Browser();
        var page = await stranger.Get(site.AuthorizePath(("login_hint", "ada@example.com")));
        Assert.StartsWith("/sign-in?continue=", page.Location, StringComparison.Ordinal);
        var signIn = await stranger.Get(page.Location!);
        Assert.Contains("Grafana", signIn.Body, StringComparison.Ordinal);
        await site.SignIn(stranger);
        Assert.Equal("st", OidcSite.Answer(await stranger.Get("/authorize?pending=" + page.Location!["/sign-in?continue=".Length..]))["state"]);
    }

    [Fact]
    public async Task O34_somebody_outside_the_allowed_groups_sees_why_and_the_application_hears_access_denied()
    {
        await site.Run("group", "add", "ops");
        var (restricted, _) = await site.AddClient("Wiki", "--group", "ops");
        var page = await browser.Get(site.AuthorizePath(("client_id", restricted)));
        Assert.Equal(403, (int)page.Status);
        Assert.Contains("You cannot open Wiki", page.Body, StringComparison.Ordinal);
        Assert.Contains("ada@example.com", page.Body, StringComparison.Ordinal);
        Assert.Contains("https://app.example.com/cb?error=access_denied", page.Body, StringComparison.Ordinal);
        Assert.Equal("oidc.access_denied.group", await site.CodeOf(page.Reference!));
        await site.Run("group", "member", "add", "ops", "ada@example.com");
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("client_id", restricted)))).Keys);
    }

    [Fact]
    public async Task A_hint_of_somebody_else_asks_for_another_sign_in()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var hint = tokens.GetProperty("id_token").GetString()!;
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("id_token_hint", hint), ("prompt", "none")))).Keys);
        await site.Run("user", "add", "--email", "bo@example.com", "--name", "Bo");
        using var other = await site.SignedIn("bo@example.com");
        Assert.Equal("login_required", OidcSite.Answer(await other.Get(site.AuthorizePath(("id_token_hint", hint), ("prompt", "none"))))["error"]);
        var page = await other.Get(site.AuthorizePath(("id_token_hint", hint)));
        Assert.StartsWith("/sign-in?continue=", page.Location, StringComparison.Ordinal);
        Assert.Equal("login_required", OidcSite.Answer(await other.Get("/authorize?pending=" + page.Location!["/sign-in?continue=".Length..]))["error"]);
    }

    [Fact]
    public async Task O31_the_issuer_is_constant_and_foreign_hosts_are_misdirected()
    {
        foreach (var path in new[] { "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server" })
        {
            var (status, json, response) = await site.Send(new(HttpMethod.Get, site.Server.Origin + path));
            Assert.Equal((200, site.Server.Origin), (status, json.GetProperty("issuer").GetString()));
            Assert.NotNull(response.Headers.ETag);
            var (again, _, _) = await site.Send(new(HttpMethod.Get, site.Server.Origin + path) { Headers = { { "If-None-Match", response.Headers.ETag!.Tag } } });
            Assert.Equal(304, again);
            var (foreign, _, _) = await site.Send(new(HttpMethod.Get, site.Server.Origin + path) { Headers = { { "Host", "evil.test" } } });
            Assert.Equal(421, foreign);
        }
    }

    [Theory]
    [InlineData("/token", true)]
    [InlineData("/userinfo", true)]
    [InlineData("/jwks", true)]
    [InlineData("/.well-known/openid-configuration", true)]
    [InlineData("/authorize", false)]
    public async Task O32_only_registered_origins_read_protocol_answers(string path, bool allowed)
    {
        async Task<string?> Allowed(string origin)
        {
            var request = new HttpRequestMessage(HttpMethod.Options, site.Server.Origin + path) { Headers = { { "Origin", origin }, { "Access-Control-Request-Method", "GET" } } };
            var (_, _, response) = await site.Send(request);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Credentials"));
            return response.Headers.TryGetValues("Access-Control-Allow-Origin", out var values) ? values.Single() : null;
        }
        Assert.Equal(allowed ? "https://app.example.com" : null, await Allowed("https://app.example.com"));
        Assert.Null(await Allowed("null"));
        Assert.Null(await Allowed("https://evil.test"));
    }

    private async Task<Page> PostAuthorize(Dictionary<string, string> parameters)
    {
        using var site1 = site.Server.Browser();
        var request = new HttpRequestMessage(HttpMethod.Post, "/authorize") { Content = new FormUrlEncodedContent(parameters) };
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        request.Headers.Add("Origin", "https://app.example.com");
        return await site1.Send(request);
    }
}
