using System.Net;
using System.Text.Json;
using Gatehouse.Accounts.Users;
using Gatehouse.Tests.Parts;

namespace Gatehouse.Tests.SignUp;

public class SignUpTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);

    [Theory, InlineData(false), InlineData(true)]
    public async Task C078_a_link_is_shown_once_with_its_QR_code_and_can_be_mailed_instead(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Browser.Get("/admin/invite");
        var shown = await admin.Browser.Post("/admin/invite/link", ("label", "Open day"), ("uses", "3"), ("valid", "24"));
        Assert.Equal(HttpStatusCode.OK, shown.Status);
        Assert.Contains("<svg class=\"qr\"", shown.Body);
        Assert.Contains($"{instance.Origin}/join?t=", shown.Body);
        var list = await admin.Browser.Get("/admin/invitations");
        Assert.Contains("Open day", list.Body);
        Assert.DoesNotContain("/join?t=", list.Body);

        var sent = await admin.Invite("bo@example.com");
        Assert.Contains("On its way", sent.Body);
        var letter = await instance.LastMail("bo@example.com");
        Assert.StartsWith("/join?t=", instance.LinkIn(letter), StringComparison.Ordinal);
        Assert.Contains(instance.LinkIn(letter), letter.Html);
        Assert.Contains("queued", (await admin.Browser.Get("/admin/invitations")).Body);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C088_one_run_from_the_link_to_the_account_with_its_passkey_and_its_groups(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await instance.Console("group", "add", "painters");
        var group = (await instance.Database.Read(sql => sql.One<string>("select id from groups")))!;
        await admin.Invite("bo@example.com, Bo Builder", "24", group);
        using var bo = new TestPerson(instance);
        var link = await instance.LastLink("bo@example.com");
        Assert.Contains("Bo Builder", (await bo.Browser.Get(link)).Body);
        Assert.Equal(HttpStatusCode.OK, (await bo.Join(link, "Bo B.", "evil@example.net")).Status);
        Assert.Equal(HttpStatusCode.OK, (await bo.Browser.Get("/account/security")).Status);
        var user = await instance.Database.Read(sql => UserStore.FindByEmail(sql, "bo@example.com"));
        Assert.Equal(("Bo B.", true, Role.User), (user!.DisplayName, user.EmailVerified, user.Role));
        Assert.Equal(1, await instance.Count("group_members"));
        Assert.Equal(1, await instance.Count("users", "email_folded like 'bo@%' or email_folded like 'evil@%'"));
        Assert.Equal(0, await instance.Count("signup_pending"));
        await bo.Browser.Post("/sign-out");
        Assert.Equal(HttpStatusCode.OK, (await bo.SignIn()).Status);

        using var late = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.Gone, (await late.Browser.Get(link)).Status);
        var page = (await admin.Browser.Get("/admin/invitations")).Body;
        Assert.Contains("Used", page);
        Assert.Contains($"/admin/users/{user.Id}", page);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C088_a_passkey_that_fails_leaves_nothing_and_the_same_link_goes_on(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        var link = await admin.MakeLink();
        using var bo = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.SeeOther, (await bo.BeginJoin(link)).Status);
        var good = bo.Authenticator;
        bo.Authenticator = new Gatehouse.Tests.SignIn.Passkeys.SoftAuthenticator(-7) { RpId = "elsewhere.example", Origin = instance.Origin };
        Assert.NotEqual(HttpStatusCode.OK, (await bo.FinishJoin(link)).Status);
        Assert.Equal((1, 0), ((int)await instance.Count("users"), (int)await instance.Count("signup_links", "uses > 0")));
        await instance.Restart();

        // The same link in the same browser stands where it stood; in another one it begins anew.
        Assert.Contains("Create account with a passkey", (await bo.Browser.Get(link)).Body);
        using var other = new TestPerson(instance);
        Assert.DoesNotContain("Create account with a passkey", (await other.Browser.Get(link)).Body);
        Assert.Equal(HttpStatusCode.BadRequest, (await other.FinishJoin(link)).Status);
        bo.Authenticator = good;
        Assert.Equal(HttpStatusCode.OK, (await bo.FinishJoin(link)).Status);
        Assert.Equal(2, await instance.Count("users"));
        Assert.False((await instance.Database.Read(sql => UserStore.FindByEmail(sql, "bo@example.com")))!.EmailVerified);
    }

    [Theory, InlineData(false, 1), InlineData(true, 1), InlineData(true, 5)]
    public async Task E02_twenty_people_with_one_link_make_no_more_accounts_than_it_has_uses(bool onPostgres, int uses)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        var link = await admin.MakeLink(uses);
        await instance.Database.Write(sql => sql.Run("delete from throttles"));
        var people = Enumerable.Range(0, 20).Select(_ => new TestPerson(instance)).ToArray();
        var ready = new List<(TestPerson Person, Page Options)>();
        for (var i = 0; i < people.Length; i++)
        {
            Assert.Equal(HttpStatusCode.SeeOther, (await people[i].BeginJoin(link, "P", $"p{i}@example.com")).Status);
            ready.Add((people[i], await people[i].Browser.PostJson("/join/options", JsonSerializer.Serialize(new { t = SignUpSite.Token(link) }))));
        }
        var answers = await Task.WhenAll(ready.Select(r => r.Person.CompleteRegistration("/join/complete", r.Options)));
        Assert.Equal(uses, answers.Count(a => a.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal((HttpStatusCode.Gone, true), (a.Status, a.Body.Contains("signup.link_used", StringComparison.Ordinal))));
        Assert.Equal(uses + 1, await instance.Count("users"));
        Assert.Equal(uses + 1, await instance.Count("passkeys"));
        foreach (var person in people) person.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Two_links_and_one_address_at_the_same_moment_make_one_account(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        var people = new List<(TestPerson Person, Page Options)>();
        for (var i = 0; i < 6; i++)
        {
            var link = await admin.MakeLink();
            var person = new TestPerson(instance);
            await person.BeginJoin(link, "Same", "same@example.com");
            people.Add((person, await person.Browser.PostJson("/join/options", JsonSerializer.Serialize(new { t = SignUpSite.Token(link) }))));
        }
        var answers = await Task.WhenAll(people.Select(r => r.Person.CompleteRegistration("/join/complete", r.Options)));
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal(HttpStatusCode.Conflict, a.Status));
        // A link whose account was not made is not used.
        Assert.Equal(1, await instance.Count("signup_links", "uses > 0"));
        foreach (var (person, _) in people) person.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task CVE_2025_64708_C018_an_expired_invitation_says_when_and_whoever_has_it_can_ask_for_a_new_one(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Invite("bo@example.com", "1");
        var link = await instance.LastLink("bo@example.com");
        instance.Clock.Advance(TimeSpan.FromHours(1) + TimeSpan.FromSeconds(1));
        using var bo = new TestPerson(instance);
        var expired = await bo.Browser.Get(link);
        Assert.Equal(HttpStatusCode.Gone, expired.Status);
        Assert.Contains("This link has expired", expired.Body);
        Assert.Contains(instance.Clock.GetUtcNow().AddSeconds(-1).ToString("yyyy-MM-dd HH:mm"), expired.Body);
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, (await bo.Browser.Post("/join/again", ("t", SignUpSite.Token(link)))).Status);
        Assert.Single(await instance.Mails("admin@example.com"), m => m.Kind == "invitation_asked");
        Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Get(link)).Status);

        // The case has the button that mends it, and the new link works while the old one stays dead.
        await admin.StepUp();
        Assert.Contains("Asks for a new one", (await admin.Browser.Get("/admin/invitations")).Body);
        var remedy = await admin.Browser.Get($"/admin/cases/{expired.Reference}");
        Assert.Contains("Send bo@example.com a new link", remedy.Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/cases/{expired.Reference}/remedies/0")).Status);
        var newer = await instance.LastLink("bo@example.com");
        Assert.NotEqual(link, newer);
        Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Get(link)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bo.Join(newer)).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C020_sending_again_ends_the_older_link_and_shows_where_each_mail_stands(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Invite("bo@example.com");
        var older = await instance.LastLink("bo@example.com");
        var id = (await instance.Database.Read(sql => sql.One<string>("select id from signup_links")))!;
        await admin.Browser.Get($"/admin/invitations/{id}");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/invitations/{id}/send")).Status);
        var newer = await instance.LastLink("bo@example.com");
        var page = await admin.Browser.Get($"/admin/invitations/{id}");
        // The first was still waiting and is taken back.
        Assert.Contains("Taken back", page.Body);
        Assert.Contains("Queued", page.Body);
        using var bo = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Get(older)).Status);
        // Also for whoever was a press away from the account with the older link.
        using var quick = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.SeeOther, (await quick.BeginJoin(newer)).Status);
        var options = await quick.Browser.PostJson("/join/options", JsonSerializer.Serialize(new { t = SignUpSite.Token(newer) }));
        var again = await admin.Invite("BO@example.com");
        Assert.Contains("Sent again", again.Body);
        Assert.Equal(HttpStatusCode.BadRequest, (await quick.CompleteRegistration("/join/complete", options)).Status);
        Assert.Equal(1, await instance.Count("signup_links"));
        Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Get(newer)).Status);
        var newest = await instance.LastLink("bo@example.com");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/invitations/{id}/revoke")).Status);
        var revoked = await bo.Browser.Get(newest);
        Assert.Equal(HttpStatusCode.Gone, revoked.Status);
        Assert.Contains("revoked by admin@example.com", (await admin.Browser.Get($"/admin/cases/{revoked.Reference}")).Body);
        Assert.Equal(HttpStatusCode.Conflict, Refused((await admin.Browser.Post($"/admin/invitations/{id}/send")).Status));

        static HttpStatusCode Refused(HttpStatusCode status) => status == HttpStatusCode.Gone ? HttpStatusCode.Conflict : status;
    }

    [Fact]
    public async Task A_mail_scanner_uses_nothing_up_and_is_shown_as_one()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Invite("bo@example.com");
        var link = await instance.LastLink("bo@example.com");
        using var scanner = instance.Browser();
        for (var i = 0; i < 5; i++) Assert.Equal(HttpStatusCode.OK, (await scanner.Get(link)).Status);
        Assert.Equal((1, 0), ((int)await instance.Count("signup_links", "scanned_at is not null"), (int)await instance.Count("signup_links", "opened_at is not null")));
        Assert.Contains("Seen by a scanner", (await admin.Browser.Get("/admin/invitations")).Body);
        var open = new HttpRequestMessage(HttpMethod.Get, link);
        open.Headers.Add("Sec-Fetch-Dest", "document");
        open.Headers.Add("Sec-Fetch-Mode", "navigate");
        using var bo = new TestPerson(instance);
        await bo.Browser.Send(open);
        Assert.Contains("Opened", (await admin.Browser.Get("/admin/invitations")).Body);
        Assert.Equal(HttpStatusCode.OK, (await bo.Join(link)).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task E06_open_sign_up_answers_alike_for_known_and_unknown_addresses_and_mails_their_owners(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await instance.Console("user", "add", "--email", "gone@example.com", "--name", "Gone");
        await instance.Console("user", "disable", "gone@example.com");
        using var stranger = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.Browser.Get("/sign-up")).Status);
        await admin.Set("open");

        var bodies = new List<string>();
        foreach (var address in new[] { "ada@example.com", "new@example.com", "gone@example.com", "ADA@EXAMPLE.COM" })
        {
            await stranger.Browser.Get("/sign-up");
            var answer = await stranger.Browser.Post("/sign-up", ("display_name", "Me"), ("email", address));
            bodies.Add($"{answer.Status} {answer.Headers.ContainsKey("Gatehouse-Reference")} {SignUpSite.Mask(answer)}");
        }
        Assert.Single(bodies.Distinct());
        await instance.Settle();
        Assert.Equal(["sign_up_known", "sign_up_known"], (await instance.Mails("ada@example.com")).Select(m => m.Kind));
        Assert.Empty(await instance.Mails("ADA@EXAMPLE.COM"));
        Assert.Empty(await instance.Mails("gone@example.com"));
        Assert.Equal(2 + 1, await instance.Count("cases", "code = 'signup.address_known'"));

        var link = await instance.LastLink("new@example.com");
        Assert.Equal(HttpStatusCode.OK, (await stranger.Join(link, "New", "x@example.com")).Status);
        Assert.True((await instance.Database.Read(sql => UserStore.FindByEmail(sql, "new@example.com")))!.EmailVerified);
        // Nothing a stranger typed stands in a mail to somebody else.
        Assert.All(await instance.Mails(), m => Assert.DoesNotContain("Me", m.Text.Split(' ')));
    }

    [Fact]
    public async Task A_shared_link_can_ask_for_a_proof_of_the_address_first_and_counts_its_uses_then()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Set("link", prove: true);
        var link = await admin.MakeLink(1);
        using var bo = new TestPerson(instance);
        var known = await bo.BeginJoin(link, "Bo", "admin@example.com");
        var unknown = await bo.BeginJoin(link, "Bo", "bo@example.com");
        Assert.Equal(SignUpSite.Mask(known), SignUpSite.Mask(unknown));
        await bo.BeginJoin(link, "Cy", "cy@example.com");
        await instance.Settle();
        using var cy = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.OK, (await cy.Join(await instance.LastLink("cy@example.com"), "Cy")).Status);
        // The one use is gone, also for who was mailed before.
        Assert.Equal(HttpStatusCode.Gone, (await bo.Join(await instance.LastLink("bo@example.com"))).Status);
        Assert.Equal(2, await instance.Count("users"));
    }

    [Fact]
    public async Task Only_allowed_domains_sign_up_and_the_refusal_names_no_account()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Set("open", "example.com\n@Firma.Example");
        using var stranger = new TestPerson(instance);
        foreach (var address in new[] { "a@example.net", "admin@example.net", "a@sub.example.com", "a@example.com.evil.example" })
        {
            await stranger.Browser.Get("/sign-up");
            var refused = await stranger.Browser.Post("/sign-up", ("display_name", "Me"), ("email", address));
            Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
            Assert.Contains("Sign-up is not open for this e-mail domain", refused.Body);
            Assert.Contains(address.Split('@')[1], (await admin.Browser.Get($"/admin/cases/{refused.Reference}")).Body);
        }
        foreach (var address in new[] { "a@example.com", "b@firma.example", "c@EXAMPLE.com" })
            Assert.Equal(HttpStatusCode.OK, (await stranger.Browser.Post("/sign-up", ("display_name", "Me"), ("email", address))).Status);
        var link = await admin.MakeLink();
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.BeginJoin(link, "Me", "a@example.net")).Status);
        await admin.Invite("partner@example.net");
        Assert.Equal(HttpStatusCode.OK, (await stranger.Join(await instance.LastLink("partner@example.net"))).Status);
    }

    [Fact]
    public async Task Switching_sign_up_off_stops_every_way_and_on_again_brings_them_back()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        var link = await admin.MakeLink();
        using var bo = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.SeeOther, (await bo.BeginJoin(link)).Status);
        await admin.Set("disabled");
        Assert.Equal(HttpStatusCode.Forbidden, (await bo.Browser.Get(link)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await bo.FinishJoin(link)).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await bo.Browser.Get("/sign-up")).Status);
        await admin.Set("link");
        Assert.Equal(HttpStatusCode.OK, (await bo.FinishJoin(link)).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task E13_one_address_and_one_network_get_only_so_many_mails(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Set("open");
        using var stranger = instance.Browser();
        await stranger.Get("/sign-up");
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 25; i++) statuses.Add((await stranger.Post("/sign-up", ("display_name", "Me"), ("email", "victim@example.com"))).Status);
        Assert.Equal(20, statuses.Count(s => s == HttpStatusCode.OK));
        Assert.Equal(5, statuses.Count(s => s == HttpStatusCode.TooManyRequests));
        await instance.Settle();
        Assert.Equal(3, await instance.Count("mails", "recipient = 'victim@example.com'"));
        instance.Clock.Advance(TimeSpan.FromMinutes(61));
        Assert.Equal(HttpStatusCode.OK, (await stranger.Post("/sign-up", ("display_name", "Me"), ("email", "other@example.com"))).Status);
    }

    [Fact]
    public async Task CVE_2023_7028_GHSA_qw9g_7549_7wg5_E05_only_exactly_one_address_is_one()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Set("open");
        using var stranger = instance.Browser();
        await stranger.Get("/sign-up");
        string[] bad = ["a@b@example.com", "a@example.com\r\nBcc: x@example.com", "a@example.com,b@example.com", "a@example.com;b@example.com", "\"a b\"@example.com", "a@ex\u0430mple.com", new string('a', 320) + "@example.com", "", "a@", "<a@example.com>", "Ada <a@example.com>", "a@example.com\0"];
        foreach (var address in bad) Assert.Equal(HttpStatusCode.BadRequest, (await stranger.Post("/sign-up", ("display_name", "Me"), ("email", address))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await stranger.Post("/sign-up", ("display_name", "Me"), ("email", "a@example.com"), ("email", "b@example.com"))).Status);
        await instance.Settle();
        Assert.Equal(0, await instance.Count("mails"));

        var rows = await admin.Invite("e-mail;name\nann@example.com;Ann\n\"ben@example.com\",\"Ben, the second\"\ncy@example.com, di@example.com\nnot-an-address\nann@example.com\nadmin@example.com\nx@y@example.com\n");
        Assert.Equal(["ann@example.com", "ben@example.com", "cy@example.com", "di@example.com"], (await instance.Mails()).Select(m => m.To).Order());
        Assert.Contains("Has an account", rows.Body);
        Assert.Contains("Twice in the list", rows.Body);
        Assert.Contains("two @ signs", rows.Body);
        Assert.Equal("Ben, the second", await instance.Database.Read(sql => sql.One<string>("select display_name from signup_links where email = 'ben@example.com'")));
    }

    [Fact]
    public async Task GHSA_2wmj_46rj_qm2w_CVE_2019_16109_E01_E04_links_come_from_the_configured_address_and_no_other_token_opens_them()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Browser.Get("/admin/invite");
        var forged = new HttpRequestMessage(HttpMethod.Post, "/admin/invite/mail")
        {
            Content = new FormUrlEncodedContent([new("addresses", "bo@example.com"), new("valid", "24"), new("_token", admin.Browser.Token)]),
        };
        forged.Headers.Add("Sec-Fetch-Site", "same-origin");
        forged.Headers.Add("X-Forwarded-Host", "evil.example");
        forged.Headers.Add("Forwarded", "host=evil.example;proto=https");
        forged.Headers.Add("X-Forwarded-Proto", "https");
        Assert.Equal(HttpStatusCode.OK, (await admin.Browser.Send(forged)).Status);
        var letter = await instance.LastMail("bo@example.com");
        Assert.DoesNotContain("evil", letter.Text + letter.Html);
        var link = instance.LinkIn(letter);

        await instance.Console("user", "add", "--email", "cy@example.com", "--name", "Cy");
        var login = (await TestPerson.LoginLink(instance, "cy@example.com")).Split("?t=")[1];
        using var bo = new TestPerson(instance);
        var token = SignUpSite.Token(link);
        var wrong = token[..^1] + (token[^1] == 'A' ? 'B' : 'A');
        foreach (var bad in new[] { "", "x", login, token[..42], wrong, token.ToUpperInvariant(), token + "A" })
        {
            Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Get("/join?t=" + bad)).Status);
            Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Post("/join", ("t", bad), ("display_name", "Bo"), ("email", "bo@example.com"))).Status);
        }
        Assert.Equal(HttpStatusCode.Gone, (await bo.Browser.Get("/link?t=" + token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await bo.Join(link)).Status);
    }
}
