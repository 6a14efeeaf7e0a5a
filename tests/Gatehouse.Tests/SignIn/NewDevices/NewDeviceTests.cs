using System.Net;
using System.Text.RegularExpressions;
using Gatehouse.Accounts.Users;
using Gatehouse.Audit;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignUp;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.NewDevices;

public class NewDeviceTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_new_browser_is_told_to_the_owner_who_ends_everything_with_one_press(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.SignIn();
        Assert.DoesNotContain(await instance.Mails("ada@example.com"), m => m.Kind == "new_device");

        // A thief with her mail: a link, and a passkey of their own.
        using var thief = new TestPerson(instance);
        await thief.FollowLoginLink(await TestPerson.LoginLink(instance, "ada@example.com"));
        instance.Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, (await thief.Register()).Status);
        var letter = Assert.Single(await instance.Mails("ada@example.com"), m => m.Kind == "new_device");
        var link = instance.LinkIn(letter);
        Assert.StartsWith("/not-me?t=", link, StringComparison.Ordinal);
        Assert.Contains("127.0.0.1", letter.Text);

        using var scanner = instance.Browser();
        for (var i = 0; i < 3; i++) Assert.Equal(HttpStatusCode.OK, (await scanner.Get(link)).Status);
        Assert.Equal(HttpStatusCode.OK, (await thief.Browser.Get("/account/security")).Status);

        using var mailReader = instance.Browser();
        await mailReader.Get(link);
        var done = await mailReader.Post("/not-me", ("t", SignUpSite.Token(link)));
        Assert.Contains("Passkeys removed: 1", done.Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await thief.Browser.Get("/account/security")).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Get("/account/security")).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await thief.SignIn()).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
        Assert.Equal(HttpStatusCode.Gone, (await mailReader.Post("/not-me", ("t", SignUpSite.Token(link)))).Status);
        Assert.Single(await instance.Mails("admin@example.com"), m => m.Kind == "not_me");
        Assert.Equal(1, await instance.Count("audit", "action = 'session.reported_not_me'"));
    }

    [Fact]
    public async Task The_same_browser_is_told_once_and_sessions_beyond_are_no_news()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var phone = new TestPerson(instance) { Authenticator = ada.Authenticator };
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await phone.SignIn()).Status);
            await phone.Browser.Post("/sign-out");
        }
        Assert.Single(await instance.Mails("ada@example.com"), m => m.Kind == "new_device");
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C113_C115_the_last_passkey_goes_only_with_another_way_in_and_after_a_question_and_comes_back(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Invite("ada@example.com");
        using var ada = new TestPerson(instance);
        Assert.Equal(HttpStatusCode.OK, (await ada.Join(await instance.LastLink("ada@example.com"), "Ada")).Status);
        var id = Regex.Match((await ada.Browser.Get("/account/security")).Body, "/account/passkeys/([0-9a-f]{32})/remove").Groups[1].Value;
        var refused = await ada.Browser.Post($"/account/passkeys/{id}/remove", ("sure", "yes"));
        Assert.Contains("only way to sign in", refused.Body);

        await admin.Browser.Get("/admin/settings/login-links");
        await admin.Browser.Post("/admin/settings/login-links", ("self_service", "on"));
        var asked = await ada.Browser.Post($"/account/passkeys/{id}/remove");
        Assert.Equal(HttpStatusCode.Conflict, asked.Status);
        Assert.Contains("login link by mail", asked.Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post($"/account/passkeys/{id}/remove", ("sure", "yes"))).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await new TestPerson(instance) { Authenticator = ada.Authenticator }.SignIn()).Status);

        // C113: with a proved address and links on request there is a way in; without them there is none.
        Assert.DoesNotContain(">no way in<", (await admin.Browser.Get("/admin/users")).Body);
        await admin.Browser.Get("/admin/settings/login-links");
        await admin.Browser.Post("/admin/settings/login-links");
        Assert.Contains(">no way in<", (await admin.Browser.Get("/admin/users?q=ada")).Body);
        Assert.Contains("ada@example.com", (await admin.Browser.Get("/admin/users?state=locked-out")).Body);
        Assert.DoesNotContain("admin@example.com<", (await admin.Browser.Get("/admin/users?state=locked-out")).Body);

        // Days later she comes by a link and takes the removal back.
        instance.Clock.Advance(TimeSpan.FromDays(6));
        var links = instance.Services.GetRequiredService<Gatehouse.SignIn.LoginLinks.LoginLinks>();
        var url = await instance.Database.Write(async sql => await links.Issue(sql, (await UserStore.FindByEmail(sql, "ada@example.com"))!, Actor.Console));
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.FollowLoginLink(url)).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post($"/account/passkeys/{id}/restore")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
    }

    [Fact]
    public async Task A_removal_is_not_taken_back_after_a_week_or_without_a_fresh_confirmation()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var id = Regex.Match((await ada.Browser.Get("/account/security")).Body, "/account/passkeys/([0-9a-f]{32})/remove").Groups[1].Value;
        var first = ada.Authenticator;
        ada.Authenticator = new Passkeys.SoftAuthenticator(-7) { RpId = "localhost", Origin = instance.Origin };
        await ada.Register();
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post($"/account/passkeys/{id}/remove")).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post($"/account/passkeys/{id}/restore")).Status);
        instance.Clock.Advance(TimeSpan.FromDays(7));
        await ada.SignIn();
        await ada.Browser.Post($"/account/passkeys/{id}/restore");
        ada.Authenticator = first;
        Assert.NotEqual(HttpStatusCode.OK, (await ada.SignIn()).Status);
    }
}
