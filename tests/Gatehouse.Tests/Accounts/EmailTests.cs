using System.Net;
using Gatehouse.Accounts.Email;
using Gatehouse.Accounts.Users;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignUp;

namespace Gatehouse.Tests.Accounts;

public class EmailTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);

    private static Task<User?> Find(TestInstance instance, string email) => instance.Database.Read(sql => UserStore.FindByEmail(sql, email));

    private static async Task<Page> Press(TestBrowser browser, string link)
    {
        var page = await browser.Get(link);
        return page.Status == HttpStatusCode.OK ? await browser.Post(link.Split('?')[0], ("t", SignUpSite.Token(link))) : page;
    }

    private static async Task<string> LinkOf(TestInstance instance, string to, string kind) => instance.LinkIn((await instance.Mails(to)).Last(m => m.Kind == kind));

    private static async Task<Page> Ask(TestPerson person, string address)
    {
        await person.Browser.Get("/account/email");
        return await person.Browser.Post("/account/email", ("email", address));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_person_proves_the_address_and_the_link_works_once(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        Assert.Contains("Not confirmed", (await ada.Browser.Get("/account")).Body);
        Assert.Equal("/account?done=proof-asked", (await ada.Browser.Post("/account/email/verify")).Location);
        var link = await LinkOf(instance, "ada@example.com", "verify_email");
        using var scanner = instance.Browser();
        await scanner.Get(link);
        Assert.False((await Find(instance, "ada@example.com"))!.EmailVerified);
        using var mailReader = instance.Browser();
        Assert.Equal(HttpStatusCode.OK, (await Press(mailReader, link)).Status);
        Assert.True((await Find(instance, "ada@example.com"))!.EmailVerified);
        Assert.Equal(HttpStatusCode.Gone, (await Press(mailReader, link)).Status);
        // It proves; it signs nobody in.
        Assert.Equal(HttpStatusCode.SeeOther, (await mailReader.Get("/account")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task CVE_2026_32700_CVE_2026_27946_E09_a_change_is_made_by_the_new_mailbox_told_to_the_old_one_and_kills_links_that_went_there(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.Browser.Post("/account/email/verify");
        var verify = await LinkOf(instance, "ada@example.com", "verify_email");
        await instance.Console("user", "link", "ada@example.com", "--mail");
        var login = await LinkOf(instance, "ada@example.com", "login_link");
        Assert.Equal("/account?done=email-asked", (await Ask(ada, "new@example.com")).Location);
        Assert.NotNull(await Find(instance, "ada@example.com"));
        Assert.Single(await instance.Mails("ada@example.com"), m => m.Kind == "email_change_asked" && m.Text.Contains("new@example.com", StringComparison.Ordinal));

        using var mailReader = instance.Browser();
        var prove = await LinkOf(instance, "new@example.com", "prove_email");
        Assert.Equal(HttpStatusCode.OK, (await Press(mailReader, prove)).Status);
        var changed = await Find(instance, "new@example.com");
        Assert.True(changed!.EmailVerified);
        Assert.Null(await Find(instance, "ada@example.com"));
        Assert.Single(await instance.Mails("ada@example.com"), m => m.Kind == "email_changed");
        Assert.Equal(HttpStatusCode.Gone, (await Press(mailReader, verify)).Status);
        Assert.Equal(HttpStatusCode.Gone, (await Press(mailReader, login)).Status);

        // The old mailbox says no: it is put back, and every session ends.
        var stop = await LinkOf(instance, "ada@example.com", "email_changed");
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account")).Status);
        Assert.Equal(HttpStatusCode.OK, (await Press(mailReader, stop)).Status);
        Assert.NotNull(await Find(instance, "ada@example.com"));
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Get("/account")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Twenty_presses_change_once_and_two_people_never_share_an_address(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob");
        await Ask(ada, "same@example.com");
        var adas = await LinkOf(instance, "same@example.com", "prove_email");
        await Ask(bob, "same@example.com");
        var bobs = await LinkOf(instance, "same@example.com", "prove_email");
        var browsers = Enumerable.Range(0, 20).Select(_ => instance.Browser()).ToArray();
        foreach (var browser in browsers) await browser.Get("/sign-in");
        var answers = await Task.WhenAll(browsers.Select((b, i) => b.Post("/email/change", ("t", SignUpSite.Token(i % 2 == 0 ? adas : bobs)))));
        Assert.Single(answers, a => a.Status == HttpStatusCode.OK);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.OK), a => Assert.Equal(HttpStatusCode.Gone, a.Status));
        Assert.Equal(1, await instance.Count("users", "email_folded = 'same@example.com'"));
        foreach (var browser in browsers) browser.Dispose();
    }

    [Fact]
    public async Task Wanting_somebody_elses_address_looks_like_any_other_and_its_owner_hears_of_it()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var taken = await Ask(ada, "ADMIN@example.com");
        var free = await Ask(ada, "free@example.com");
        Assert.Equal((taken.Status, taken.Location, taken.Reference), (free.Status, free.Location, free.Reference));
        Assert.Single(await instance.Mails("admin@example.com"), m => m.Kind == "email_wanted");
        Assert.Empty(await instance.Mails("ADMIN@example.com"));
        await instance.Settle();
        Assert.Equal(1, await instance.Count("cases", "code = 'account.email_wanted'"));
    }

    [Fact]
    public async Task A_change_needs_a_fresh_confirmation_is_limited_and_dies_with_a_newer_one()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await Ask(ada, "one@example.com");
        var one = await LinkOf(instance, "one@example.com", "prove_email");
        await Ask(ada, "two@example.com");
        using var mailReader = instance.Browser();
        Assert.Equal(HttpStatusCode.Gone, (await Press(mailReader, one)).Status);
        foreach (var bad in new[] { "", "no", "a@b@c.example", "ada@example.com", "x@example.com\r\nBcc: y@example.com" }) Assert.Equal(HttpStatusCode.BadRequest, (await Ask(ada, bad)).Status);
        for (var i = 2; i < OwnAddress.PerDay; i++) Assert.Equal(HttpStatusCode.SeeOther, (await Ask(ada, $"x{i}@example.com")).Status);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await Ask(ada, "last@example.com")).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, (await Ask(ada, "later@example.com")).Status);
        // The old mailbox can stop what is only asked for.
        var stop = await LinkOf(instance, "ada@example.com", "email_change_asked");
        Assert.Equal(HttpStatusCode.OK, (await Press(mailReader, stop)).Status);
        Assert.Equal(HttpStatusCode.Gone, (await Press(mailReader, await LinkOf(instance, "x4@example.com", "prove_email"))).Status);
        Assert.NotNull(await Find(instance, "ada@example.com"));
    }

    [Fact]
    public async Task An_admin_who_changes_an_address_tells_the_old_one_and_asks_the_new_one_to_prove_itself()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var user = (await Find(instance, "ada@example.com"))!;
        await admin.Browser.Get($"/admin/users/{user.Id}");
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post($"/admin/users/{user.Id}", ("row_version", user.RowVersion.ToString()), ("user_name", "ada"), ("email", "new@example.com"), ("display_name", "Ada"))).Status);
        Assert.Single(await instance.Mails("ada@example.com"), m => m.Kind == "email_changed");
        using var mailReader = instance.Browser();
        Assert.Equal(HttpStatusCode.OK, (await Press(mailReader, await LinkOf(instance, "new@example.com", "verify_email"))).Status);
        Assert.True((await Find(instance, "new@example.com"))!.EmailVerified);
    }
}
