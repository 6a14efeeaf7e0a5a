using System.Text;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

public class TokenTests : IAsyncLifetime
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
    [InlineData(null)]
    [InlineData("wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong")]
    [InlineData("short")]
    public async Task O08_O35_a_wrong_verifier_is_refused_and_the_code_stays_spent(string? verifier)
    {
        var code = await site.Code(browser);
        await Refused("invalid_grant", "oidc.pkce_verifier", site.Token(("code", code), ("code_verifier", verifier)));
        await Refused("invalid_grant", "oidc.code_reused", site.Token(("code", code)));
    }

    [Fact]
    public async Task CVE_2024_23647_O08_a_verifier_without_a_challenge_is_refused()
    {
        var (lax, secret) = await site.AddClient("Old app", "--no-pkce");
        var code = await site.Code(browser, ("client_id", lax), ("code_challenge", null), ("code_challenge_method", null));
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = code };
        await Refused("invalid_grant", "oidc.pkce_verifier", site.Post("/token", form, OidcSite.Basic(lax, secret)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(30)]
    public async Task O09_a_code_used_twice_revokes_the_tokens_of_the_first(int seconds)
    {
        var code = await site.Code(browser);
        var (_, tokens, _) = await site.Token(("code", code));
        site.Server.Clock.Advance(TimeSpan.FromSeconds(seconds));
        await Refused("invalid_grant", "oidc.code_reused", site.Token(("code", code)));
        var (status, error, _) = await site.Userinfo(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal((401, "invalid_token"), (status, error.GetProperty("error").GetString()));
        await Refused("invalid_grant", "oidc.grant_ended", site.Refresh(tokens.GetProperty("refresh_token").GetString()!));
        Assert.Contains("client.code_reused", await site.Server.Database.Read(sql => sql.List<string>("select action from audit")));
    }

    [Fact]
    public async Task CVE_2026_28513_O11_O35_a_code_works_for_its_client_its_callback_and_its_minute_only()
    {
        var (other, otherSecret) = await site.AddClient("Other");
        var code = await site.Code(browser);
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["redirect_uri"] = OidcSite.Callback, ["code_verifier"] = OidcSite.Verifier, ["code"] = code };
        await Refused("invalid_grant", "oidc.code_other_client", site.Post("/token", form, OidcSite.Basic(other, otherSecret)));
        await Refused("invalid_grant", "oidc.code_reused", site.Token(("code", code)));

        code = await site.Code(browser);
        await Refused("invalid_grant", "oidc.code_redirect_uri", site.Token(("code", code), ("redirect_uri", OidcSite.Callback + "/")));
        await Refused("invalid_grant", "oidc.code_reused", site.Token(("code", code)));
        await Refused("invalid_grant", "oidc.code_redirect_uri", site.Token(("code", await site.Code(browser)), ("redirect_uri", null)));

        code = await site.Code(browser);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(61));
        await Refused("invalid_grant", "oidc.code_expired", site.Token(("code", code)));
        await Refused("invalid_grant", "oidc.code_unknown", site.Token(("code", "nonsense")));
    }

    [Fact]
    public async Task O13_client_authentication()
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["code"] = "x" };
        await Unauthenticated("oidc.client_secret_wrong", form, OidcSite.Basic(site.ClientId, "wrong"));
        await Unauthenticated("oidc.client_secret_wrong", form, OidcSite.Basic(site.ClientId, ""));
        await Unauthenticated("oidc.token_client_unknown", form, OidcSite.Basic("nobody", "x"));
        await Unauthenticated("oidc.client_credentials_missing", form, null);
        await Unauthenticated("oidc.client_credentials_missing", form, "Basic !!!");
        await Unauthenticated("oidc.client_credentials_missing", form, "Bearer x");
        await Unauthenticated("oidc.client_credentials_missing", form, "Basic " + Convert.ToBase64String("%zz:x"u8));
        await Unauthenticated("oidc.client_auth_method", new(form) { ["client_id"] = site.ClientId, ["client_secret"] = site.Secret }, null);
        await Unauthenticated("oidc.client_auth_method", new(form) { ["client_id"] = site.ClientId }, null);
        await Refused("invalid_request", "oidc.two_client_auth_methods", site.Post("/token", new(form) { ["client_id"] = site.ClientId, ["client_secret"] = site.Secret }, OidcSite.Basic(site.ClientId, site.Secret)));
        await Refused("invalid_request", "oidc.two_client_auth_methods", site.Post("/token", new(form) { ["client_id"] = "other" }, OidcSite.Basic(site.ClientId, site.Secret)));
        // Every character percent-encoded means the same secret (RFC 6749 section 2.3.1).
        var encoded = string.Concat(site.Secret.Select(c => $"%{(int)c:X2}"));
        await Refused("invalid_grant", "oidc.code_unknown", site.Post("/token", form, "Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes($"{site.ClientId}:{encoded}"))));
        await site.Run("client", "disable", site.ClientId);
        await Unauthenticated("oidc.token_client_off", form, OidcSite.Basic(site.ClientId, site.Secret));
    }

    [Fact]
    public async Task Refused_client_authentications_look_the_same_outside()
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "authorization_code", ["code"] = "x" };
        async Task<string> Body(string? header)
        {
            var (_, json, response) = await site.Post("/token", form, header);
            return json.ToString().Replace(OidcSite.ReferenceIn(json), "REF", StringComparison.Ordinal) + string.Join(',', response.Headers.Select(h => h.Key).Order());
        }
        var unknown = await Body(OidcSite.Basic("nobody", "x"));
        Assert.Equal(unknown, await Body(OidcSite.Basic(site.ClientId, "wrong")));
        Assert.Equal(unknown, await Body(null));
        await site.Run("client", "disable", site.ClientId);
        Assert.Equal(unknown, await Body(OidcSite.Basic(site.ClientId, site.Secret)));
    }

    [Fact]
    public async Task Post_and_public_clients_authenticate_in_their_way()
    {
        var (post, secret) = await site.AddClient("Post", "--auth-method", "client_secret_post");
        var (open, none) = await site.AddClient("Single page", "--public");
        Assert.Equal("", none);
        foreach (var (id, value) in new[] { (post, secret), (open, "") })
        {
            var form = new Dictionary<string, string>
            {
                ["grant_type"] = "authorization_code",
                ["redirect_uri"] = OidcSite.Callback,
                ["code_verifier"] = OidcSite.Verifier,
                ["client_id"] = id,
                ["code"] = await site.Code(browser, ("client_id", id)),
            };
            if (value.Length > 0) form["client_secret"] = value;
            Assert.Equal(200, (await site.Post("/token", form, null)).Status);
        }
    }

    [Fact]
    public async Task A_malformed_token_request_is_told_so()
    {
        await Refused("unsupported_grant_type", "oidc.grant_type", site.Token(("grant_type", "password")));
        await Refused("invalid_request", "oidc.token_request", site.Token(("grant_type", null)));
        await Refused("invalid_request", "oidc.token_request", site.Token());
        using var twice = new HttpRequestMessage(HttpMethod.Post, site.Server.Origin + "/token") { Content = new StringContent("grant_type=authorization_code&code=a&code=b", Encoding.ASCII, "application/x-www-form-urlencoded") };
        await Refused("invalid_request", "oidc.token_request", site.Send(twice));
        using var xml = new HttpRequestMessage(HttpMethod.Post, site.Server.Origin + "/token") { Content = new StringContent("<a/>", Encoding.ASCII, "text/xml") };
        Assert.Equal("invalid_request", (await site.Send(xml)).Json.GetProperty("error").GetString());
        using var json = new HttpRequestMessage(HttpMethod.Post, site.Server.Origin + "/token") { Content = new StringContent("{}", Encoding.ASCII, "application/json") };
        Assert.Equal(401, (await site.Send(json)).Status);
    }

    [Fact]
    public async Task O16_refresh_tokens_rotate_and_late_reuse_revokes_the_family()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var first = tokens.GetProperty("refresh_token").GetString()!;
        var (_, second, _) = await site.Refresh(first);
        Assert.NotEqual(first, second.GetProperty("refresh_token").GetString());
        site.Server.Clock.Advance(TimeSpan.FromSeconds(11));
        await Refused("invalid_grant", "oidc.refresh_reused", site.Refresh(first));
        await Refused("invalid_grant", "oidc.grant_ended", site.Refresh(second.GetProperty("refresh_token").GetString()!));
        Assert.Equal(401, (await site.Userinfo(second.GetProperty("access_token").GetString()!)).Status);
    }

    [Fact]
    public async Task CVE_2026_55672_O16_another_client_and_a_wider_scope_are_refused_without_spending()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser, ("scope", "openid offline_access"))));
        var token = tokens.GetProperty("refresh_token").GetString()!;
        var (other, otherSecret) = await site.AddClient("Other");
        await Refused("invalid_grant", "oidc.refresh_other_client", site.Post("/token", new() { ["grant_type"] = "refresh_token", ["refresh_token"] = token }, OidcSite.Basic(other, otherSecret)));
        await Refused("invalid_scope", "oidc.refresh_scope", site.Refresh(token, ("scope", "openid email")));
        await Refused("invalid_grant", "oidc.refresh_unknown", site.Refresh(token + "x"));
        await Refused("invalid_grant", "oidc.refresh_unknown", site.Refresh(token.Replace(".1.", ".2.", StringComparison.Ordinal)));
        var (status, narrowed, _) = await site.Refresh(token, ("scope", "openid"));
        Assert.Equal((200, "openid"), (status, narrowed.GetProperty("scope").GetString()));
    }

    [Theory]
    [InlineData("update users set epoch = epoch + 1")]
    [InlineData("update users set disabled_at = 1")]
    [InlineData("update sessions set ended_at = 1")]
    [InlineData("update grants set revoked_at = 1")]
    [InlineData("update clients set restricted = true")]
    public async Task O16_what_ends_a_sign_in_ends_its_tokens_at_once(string change)
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        await site.Server.Database.Write(sql => sql.Run(change));
        var (status, error, _) = await site.Refresh(tokens.GetProperty("refresh_token").GetString()!);
        Assert.Equal((400, "invalid_grant"), (status, error.GetProperty("error").GetString()));
        var (infoStatus, _, response) = await site.Userinfo(tokens.GetProperty("access_token").GetString()!);
        Assert.Equal(401, infoStatus);
        Assert.Contains("invalid_token", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task O17_a_client_that_never_read_the_answer_may_ask_once_more()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var first = tokens.GetProperty("refresh_token").GetString()!;
        var (_, lost, _) = await site.Refresh(first);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(5));
        var (status, again, _) = await site.Refresh(first);
        Assert.Equal(200, status);
        Assert.Equal(lost.GetProperty("refresh_token").GetString(), again.GetProperty("refresh_token").GetString());
        Assert.Equal(200, (await site.Userinfo(again.GetProperty("access_token").GetString()!)).Status);
        var (_, third, _) = await site.Refresh(again.GetProperty("refresh_token").GetString()!);
        Assert.Equal(200, (await site.Refresh(third.GetProperty("refresh_token").GetString()!)).Status);
        Assert.Contains("client.refresh_retried", await site.Server.Database.Read(sql => sql.List<string>("select action from audit")));
    }

    [Fact]
    public async Task openiddict_1274_O17_the_retry_is_honoured_once()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var first = tokens.GetProperty("refresh_token").GetString()!;
        Assert.Equal(200, (await site.Refresh(first)).Status);
        Assert.Equal(200, (await site.Refresh(first)).Status);
        await Refused("invalid_grant", "oidc.refresh_reused", site.Refresh(first));
    }

    [Fact]
    public async Task A_refresh_token_unused_for_a_month_expires()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        site.Server.Clock.Advance(TimeSpan.FromDays(31));
        await Refused("invalid_grant", "oidc.refresh_expired", site.Refresh(tokens.GetProperty("refresh_token").GetString()!));
    }

    [Fact]
    public async Task O26_userinfo_takes_one_living_access_token_in_the_header()
    {
        var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
        var access = tokens.GetProperty("access_token").GetString()!;
        await Info("invalid_token", "oidc.access_token_invalid", site.Userinfo(tokens.GetProperty("id_token").GetString()!));
        await Info("invalid_token", "oidc.access_token_invalid", site.Userinfo("nonsense"));
        await Info("invalid_token", "oidc.access_token_invalid", site.Userinfo(access[..^2] + "xx"));
        await Info("invalid_request", "oidc.access_token_place", site.Userinfo("", "?access_token=" + access));
        await Info("invalid_request", "oidc.access_token_twice", site.Userinfo(access, "?access_token=" + access));
        await Info("invalid_token", "oidc.access_token_missing", site.Userinfo(""));
        Assert.Equal(200, (await site.Post("/userinfo", [], "Bearer " + access)).Status);
        site.Server.Clock.Advance(TimeSpan.FromSeconds(301));
        await Info("invalid_token", "oidc.access_token_expired", site.Userinfo(access));
    }

    private async Task Info(string error, string code, Task<(int Status, System.Text.Json.JsonElement Json, HttpResponseMessage Response)> call)
    {
        var (status, json, response) = await call;
        Assert.Equal((401, error), (status, json.GetProperty("error").GetString()));
        Assert.StartsWith("Bearer", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(code, await site.CodeOf(OidcSite.ReferenceIn(json)));
    }

    private async Task Unauthenticated(string code, Dictionary<string, string> form, string? header)
    {
        var (status, json, response) = await site.Post("/token", form, header);
        Assert.Equal((401, "invalid_client"), (status, json.GetProperty("error").GetString()));
        Assert.StartsWith("Basic", response.Headers.WwwAuthenticate.ToString(), StringComparison.Ordinal);
        Assert.Equal(code, await site.CodeOf(OidcSite.ReferenceIn(json)));
    }

    private async Task Refused(string error, string code, Task<(int Status, System.Text.Json.JsonElement Json, HttpResponseMessage Response)> call)
    {
        var (status, json, response) = await call;
        Assert.Equal((error == "invalid_client" ? 401 : 400, error), (status, json.ValueKind == System.Text.Json.JsonValueKind.Undefined ? "no JSON" : json.GetProperty("error").GetString()));
        Assert.Equal("no-store", response.Headers.CacheControl!.ToString());
        Assert.StartsWith(site.Server.Origin + "/help/oidc.", json.GetProperty("error_uri").GetString(), StringComparison.Ordinal);
        Assert.Equal(code, await site.CodeOf(OidcSite.ReferenceIn(json)));
    }
}
