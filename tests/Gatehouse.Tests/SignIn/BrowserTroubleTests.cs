using System.Net;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using static Gatehouse.Tests.SignIn.Passwords.PasswordSite;

namespace Gatehouse.Tests.SignIn;

/// <summary>Cookies that do not come back, starting clean, and several tabs (C021 to C024), as far as plain requests show it.</summary>
public class BrowserTroubleTests
{
    [Fact]
    public async Task C021_C024_a_cookie_that_does_not_come_back_has_its_own_code_and_says_where_it_got_lost()
    {
        await using var instance = await Start();
        using var browser = instance.Browser();
        var first = await browser.Get("/sign-in");
        Assert.Contains("/sign-in/probe.css", first.Body);
        var kept = await browser.Get("/sign-in/probe.css");
        Assert.Equal(("", null), (kept.Body, kept.Reference));
        Assert.DoesNotContain("/sign-in/probe.css", (await browser.Get("/sign-in")).Body);

        async Task<(Page Page, string Evidence)> Probe(params (string Name, string Value)[] headers)
        {
            using var blocked = instance.Browser();
            var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in/probe.css");
            foreach (var (name, value) in headers) request.Headers.Add(name, value);
            var page = await blocked.Send(request);
            Assert.Equal("browser.cookie_missing", await CodeOf(instance, page));
            Assert.Contains(page.Reference!, page.Body);
            return (page, (await instance.Console("why", page.Reference!)).Output);
        }
        Assert.Contains("the browser blocks cookies", (await Probe()).Evidence);
        Assert.Contains("removes ours", (await Probe(("Cookie", "other=1; more=2"))).Evidence);
        Assert.Contains("went through a proxy", (await Probe(("Via", "1.1 cache"))).Evidence);

        // Whoever posts all the same hears the same code, not "invalid session".
        using var posting = instance.Browser();
        await posting.Get("/sign-in");
        posting.Cookies.Clear();
        var posted = await posting.Post("/sign-in/password", ("name", "ada"), ("password", Good));
        Assert.Equal((HttpStatusCode.BadRequest, "browser.cookie_missing"), (posted.Status, await CodeOf(instance, posted)));
        Assert.Contains("content blockers", posted.Body);
    }

    [Fact]
    public async Task C022_starting_clean_forgets_everything_here_and_goes_back_to_where_the_person_was_going()
    {
        await using var instance = await Start();
        await NewUser(instance, "ada@example.com", "Ada");
        using var browser = instance.Browser();
        var way = (await browser.Get("/account/sessions")).Location!;
        var page = await browser.Get(way);
        var help = await browser.Get(System.Text.RegularExpressions.Regex.Match(page.Body, "href=\"(/sign-in/help[^\"]*)\"").Groups[1].Value.Replace("&amp;", "&"));
        var clean = System.Text.RegularExpressions.Regex.Match(help.Body, "action=\"(/sign-in/clean[^\"]*)\"").Groups[1].Value.Replace("&amp;", "&");
        var cleaned = await browser.Post(clean);
        Assert.Equal(HttpStatusCode.SeeOther, cleaned.Status);
        Assert.Equal("\"cookies\", \"storage\"", cleaned.Headers["Clear-Site-Data"]);
        Assert.Equal(way, cleaned.Location);
        browser.Cookies.Clear();
        await browser.Get(cleaned.Location!);
        var entered = await Enter(browser, "ada", Good, cleaned.Location![cleaned.Location!.IndexOf('?', StringComparison.Ordinal)..]);
        Assert.Equal("/account/sessions", entered.Location);

        // A destination that nobody sealed is not followed.
        Assert.Contains("href=\"/\"", (await Enter(browser, "ada", Good, "?return=/account&seal=AAAA")).Body);
        Assert.Contains("href=\"/\"", (await Enter(browser, "ada", Good, "?return=//evil.example&seal=AAAA")).Body);
    }

    [Fact]
    public async Task Five_tabs_that_were_open_all_end_signed_in_where_they_were_going()
    {
        await using var instance = await Start();
        var ada = await NewUser(instance, "ada@example.com", "Ada");
        using var browser = instance.Browser();
        string[] wanted = ["/account", "/account/sessions", "/account/security", "/account/activity", "/account/password"];
        var tabs = new List<string>();
        foreach (var path in wanted)
        {
            tabs.Add((await browser.Get(path)).Location!);
            await browser.Get(tabs[^1]);
        }
        // Three send their form, one after the other; two only look again.
        for (var i = 0; i < 3; i++) Assert.Equal(wanted[i], (await Enter(browser, "ada", Good, tabs[i][tabs[i].IndexOf('?', StringComparison.Ordinal)..])).Location);
        for (var i = 3; i < 5; i++) Assert.Equal(wanted[i], (await browser.Get(tabs[i])).Location);
        Assert.Equal(HttpStatusCode.OK, (await browser.Get("/account")).Status);
        Assert.Single(await instance.Database.Read(sql => Gatehouse.SignIn.Sessions.SessionStore.Of(sql, ada.Id, instance.Clock.GetUtcNow().ToUnixTimeMilliseconds())));
    }
}
