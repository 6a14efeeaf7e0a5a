using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>Who is asked, what they are shown, what is remembered, and how it is taken back.</summary>
public partial class ConsentTests(PostgresCluster postgres)
{
    private static async Task<OidcSite> Start(string? url)
    {
        var site = await OidcSite.Start(url, "--ask");
        await site.Run("group", "add", "staff");
        await site.Run("group", "member", "add", "staff", "ada@example.com");
        return site;
    }

    /// <summary>Opens the application's request, lands on the consent page.</summary>
    private static async Task<Page> Asked(OidcSite site, TestBrowser browser, params (string Name, string? Value)[] changes)
    {
        var page = await browser.Get(site.AuthorizePath(changes));
        Assert.StartsWith("/consent?continue=", page.Location, StringComparison.Ordinal);
        return await browser.Get(page.Location!);
    }

    private static async Task<Page> Say(TestBrowser browser, Page consent, string answer, string? items = null)
    {
        var answered = await browser.Post("/consent", ("continue", Hidden(consent, "continue")), ("items", items ?? Hidden(consent, "items")), ("answer", answer));
        if (answered.Status != HttpStatusCode.OK || !answered.Body.Contains("http-equiv", StringComparison.Ordinal)) return answered;
        Assert.Contains("form-action 'self'", answered.Headers["Content-Security-Policy"], StringComparison.Ordinal);
        return await browser.Get(WebUtility.HtmlDecode(Refresh().Match(answered.Body).Groups[1].Value));
    }

