using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.SignIn.LoginLinks;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignUp;

namespace Gatehouse.Tests.SignIn.LoginLinks;

public class LoginLinkTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);

    private static async Task<string> IdOf(TestInstance instance, string email) => (await instance.Database.Read(sql => UserStore.FindByEmail(sql, email)))!.Id;

    private static async Task<string> Add(TestInstance instance, string email, string name)
    {
        Assert.Equal(0, (await instance.Console("user", "add", "--email", email, "--name", name)).Code);
        return await IdOf(instance, email);
    }

    private static async Task SelfService(TestPerson admin, bool on = true)
    {
        await admin.Browser.Get("/admin/settings/login-links");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post("/admin/settings/login-links", on ? [("self_service", "on")] : [])).Status);
    }

    private static async Task<Page> Send(TestPerson admin, string id, string valid = "15m", string how = "mail")
    {
        await admin.Browser.Get($"/admin/users/{id}");
        return await admin.Browser.Post($"/admin/users/{id}/login-link", ("valid", valid), ("how", how));
    }

    private static async Task<Page> Open(TestPerson person, string link)
    {
        var page = await person.Browser.Get(link);
        return page.Status == HttpStatusCode.OK ? await person.Browser.Post("/link", ("t", SignUpSite.Token(link))) : page;
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C116_C118_an_admin_mails_a_link_that_works_once_and_sees_where_it_stands(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        var id = await Add(instance, "bo@example.com", "Bo");
        Assert.Equal($"/admin/users/{id}?done=link-sent", (await Send(admin, id)).Location);
        var page = (await admin.Browser.Get($"/admin/users/{id}")).Body;
        Assert.Contains("A login link is out", page);
        Assert.Contains("Queued", page);
        var link = await instance.LastLink("bo@example.com");

        // A mail scanner looks, also by HEAD, and takes nothing.
        using var scanner = instance.Browser();
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, (await scanner.Get(link)).Status);
        await scanner.Send(new HttpRequestMessage(HttpMethod.Head, link));
        using var bo = new TestPerson(instance);
        var used = await Open(bo, link);
        Assert.Equal(HttpStatusCode.SeeOther, used.Status);
        Assert.StartsWith("/account/passkeys/new", used.Location, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Gone, (await Open(bo, link)).Status);
        Assert.True((await instance.Database.Read(sql => UserStore.Find(sql, id)))!.EmailVerified);
        Assert.DoesNotContain("A login link is out", (await admin.Browser.Get($"/admin/users/{id}")).Body);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C118_E07_a_link_is_revoked_by_an_admin_and_dies_with_a_newer_one_a_disabled_account_and_a_changed_address(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        var id = await Add(instance, "bo@example.com", "Bo");
        using var bo = new TestPerson(instance);

        await Send(admin, id);
        var older = await instance.LastLink("bo@example.com");
        await Send(admin, id);
        var newer = await instance.LastLink("bo@example.com");
        Assert.Equal(HttpStatusCode.Gone, (await Open(bo, older)).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/users/{id}/login-link/revoke")).Status);
        var revoked = await Open(bo, newer);
        Assert.Equal(HttpStatusCode.Gone, revoked.Status);
        Assert.Contains("revoked by admin@example.com", (await admin.Browser.Get($"/admin/cases/{revoked.Reference}")).Body);

        await Send(admin, id);
        var mailed = await instance.LastLink("bo@example.com");
        await admin.Browser.Get($"/admin/users/{id}");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/users/{id}", ("row_version", "1"), ("user_name", "bo"), ("email", "new@example.com"), ("display_name", "Bo"))).Status);
        var moved = await Open(bo, mailed);
        Assert.Contains("an address that is not the account", (await admin.Browser.Get($"/admin/cases/{moved.Reference}")).Body);

        await Send(admin, id);
        var last = await instance.LastLink("new@example.com");
        await instance.Console("user", "disable", "new@example.com");
        Assert.Equal(HttpStatusCode.Gone, (await Open(bo, last)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Send(admin, id)).Status);
        Assert.Equal(4, await instance.Count("mails", "kind = 'login_link'"));
    }

    [Fact]
    public async Task A_link_works_as_long_as_the_admin_chose_and_a_remedy_sends_a_new_one()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        var id = await Add(instance, "bo@example.com", "Bo");
        using var bo = new TestPerson(instance);
        await Send(admin, id, "7d");
        var link = await instance.LastLink("bo@example.com");
        instance.Clock.Advance(TimeSpan.FromDays(7) - TimeSpan.FromMinutes(1));
        Assert.Equal(HttpStatusCode.OK, (await bo.Browser.Get(link)).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(1) + TimeSpan.FromSeconds(1));
        var expired = await Open(bo, link);
        Assert.Equal(HttpStatusCode.Gone, expired.Status);

        await admin.SignIn();
        await admin.StepUp();
        Assert.Contains("Send Bo a login link", (await admin.Browser.Get($"/admin/cases/{expired.Reference}")).Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/cases/{expired.Reference}/remedies/0")).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await Open(bo, await instance.LastLink("bo@example.com"))).Status);

        // A time that the form does not offer is the shortest.
        await Send(admin, id, "400d");
        var shortest = await instance.LastLink("bo@example.com");
        instance.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.Equal(HttpStatusCode.Gone, (await Open(bo, shortest)).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task E06_asking_for_a_link_is_answered_alike_for_every_name_and_mails_only_owners(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await Add(instance, "bo@example.com", "Bo");
        await Add(instance, "gone@example.com", "Gone");
        await instance.Console("user", "disable", "gone@example.com");
        using var stranger = instance.Browser();
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get("/sign-in/link")).Status);
        Assert.DoesNotContain("/sign-in/link", (await stranger.Get("/sign-in")).Body);
        await SelfService(admin);
        Assert.Contains("/sign-in/link", (await stranger.Get("/sign-in")).Body);

        var answers = new List<string>();
        foreach (var name in new[] { "bo@example.com", "nobody@example.com", "gone@example.com", "BO", "x\r\nBcc: y@example.com", new string('a', 320) })
        {
            await stranger.Get("/sign-in/link");
            var answer = await stranger.Post("/sign-in/link", ("name", name));
            answers.Add($"{answer.Status} {string.Join(',', answer.Headers.Where(h => h.Key is not ("Date" or "Set-Cookie")).Select(h => h.Key + h.Value).Order())} {SignUpSite.Mask(answer)}");
        }
        Assert.Single(answers.Distinct());
        await instance.Settle();
        Assert.Equal(["bo@example.com"], (await instance.Mails()).Select(m => m.To).Distinct());
        Assert.Equal(1, await instance.Count("cases", "code = 'link.for_inactive'"));
        Assert.Equal(3, await instance.Count("cases", "code = 'link.for_nobody'"));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task E13_a_thousand_requests_flood_no_mailbox(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await Add(instance, "bo@example.com", "Bo");
        await SelfService(admin);
        using var stranger = instance.Browser();
        await stranger.Get("/sign-in/link");
        var codes = new List<HttpStatusCode>();
        for (var i = 0; i < 60; i++) codes.Add((await stranger.Post("/sign-in/link", ("name", i % 2 == 0 ? "bo@example.com" : $"nobody{i}@example.com"))).Status);
        Assert.Equal(20, codes.Count(c => c == HttpStatusCode.OK));
        Assert.Equal(40, codes.Count(c => c == HttpStatusCode.TooManyRequests));
        await instance.Settle();
        Assert.Equal(RequestLoginLink.PerQuarter, await instance.Count("mails", "kind = 'login_link'"));
        for (var hour = 0; hour < 12; hour++)
        {
            instance.Clock.Advance(TimeSpan.FromMinutes(61));
            for (var i = 0; i < 4; i++) await stranger.Post("/sign-in/link", ("name", "bo@example.com"));
            await instance.Settle();
        }
        Assert.Equal(RequestLoginLink.PerDay, await instance.Count("mails", "kind = 'login_link'"));
    }

    [Fact]
    public async Task E08_a_link_asked_for_in_one_browser_shows_that_browser_in_another()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        await Add(instance, "bo@example.com", "Bo");
        await SelfService(admin);
        using var bo = new TestPerson(instance);
        var ask = new HttpRequestMessage(HttpMethod.Get, "/sign-in/link");
        ask.Headers.UserAgent.ParseAdd("Mozilla/5.0 (Windows NT 10.0) Firefox/140.0");
        await bo.Browser.Send(ask);
        var post = new HttpRequestMessage(HttpMethod.Post, "/sign-in/link") { Content = new FormUrlEncodedContent([new("name", "bo@example.com"), new("_token", bo.Browser.Token)]) };
        post.Headers.Add("Sec-Fetch-Site", "same-origin");
        post.Headers.TryAddWithoutValidation("User-Agent", "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0 Your-account-is-locked:-see-evil.example");
        Assert.Equal(HttpStatusCode.OK, (await bo.Browser.Send(post)).Status);
        await instance.Settle();
        var letter = await instance.LastMail("bo@example.com");
        Assert.Contains("Firefox 140 on Windows", letter.Text);
        // What a stranger writes into a header reaches nobody's mailbox.
        Assert.DoesNotContain("evil", letter.Text + letter.Html);
        var link = instance.LinkIn(letter);
        Assert.DoesNotContain("asked for in another browser", (await bo.Browser.Get(link)).Body);
        using var phone = new TestPerson(instance);
        var there = await phone.Browser.Get(link);
        Assert.Contains("asked for in another browser", there.Body);
        Assert.Contains("Firefox 140 on Windows", there.Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await Open(phone, link)).Status);
    }

    [Fact]
    public async Task E18_a_link_names_account_and_host_and_asks_first_when_somebody_else_is_signed_in()
    {
        await using var instance = await Start(false);
        using var victim = await TestPerson.User(instance, "victim@example.com", "Victim");
        await Add(instance, "eve@example.com", "Eve");
        var link = new Uri(await TestPerson.LoginLink(instance, "eve@example.com")).PathAndQuery;
        var page = await victim.Browser.Get(link);
        Assert.Contains("Sign in as Eve", page.Body);
        Assert.Contains("You are signed in as Victim", page.Body);
        Assert.Contains(new Uri(instance.Origin).Authority, page.Body);
        Assert.Contains("Victim", (await victim.Browser.Get("/account/security")).Body);
        // Another site cannot press the button for them.
        var forged = new HttpRequestMessage(HttpMethod.Post, "/link") { Content = new FormUrlEncodedContent([new("t", SignUpSite.Token(link)), new("_token", victim.Browser.Token)]) };
        forged.Headers.Add("Sec-Fetch-Site", "cross-site");
        Assert.Equal(HttpStatusCode.Forbidden, (await victim.Browser.Send(forged)).Status);
        Assert.Contains("Victim", (await victim.Browser.Get("/account/security")).Body);
    }

    [Fact]
    public async Task C119_a_link_leads_to_the_passkey_which_can_be_put_off_and_then_nothing_else_opens()
    {
        await using var instance = await Start(false);
        await Add(instance, "bo@example.com", "Bo");
        using var bo = new TestPerson(instance);
        var used = await Open(bo, new Uri(await TestPerson.LoginLink(instance, "bo@example.com")).PathAndQuery);
        var page = await bo.Browser.Get(used.Location!);
        Assert.Contains("Create the passkey", page.Body);
        Assert.Contains("Not now", page.Body);
        Assert.Equal(HttpStatusCode.OK, (await bo.Browser.Get("/account/security")).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await bo.Browser.Get("/account")).Status);
        Assert.Equal(HttpStatusCode.OK, (await bo.Register()).Status);
        Assert.Equal(HttpStatusCode.OK, (await bo.Browser.Get("/account")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task D12_a_link_for_an_admin_needs_a_fresh_confirmation_is_recorded_and_told_to_every_admin(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await instance.Console("admin", "add", "--email", "second@example.com", "--name", "Second");
        foreach (var mailbox in new[] { "admin@example.com", "second@example.com" })
        {
            var told = Assert.Single(await instance.Mails(mailbox), m => m.Kind == "login_link_admin");
            Assert.Contains("second@example.com", told.Text);
            Assert.DoesNotContain("/link?t=", told.Text);
        }
        var id = await IdOf(instance, "second@example.com");
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, (await Send(admin, id)).Status);
        Assert.Equal(HttpStatusCode.OK, (await admin.StepUp()).Status);
        // Mailed: the link goes to the one it is for, and the news to the others.
        Assert.Equal(HttpStatusCode.SeeOther, (await Send(admin, id)).Status);
        Assert.Contains("/link?t=", (await instance.LastMail("second@example.com")).Text);
        Assert.Equal(2, (await instance.Mails("admin@example.com")).Count(m => m.Kind == "login_link_admin"));
        Assert.Equal(1, (await instance.Mails("second@example.com")).Count(m => m.Kind == "login_link_admin"));
        // Handed over: whoever it lets somebody in as hears of it.
        Assert.Equal(HttpStatusCode.OK, (await Send(admin, id, how: "show")).Status);
        Assert.Equal(2, (await instance.Mails("second@example.com")).Count(m => m.Kind == "login_link_admin"));
        var audit = await instance.Database.Read(sql => sql.List<string>("select actor || ': ' || after from audit where action = 'login_link.made' and target_id = @id order by id", new { id }));
        Assert.Equal(3, audit.Count);
        Assert.All(audit, a => Assert.EndsWith("; the user is an admin", a, StringComparison.Ordinal));
        Assert.StartsWith("admin@example.com: valid for 15 minutes, mailed to", audit[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_mails_a_link_and_invites_people()
    {
        await using var instance = await Start(false);
        await Add(instance, "bo@example.com", "Bo");
        await instance.Console("group", "add", "painters");
        var (code, output, _) = await instance.Console("user", "login-link", "bo@example.com", "--mail", "--valid", "1d");
        Assert.Equal((0, true), (code, output.Contains("on its way to bo@example.com", StringComparison.Ordinal)));
        Assert.StartsWith("/link?t=", await instance.LastLink("bo@example.com"), StringComparison.Ordinal);
        var invited = await instance.Console("user", "invite", "cy@example.com", "bo@example.com", "--group", "painters");
        Assert.Equal(1, invited.Code);
        Assert.Contains("cy@example.com: invitation made", invited.Output);
        Assert.Contains("account.email_taken", invited.Error);
        var shown = await instance.Console("user", "invite", "di@example.com", "--show", "--hours", "2");
        using var di = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.OK, (await di.Join(SignUpSite.Shown(new Page(HttpStatusCode.OK, shown.Output, null, new Dictionary<string, string>()), instance.Origin), "Di")).Status);
        using var cy = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.OK, (await cy.Join(await instance.LastLink("cy@example.com"), "Cy")).Status);
        Assert.Equal(1, await instance.Count("group_members"));
        // The host's user name is nobody's business outside.
        Assert.All(await instance.Mails("cy@example.com"), m => Assert.DoesNotContain("console:", m.Text));
    }
}
