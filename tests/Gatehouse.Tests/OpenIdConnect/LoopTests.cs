using System.Text.RegularExpressions;
using Gatehouse.Audit;
using Gatehouse.OpenIdConnect.Authorize;
using Gatehouse.OpenIdConnect.Logout;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.OpenIdConnect;

/// <summary>An application that sends people round in circles, or logs them out at once.</summary>
public partial class LoopTests(PostgresCluster postgres)
{
    private static async Task<SignInLoop> Stopped(OidcSite site, Page page)
    {
        Assert.Equal(429, (int)page.Status);
        Assert.Equal("oidc.sign_in_loop", await site.CodeOf(page.Reference!));
        var found = await site.Server.Services.GetRequiredService<Gatehouse.Data.Database>().Read(sql => sql.One<string>("select data from cases where reference = @r", new { r = page.Reference }));
        return (SignInLoop)Gatehouse.Refusals.RefusalCatalogue.Read("oidc.sign_in_loop", found!)!;
    }

    private static async Task Round(OidcSite site, TestBrowser browser, bool exchange)
    {
        site.Server.Clock.Advance(TimeSpan.FromSeconds(1));
        var code = await site.Code(browser);
        if (exchange) Assert.Equal(200, (await site.Token(("code", code))).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task C027_B13_four_rounds_and_the_fifth_is_stopped_with_the_cause(bool onPostgres)
    {
        await using var site = await OidcSite.Start(onPostgres ? await postgres.NewDatabase() : null, "--guard");
        using var browser = await site.SignedIn();
        for (var i = 0; i < FindLoops.Rounds; i++) await Round(site, browser, exchange: true);
        var page = await browser.Get(site.AuthorizePath());
        var loop = await Stopped(site, page);
        Assert.Equal((LoopCause.NotKept, FindLoops.Rounds), (loop.Cause, loop.Legs.Length));
        Assert.All(loop.Legs, leg => Assert.NotNull(leg.ExchangedAfter));
        Assert.Contains("forgets the person", page.Body, StringComparison.Ordinal);
        // Without a page nothing is stopped: the application would not see it.
        Assert.Contains("code", OidcSite.Answer(await browser.Get(site.AuthorizePath(("prompt", "none")))).Keys);
        // The person may go on, once; another browser and another application are not concerned.
        var on = System.Net.WebUtility.HtmlDecode(Onward().Match(page.Body).Groups[1].Value);
        Assert.Contains("code", OidcSite.Answer(await browser.Get(on)).Keys);
        await Stopped(site, await browser.Get(site.AuthorizePath()));
        using var other = await site.SignedIn();
        await Round(site, other, exchange: true);
        site.Server.Clock.Advance(FindLoops.Within + TimeSpan.FromSeconds(5));
        await Round(site, browser, exchange: true);
    }

    [Fact]
    public async Task C027_the_cause_is_read_from_what_the_application_did()
    {
        await using var site = await OidcSite.Start(null, "--guard");
        using (var browser = await site.SignedIn())
        {
            for (var i = 0; i < FindLoops.Rounds; i++) await Round(site, browser, exchange: false);
            Assert.Equal(LoopCause.NotExchanged, (await Stopped(site, await browser.Get(site.AuthorizePath()))).Cause);
        }
        using (var browser = await site.SignedIn())
        {
            for (var i = 0; i < FindLoops.Rounds; i++)
            {
                await Round(site, browser, exchange: false);
                await site.Post("/token", new() { ["grant_type"] = "authorization_code", ["code"] = "x" }, OidcSite.Basic(site.ClientId, "wrong"));
            }
            await site.Server.Services.GetRequiredService<RefusalLog>().Flush();
            var loop = await Stopped(site, await browser.Get(site.AuthorizePath()));
            Assert.Equal(LoopCause.Refused, loop.Cause);
            Assert.All(loop.Legs, leg => Assert.Equal("oidc.client_secret_wrong", leg.Refused));
            Assert.NotNull(loop.CaseReference);
        }
    }

    [Fact]
    public async Task C030_a_session_that_ends_at_once_is_noted_with_its_ender_and_the_second_time_stopped()
    {
        await using var site = await OidcSite.Start(null, "--post-logout-redirect-uri", "https://app.example.com/bye");
        async Task<Page> InAndOut(int seconds)
        {
            using var browser = await site.SignedIn();
            var (_, tokens, _) = await site.Token(("code", await site.Code(browser)));
            site.Server.Clock.Advance(TimeSpan.FromSeconds(seconds));
            var page = await browser.Get($"/logout?id_token_hint={tokens.GetProperty("id_token").GetString()}&post_logout_redirect_uri=https%3A%2F%2Fapp.example.com%2Fbye");
            await site.Server.Services.GetRequiredService<TellApplications>().Run();
            await site.Server.Services.GetRequiredService<RefusalLog>().Flush();
            Assert.StartsWith("/sign-in", (await browser.Get("/apps")).Location, StringComparison.Ordinal);
            return page;
        }
        Task<long> Noted() => site.Server.Database.Read(sql => sql.One<long>("select coalesce(sum(occurrences), 0) from problems where code = 'oidc.instant_logout'"));

        Assert.Equal(303, (int)(await InAndOut(60)).Status);
        Assert.Equal(0, await Noted());
        Assert.Equal(303, (int)(await InAndOut(2)).Status);
        Assert.Equal(1, await Noted());
        var stopped = await InAndOut(2);
        Assert.Equal(403, (int)stopped.Status);
        Assert.Equal("oidc.instant_logout", await site.CodeOf(stopped.Reference!));
        Assert.Contains("https://app.example.com/bye", stopped.Body, StringComparison.Ordinal);
    }

    [GeneratedRegex("href=\"([^\"]+)\" id=\"on\"")]
    private static partial Regex Onward();
}