    private static string Hidden(Page page, string name) => WebUtility.HtmlDecode(Regex.Match(page.Body, $"name=\"{name}\" value=\"([^\"]*)\"").Groups[1].Value);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_page_shows_the_values_remembers_the_answer_and_asks_again_only_for_more(bool onPostgres)
    {
        await using var site = await Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        var page = await Asked(site, browser, ("scope", "openid profile email"));
        Assert.Contains("ada@example.com", page.Body, StringComparison.Ordinal);
        Assert.Contains("<bdi>Ada</bdi>", page.Body, StringComparison.Ordinal);
        Assert.Contains("app.example.com", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("staff", page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("openid", Regex.Replace(page.Body, "<head>.*</head>", "", RegexOptions.Singleline), StringComparison.Ordinal);
        Assert.Contains("code", OidcSite.Answer(await Say(browser, page, "yes")).Keys);

        // Remembered, also for less.
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("scope", "openid profile email")))).Keys);
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("scope", "openid email"), ("prompt", "none")))).Keys);
        // More is asked for: prompt=none is refused, and the page marks what is new.
        var silent = await browser.Get(site.AuthorizePath(("scope", "openid profile email groups"), ("prompt", "none")));
        Assert.Equal("consent_required", OidcSite.Answer(silent)["error"]);
        Assert.Equal("oidc.consent_required", await site.CodeOf(silent.Reference!));
        var more = await Asked(site, browser, ("scope", "openid profile email groups"));
        Assert.Contains("staff", more.Body, StringComparison.Ordinal);
        Assert.Single(Regex.Matches(more.Body, ">new<"));
        Assert.Contains("code", OidcSite.Answer(await Say(browser, more, "yes")).Keys);
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("scope", "openid email")))).Keys);

        // Another person is asked for themselves.
        await site.Run("user", "add", "--email", "bob@example.com", "--name", "Bob");
        using var other = await site.SignedIn("bob@example.com");
        Assert.Contains("bob@example.com", (await Asked(site, other)).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task O18_consent_missing_and_prompt_none_is_consent_required_and_never_a_page()
    {
        await using var site = await Start(null);
        using var browser = await site.SignedIn();
        Assert.Equal("consent_required", OidcSite.Answer(await browser.Get(site.AuthorizePath(("prompt", "none"))))["error"]);
        Assert.Contains("code", OidcSite.Answer(await Say(browser, await Asked(site, browser, ("scope", "openid")), "yes")).Keys);
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("scope", "openid"), ("prompt", "none")))).Keys);
    }

    [Fact]
    public async Task C107_a_no_is_told_to_the_application_and_has_a_cause_of_its_own()
    {
        await using var site = await Start(null);
        using var browser = await site.SignedIn();
        var no = await Say(browser, await Asked(site, browser), "no");
        Assert.Equal(("access_denied", "st"), (OidcSite.Answer(no)["error"], OidcSite.Answer(no)["state"]));
        Assert.Equal("oidc.access_denied.consent", await site.CodeOf(no.Reference!));
        await Asked(site, browser);
    }

    [Fact]
    public async Task Prompt_consent_asks_again_also_for_an_application_of_the_house()
    {
        await using var site = await OidcSite.Start();
        using var browser = await site.SignedIn();
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath())).Keys);
        for (var i = 0; i < 2; i++)
        {
            site.Server.Clock.Advance(TimeSpan.FromSeconds(2));
            var page = await Asked(site, browser, ("prompt", "consent"));
            site.Server.Clock.Advance(TimeSpan.FromSeconds(2));
            Assert.Contains("code", OidcSite.Answer(await Say(browser, page, "yes")).Keys);
        }
    }

    [Fact]
    public async Task What_changed_between_showing_and_pressing_is_shown_again()
    {
        await using var site = await Start(null);
        using var browser = await site.SignedIn();
        var page = await Asked(site, browser, ("scope", "openid email"));
        await site.Run("user", "claim", "set", "ada@example.com", "salary", "1000");
        await site.MapClaims("claim", "set", site.ClientId, "pay", "--from", "custom:salary");
        var again = await Say(browser, page, "yes");
        Assert.Equal(200, (int)again.Status);
        Assert.Contains("<bdi>1000</bdi>", again.Body, StringComparison.Ordinal);
        Assert.Equal("consent_required", OidcSite.Answer(await browser.Get(site.AuthorizePath(("scope", "openid email"), ("prompt", "none"))))["error"]);
        Assert.Contains("code", OidcSite.Answer(await Say(browser, again, "yes")).Keys);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task My_apps_lists_what_was_agreed_and_removing_it_kills_tokens_and_asks_again(bool onPostgres)
    {
        await using var site = await Start(onPostgres ? await postgres.NewDatabase() : null);
        using var browser = await site.SignedIn();
        var code = OidcSite.Answer(await Say(browser, await Asked(site, browser), "yes"))["code"];
        var (_, tokens, _) = await site.Token(("code", code));
        var access = tokens.GetProperty("access_token").GetString()!;
        Assert.Equal(200, (await site.Userinfo(access)).Status);

        var apps = await browser.Get("/apps");
        Assert.Contains("Your e-mail address", apps.Body, StringComparison.Ordinal);
        // Nobody else's access can be removed, and not without the form's token.
        await site.Run("user", "add", "--email", "bob@example.com", "--name", "Bob");
        using var bob = await site.SignedIn("bob@example.com");
        await bob.Post($"/apps/{site.ClientId}/remove-access");
        Assert.Equal(200, (await site.Userinfo(access)).Status);

        Assert.Equal(303, (int)(await browser.Post($"/apps/{site.ClientId}/remove-access")).Status);
        Assert.Equal(401, (await site.Userinfo(access)).Status);
        Assert.Equal(400, (await site.Refresh(tokens.GetProperty("refresh_token").GetString()!)).Status);
        Assert.DoesNotContain("Your e-mail address", (await browser.Get("/apps")).Body, StringComparison.Ordinal);
        await Asked(site, browser);
    }

    [Fact]
    public async Task CVE_2026_7507_a_sign_in_or_consent_begun_in_one_browser_does_nothing_in_another()
    {
        await using var site = await Start(null);
        using var attacker = await site.SignedIn();
        var consent = (await attacker.Get(site.AuthorizePath())).Location!;
        await site.Run("user", "add", "--email", "bob@example.com", "--name", "Bob");
        using var victim = await site.SignedIn("bob@example.com");
        await victim.Get("/apps");
        var led = await victim.Get(consent);
        var page = led.Location is { } to ? await victim.Get(to) : led;
        Assert.Equal(400, (int)page.Status);
        Assert.Equal("oidc.request_expired", await site.CodeOf(page.Reference!));
        var token = Uri.UnescapeDataString(consent.Split("continue=")[1]);
        var posted = await victim.Post("/consent", ("continue", token), ("items", "name given_name"), ("answer", "yes"));
        Assert.Equal(400, (int)(await victim.Get(posted.Location!)).Status);
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from consents")));
    }

    [Fact]
    public async Task O36_a_post_of_another_site_leaves_what_waits_in_this_browser_alone()
    {
        await using var site = await Start(null);
        using var browser = await site.SignedIn();
        var waiting = await Asked(site, browser);
        var kept = browser.Cookies.ToDictionary();
        foreach (var path in new[] { "/authorize", "/logout" })
        {
            // The browser sends no Lax cookie with it.
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(site.AuthorizeParameters()) };
            request.Headers.Add("Sec-Fetch-Site", "cross-site");
            request.Headers.Add("Cookie", "none=1");
            Assert.DoesNotContain("Set-Cookie", (await browser.Send(request)).Headers.Keys);
        }
        Assert.Equal(kept, browser.Cookies.ToDictionary());
        Assert.Contains("code", OidcSite.Answer(await Say(browser, waiting, "yes")).Keys);
    }

    [Fact]
    public async Task An_answer_without_the_forms_token_or_without_a_session_changes_nothing()
    {
        await using var site = await Start(null);
        using var browser = await site.SignedIn();
        var page = await Asked(site, browser);
        var token = Hidden(page, "continue");
        var forged = new HttpRequestMessage(HttpMethod.Post, "/consent") { Content = new FormUrlEncodedContent(new Dictionary<string, string> { ["continue"] = token, ["items"] = Hidden(page, "items"), ["answer"] = "yes" }) };
        forged.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.Equal(403, (int)(await browser.Send(forged)).Status);
        browser.Cookies.Remove("__Host-gatehouse");
        Assert.StartsWith("/sign-in", (await browser.Post("/consent", ("continue", token), ("items", Hidden(page, "items")), ("answer", "yes"))).Location, StringComparison.Ordinal);
        Assert.Equal(0, await site.Server.Database.Read(sql => sql.One<long>("select count(*) from consents")));
    }

    [GeneratedRegex("content=\"0; url=([^\"]+)\"")]
    private static partial Regex Refresh();
}
