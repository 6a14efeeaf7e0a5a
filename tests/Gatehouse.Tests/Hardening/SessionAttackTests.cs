using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Tests.OpenIdConnect;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.Hardening;

/// <summary>Cookies, sessions and pages as somebody sees them who wishes us ill, or whose browser is odd.</summary>
public sealed partial class SessionAttackTests(PostgresCluster postgres) : IAsyncLifetime
{
    private OidcSite site = null!;

    public async ValueTask InitializeAsync() => site = await OidcSite.Start();

    public ValueTask DisposeAsync() => site.DisposeAsync();

    [Fact]
    public async Task B02_every_cookie_is_host_only_secure_httponly_lax_and_short()
    {
        using var person = await TestPerson.User(site.Server, "bea@example.com", "Bea");
        await person.StepUp();
        await person.Browser.Post("/preferences", ("theme", "dark"), ("language", "en"));
        await person.Browser.Post("/sign-out");
        await person.SignIn();
        // The one exception: the probe under the plain name, on http://localhost, until the browser has shown which name it keeps.
        var lines = person.Browser.CookieLines.Where(l => !l.StartsWith("gatehouse-browser=", StringComparison.Ordinal)).ToArray();
        Assert.InRange(lines.Length, 5, 50);
        Assert.All(lines, l => Assert.Matches("^__Host-[a-z-]+=[A-Za-z0-9_-]*; (max-age=[0-9]+; )?path=/; secure; samesite=lax; httponly$", l));
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 4095));
        Assert.DoesNotContain(person.Browser.Cookies.Keys, k => !k.StartsWith("__Host-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task B02_a_browser_that_drops_secure_cookies_on_localhost_gets_plain_ones_and_goes_all_the_way()
    {
        using var safari = new TestPerson(site.Server) { Browser = new(site.Server.Origin) { DropsSecureCookies = true } };
        Assert.Equal(303, (int)(await safari.FollowLoginLink(await TestPerson.LoginLink(site.Server, "ada@example.com"))).Status);
        Assert.Equal(200, (int)(await safari.Register()).Status);
        Assert.Equal(200, (int)(await safari.StepUp()).Status);
        await safari.Browser.Post("/sign-out");
        Assert.StartsWith("/sign-in", (await safari.Browser.Get("/apps")).Location, StringComparison.Ordinal);
        var waiting = await safari.Browser.Get(site.AuthorizePath());
        Assert.Equal(200, (int)(await safari.SignIn(waiting.Location!["/sign-in".Length..])).Status);
        Assert.Contains("code=", (await safari.Browser.Get(site.AuthorizePath())).Location, StringComparison.Ordinal);
        Assert.Equal(["gatehouse", "gatehouse-browser"], safari.Browser.Cookies.Keys.Order(StringComparer.Ordinal));
        Assert.All(safari.Browser.CookieLines.Where(l => !l.StartsWith("__Host-", StringComparison.Ordinal)), l => Assert.Matches("^gatehouse[a-z-]*=[A-Za-z0-9_-]*; (max-age=[0-9]+; )?path=/; samesite=lax; httponly$", l));
    }

    [Fact]
    public async Task B02_plain_cookies_that_another_program_on_localhost_planted_are_never_believed()
    {
        using var ada = await site.SignedIn();
        await ada.Get("/sign-in");
        var session = ada.Cookies["__Host-gatehouse"];
        // Beside the real browser cookie a session under the plain name is nobody's.
        using (var planted = site.Server.Browser())
        {
            await planted.Get("/sign-in");
            await planted.Get("/sign-in");
            Assert.Equal(["__Host-gatehouse-browser"], planted.Cookies.Keys);
            planted.Cookies["gatehouse"] = session;
            Assert.StartsWith("/sign-in", (await planted.Get("/apps")).Location, StringComparison.Ordinal);
        }
        // A planted browser cookie does not displace the real one, and is taken away.
        using (var both = site.Server.Browser())
        {
            await both.Get("/sign-in");
            var (real, token) = (both.Cookies["__Host-gatehouse-browser"], both.Token);
            both.Cookies["gatehouse-browser"] = new string('A', 43);
            var page = await both.Get("/sign-in");
            Assert.Equal(token, both.Token);
            Assert.Equal(real, both.Cookies["__Host-gatehouse-browser"]);
            Assert.Contains("gatehouse-browser=; max-age=0", page.Headers["Set-Cookie"], StringComparison.Ordinal);
            Assert.DoesNotContain("gatehouse-browser", both.Cookies.Keys);
        }
        // On https there is no plain name at all.
        await using var secure = await TestInstance.Start(null, ("APP_URL", "https://id.example.com"));
        using var http = new HttpClient(new SocketsHttpHandler { UseCookies = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://localhost:{Microsoft.Extensions.DependencyInjection.ServiceProviderServiceExtensions.GetRequiredService<Gatehouse.Configuration.ServerConfiguration>(secure.Services).Port}/sign-in");
        request.Headers.Host = "id.example.com";
        request.Headers.Add("Cookie", $"gatehouse-browser={new string('A', 43)}; gatehouse={session}");
        using var answer = await http.SendAsync(request);
        Assert.All(answer.Headers.GetValues("Set-Cookie"), l => Assert.StartsWith("__Host-", l, StringComparison.Ordinal));
    }

    [Fact]
    public async Task B13_a_browser_that_keeps_no_cookie_is_told_so_and_never_sent_in_circles()
    {
        using var blocked = site.Server.Browser();
        var page = await blocked.Get(site.AuthorizePath());
        blocked.Cookies.Clear();
        page = await blocked.Get(page.Location!);
        blocked.Cookies.Clear();
        Assert.Equal(HttpStatusCode.OK, page.Status);
        page = await blocked.Post("/sign-in/clean");
        Assert.Equal(400, (int)page.Status);
        Assert.Contains("did not give back the cookie", page.Body, StringComparison.Ordinal);
        Assert.NotNull(page.Reference);
        blocked.Cookies.Clear();
        Assert.Equal(400, (int)(await blocked.PostJson("/passkeys/assertion/options", "{}")).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task K15_two_tabs_that_register_at_once_never_leave_a_key_that_was_refused(bool onPostgres)
    {
        await using var own = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null);
        for (var round = 0; round < 8; round++)
        {
            using var first = new TestPerson(own.Server);
            Assert.Equal(303, (int)(await first.FollowLoginLink(await TestPerson.LoginLink(own.Server, "ada@example.com"))).Status);
            using var second = new TestPerson(own.Server);
            foreach (var (name, value) in first.Browser.Cookies) second.Browser.Cookies[name] = value;
            await second.Browser.Get("/account/security");
            var options = (await first.Browser.PostJson("/account/passkeys/options", "{}"), await second.Browser.PostJson("/account/passkeys/options", "{}"));
            var before = await Keys(own);
            var both = await Task.WhenAll(first.CompleteRegistration("/account/passkeys", options.Item1), second.CompleteRegistration("/account/passkeys", options.Item2));
            Assert.All(both, p => Assert.True(p.Status is HttpStatusCode.OK or HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.SeeOther, $"{p.Status}"));
            Assert.Equal(both.Count(p => p.Status == HttpStatusCode.OK), await Keys(own) - before);
            Assert.Contains(both, p => p.Status == HttpStatusCode.OK);
        }

        static Task<long> Keys(OidcSite site) => site.Server.Database.Read(sql => sql.One<long>("select count(*) from passkeys"));
    }

    [Fact]
    public async Task E18_a_link_that_somebody_sends_names_its_account_and_asks_whoever_is_signed_in_first()
    {
        await site.Run("user", "add", "--email", "mallory@example.com", "--name", "Mallory");
        var link = new Uri(await TestPerson.LoginLink(site.Server, "mallory@example.com"));
        using var ada = await site.SignedIn();
        var page = await ada.Get(link.PathAndQuery);
        Assert.Contains("Sign in as Mallory?", page.Body, StringComparison.Ordinal);
        Assert.Contains("You are signed in as Ada", page.Body, StringComparison.Ordinal);
        Assert.Contains(new Uri(site.Server.Origin).Authority, page.Body, StringComparison.Ordinal);
        Assert.Contains("ada@example.com", (await ada.Get("/account")).Body, StringComparison.Ordinal);
        // The form works in the browser that opened it only.
        var token = ada.Token;
        using var other = site.Server.Browser();
        await other.Get("/sign-in");
        var request = new HttpRequestMessage(HttpMethod.Post, "/link") { Content = new FormUrlEncodedContent([new("t", link.Query[3..]), new("_token", token)]) };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        Assert.Equal(400, (int)(await other.Send(request)).Status);
        Assert.Equal(303, (int)(await ada.Post("/link", ("t", link.Query[3..]))).Status);
    }

    [Fact]
    public async Task B16_a_session_that_its_owner_ends_is_dead_at_once_with_its_refresh_tokens()
    {
        using var lost = await site.SignedIn();
        using var here = await site.SignedIn();
        var refresh = (await site.Token(("code", await site.Code(lost)))).Json.GetProperty("refresh_token").GetString()!;
        var list = await here.Get("/account/sessions");
        foreach (Match end in EndPath().Matches(list.Body)) await here.Post(end.Value);
        Assert.Equal(200, (int)(await here.Get("/account/sessions")).Status);
        Assert.StartsWith("/sign-in", (await lost.Get("/account/sessions")).Location, StringComparison.Ordinal);
        Assert.Equal(400, (await site.Refresh(refresh)).Status);
    }

    [Fact]
    public async Task X03_X10_strangers_learn_the_value_they_sent_at_most_and_a_reference_opens_nothing()
    {
        using var stranger = site.Server.Browser();
        var page = await stranger.Get(site.AuthorizePath(("redirect_uri", "https://app.example.com/other")));
        Assert.Equal(400, (int)page.Status);
        Assert.DoesNotContain(OidcSite.Callback, page.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("Grafana", page.Body, StringComparison.Ordinal);
        Assert.Equal("oidc.redirect_uri_mismatch", await site.CodeOf(page.Reference!));
        using var ada = await site.SignedIn();
        foreach (var path in new[] { "/admin/cases/", "/admin/lookup?q=", "/help/", "/admin/problems/" })
        {
            Assert.StartsWith("/sign-in", (await stranger.Get(path == "/help/" ? "/account" : path + page.Reference)).Location, StringComparison.Ordinal);
            Assert.DoesNotContain("not registered", (await ada.Get(path + page.Reference)).Body, StringComparison.Ordinal);
        }
        Assert.Equal(10_000, Enumerable.Range(0, 10_000).Select(_ => Gatehouse.Refusals.Reference.Draw().Text).Distinct().Count());
    }

    [GeneratedRegex("/account/sessions/[0-9a-f]{32}/end")]
    private static partial Regex EndPath();
}
