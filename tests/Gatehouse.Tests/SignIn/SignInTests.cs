using System.Net;
using System.Text.Json.Nodes;
using Gatehouse.Tests.Parts;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn;

public class SignInTests(PostgresCluster postgres)
{
    private async Task<TestInstance> Start(bool onPostgres) => await TestInstance.Start(onPostgres ? await postgres.NewDatabase() : null);

    [Theory, InlineData(false), InlineData(true)]
    public async Task C138_C139_C141_the_first_administrator_comes_in_and_setup_is_gone_for_strangers(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        Assert.Equal(HttpStatusCode.OK, (await admin.Browser.Get("/admin/users")).Status);
        using var stranger = instance.Browser();
        var setup = await stranger.Get("/setup");
        var nothing = await stranger.Get("/nothing-here");
        Assert.Equal(HttpStatusCode.NotFound, setup.Status);
        Assert.Equal(nothing.Body, setup.Body);
        Assert.Contains("Closed by admin@example.com", (await admin.Browser.Get("/setup")).Body);
        Assert.Equal(1, (await instance.Console("setup-link")).Code);
        await instance.Restart();
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.Get("/setup")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C141_E15_two_people_at_setup_at_once_make_exactly_one_administrator(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        var token = await TestPerson.SetupToken(instance);
        using var ada = new TestPerson(instance);
        using var bob = new TestPerson(instance);
        var both = await Task.WhenAll(ada.Setup(token, "ada@example.com", "Ada"), bob.Setup(token, "bob@example.com", "Bob"));
        Assert.Single(both, p => p.Status == HttpStatusCode.OK);
        var (_, users, _) = await instance.Console("user", "list");
        Assert.Equal(1, users.Split('@').Length - 1 > 0 ? System.Text.RegularExpressions.Regex.Matches(users, "(ada|bob)@example.com").Select(m => m.Value).Distinct().Count() : 0);
    }

    [Fact]
    public async Task Ten_wrong_setup_links_close_the_page_until_the_console_makes_a_new_one()
    {
        await using var instance = await Start(false);
        var token = await TestPerson.SetupToken(instance);
        using var stranger = instance.Browser();
        for (var i = 0; i < 10; i++) Assert.Equal(HttpStatusCode.Gone, (await stranger.Get($"/setup?t={new string('x', 42)}{i}")).Status);
        Assert.Equal(HttpStatusCode.Gone, (await stranger.Get("/setup?t=" + token)).Status);
        Assert.Equal(HttpStatusCode.OK, (await stranger.Get("/setup?t=" + await TestPerson.SetupToken(instance))).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task E02_a_login_link_works_once_and_twenty_clicks_at_once_have_one_winner(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        await instance.Console("user", "add", "--email", "bo@example.com", "--name", "Bo");
        var link = await TestPerson.LoginLink(instance, "bo@example.com");
        var people = Enumerable.Range(0, 20).Select(_ => new TestPerson(instance)).ToArray();
        foreach (var person in people) await person.Browser.Get("/sign-in");
        var token = link.Split("?t=")[1];
        var answers = await Task.WhenAll(people.Select(p => p.Browser.Post("/link", ("t", token))));
        Assert.Single(answers, a => a.Status == HttpStatusCode.SeeOther);
        Assert.All(answers.Where(a => a.Status != HttpStatusCode.SeeOther), a => Assert.Equal(HttpStatusCode.Gone, a.Status));
        foreach (var person in people) person.Dispose();
    }

    [Fact]
    public async Task E02_dead_links_look_alike_and_opening_one_consumes_nothing()
    {
        await using var instance = await Start(false);
        await instance.Console("user", "add", "--email", "bo@example.com", "--name", "Bo");
        var link = await TestPerson.LoginLink(instance, "bo@example.com");
        using var person = new TestPerson(instance);
        for (var i = 0; i < 3; i++) Assert.Contains("Sign in as Bo", (await person.Browser.Get(new Uri(link).PathAndQuery)).Body);
        var newer = await TestPerson.LoginLink(instance, "bo@example.com");
        var older = await person.Browser.Get(new Uri(link).PathAndQuery);
        var unknown = await person.Browser.Get("/link?t=" + new string('a', 43));
        instance.Clock.Advance(TimeSpan.FromMinutes(16));
        var expired = await person.Browser.Get(new Uri(newer).PathAndQuery);
        Assert.Equal(Mask(unknown), Mask(older));
        Assert.Equal(Mask(unknown), Mask(expired));

        static string Mask(Page page) => page.Body.Replace(page.Reference!, "REF", StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_login_link_session_registers_a_passkey_and_opens_nothing_else_before()
    {
        await using var instance = await Start(false);
        await instance.Console("admin", "add", "--email", "ada@example.com", "--name", "Ada");
        using var ada = new TestPerson(instance);
        await ada.FollowLoginLink(await TestPerson.LoginLink(instance, "ada@example.com"));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/admin/users")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Register()).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/admin/users")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_passkey_signs_in_and_the_session_id_changes(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var before = ada.Browser.Cookies["__Host-gatehouse"];
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
        var after = ada.Browser.Cookies["__Host-gatehouse"];
        Assert.NotEqual(before, after);
        using var thief = instance.Browser();
        thief.Cookies["__Host-gatehouse"] = before;
        Assert.Equal(HttpStatusCode.SeeOther, (await thief.Get("/account/security")).Status);
        await ada.Browser.Post("/sign-out");
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Get("/account/security")).Status);
    }

    [Fact]
    public async Task K01_a_challenge_works_once_and_only_for_the_browser_and_ceremony_it_was_made_for()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.Browser.Post("/sign-out");
        var options = await ada.Browser.PostJson("/passkeys/assertion/options", "{}");
        Assert.Equal(HttpStatusCode.OK, (await ada.CompleteAssertion("/passkeys/assertion", options)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await ada.CompleteAssertion("/passkeys/assertion", options)).Status);
        var stepUp = await ada.Browser.PostJson("/passkeys/step-up/options", "{}");
        Assert.Equal(HttpStatusCode.BadRequest, (await ada.CompleteAssertion("/passkeys/assertion", stepUp)).Status);
        using var other = new TestPerson(instance) { Authenticator = ada.Authenticator };
        await other.Browser.Get("/sign-in");
        var mine = await ada.Browser.PostJson("/passkeys/assertion/options", "{}");
        Assert.Equal(HttpStatusCode.BadRequest, (await other.CompleteAssertion("/passkeys/assertion", mine)).Status);
        instance.Clock.Advance(TimeSpan.FromMinutes(21));
        Assert.Equal(HttpStatusCode.BadRequest, (await ada.CompleteAssertion("/passkeys/assertion", await Later(ada, instance))).Status);

        static async Task<Page> Later(TestPerson person, TestInstance instance)
        {
            var page = await person.Browser.PostJson("/passkeys/assertion/options", "{}");
            instance.Clock.Advance(TimeSpan.FromMinutes(21));
            return page;
        }
    }

    [Fact]
    public async Task K07_a_credential_id_that_somebody_else_registered_is_refused_and_theirs_still_works()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await instance.Console("user", "add", "--email", "eve@example.com", "--name", "Eve");
        using var eve = new TestPerson(instance);
        await eve.FollowLoginLink(await TestPerson.LoginLink(instance, "eve@example.com"));
        eve.Authenticator.CredentialId = ada.Authenticator.CredentialId;
        Assert.NotEqual(HttpStatusCode.OK, (await eve.Register()).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task K14_a_disabled_user_is_told_only_after_the_passkey_and_every_session_ends(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        Assert.Equal(0, (await instance.Console("user", "disable", "ada@example.com", "--reason", "left")).Code);
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Get("/account/security")).Status);
        var refused = await ada.SignIn();
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("switched off", refused.Body);
        ada.Authenticator.CredentialId = new byte[32];
        var unknown = await ada.SignIn();
        Assert.DoesNotContain("switched off", unknown.Body);
        Assert.Equal(0, (await instance.Console("user", "enable", "ada@example.com")).Code);
    }

    [Fact]
    public async Task K16_signing_in_as_somebody_else_replaces_the_session_of_this_browser()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob");
        var bobs = bob.Browser.Cookies["__Host-gatehouse"];
        bob.Authenticator = ada.Authenticator;
        Assert.Equal(HttpStatusCode.OK, (await bob.SignIn()).Status);
        Assert.Contains("Ada", (await bob.Browser.Get("/account/security")).Body);
        using var old = instance.Browser();
        old.Cookies["__Host-gatehouse"] = bobs;
        Assert.Equal(HttpStatusCode.SeeOther, (await old.Get("/account/security")).Status);
    }

    [Fact]
    public async Task K19_another_users_passkey_is_refused_name_first_and_in_step_up()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        using var bob = await TestPerson.User(instance, "bob@example.com", "Bob");
        var own = ada.Authenticator;
        ada.Authenticator = bob.Authenticator;
        Assert.NotEqual(HttpStatusCode.OK, (await ada.StepUp()).Status);
        Assert.NotEqual(HttpStatusCode.OK, (await ada.SignIn(name: "ada@example.com")).Status);
        ada.Authenticator = own;
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn(name: "ada@example.com")).Status);
    }

    [Fact]
    public async Task K20_options_for_known_unknown_and_disabled_names_look_alike_and_stay_the_same()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await instance.Console("user", "add", "--email", "nokey@example.com", "--name", "No Key");
        using var browser = instance.Browser();
        foreach (var name in new[] { "ada@example.com", "nobody@example.com", "nokey@example.com" })
        {
            var first = await Shape(browser, name);
            Assert.Equal(first, await Shape(browser, name));
            Assert.InRange(first.Length, 1, 2);
            Assert.All(first, id => Assert.Equal(43, id.Length));
        }

        static async Task<string[]> Shape(TestBrowser browser, string name)
        {
            var body = JsonNode.Parse((await browser.PostJson("/passkeys/assertion/options", $$"""{"name":"{{name}}"}""")).Body)!;
            Assert.Equal(["allowCredentials", "challenge", "rpId", "timeout", "userVerification"], body.AsObject().Select(p => p.Key).Order());
            return [.. body["allowCredentials"]!.AsArray().Select(c => (string)c!["id"]!)];
        }
    }

    [Fact]
    public async Task A_change_that_matters_needs_a_confirmation_and_keeps_what_was_typed()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        var asked = await admin.Browser.Post("/admin/groups", ("name", "typed-before"), ("description", ""));
        Assert.Equal(HttpStatusCode.Forbidden, asked.Status);
        Assert.Contains("typed-before", asked.Body);
        var before = admin.Browser.Cookies["__Host-gatehouse"];
        Assert.Equal(HttpStatusCode.OK, (await admin.StepUp()).Status);
        Assert.NotEqual(before, admin.Browser.Cookies["__Host-gatehouse"]);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Post("/admin/groups", ("name", "typed-before"), ("description", ""))).Status);
    }

    [Fact]
    public async Task A_passkey_registered_in_this_session_does_not_confirm_it()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.SignIn();
        instance.Clock.Advance(TimeSpan.FromSeconds(1));
        var first = ada.Authenticator;
        var second = new Passkeys.SoftAuthenticator(-7) { RpId = "localhost", Origin = instance.Origin };
        ada.Authenticator = second;
        Assert.Equal(HttpStatusCode.OK, (await ada.Register()).Status);
        var refused = await ada.StepUp();
        Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        Assert.Contains("registered a moment ago", refused.Body);
        ada.Authenticator = first;
        Assert.Equal(HttpStatusCode.OK, (await ada.StepUp()).Status);
    }

    [Fact]
    public async Task C115_the_last_passkey_stays_and_another_ones_removal_can_be_undone()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var page = await ada.Browser.Get("/account/security");
        var id = System.Text.RegularExpressions.Regex.Match(page.Body, "/account/passkeys/([0-9a-f]{32})/remove").Groups[1].Value;
        Assert.Equal(HttpStatusCode.Conflict, (await ada.Browser.Post($"/account/passkeys/{id}/remove")).Status);
        ada.Authenticator = new Passkeys.SoftAuthenticator(-7) { RpId = "localhost", Origin = instance.Origin };
        Assert.Equal(HttpStatusCode.OK, (await ada.Register()).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post($"/account/passkeys/{id}/remove")).Status);
        Assert.Contains($"/account/passkeys/{id}/restore", (await ada.Browser.Get("/account/security")).Body);
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post($"/account/passkeys/{id}/restore")).Status);
        Assert.Contains($"/account/passkeys/{id}/remove", (await ada.Browser.Get("/account/security")).Body);
    }

    [Fact]
    public async Task B07_an_idle_session_ends_and_a_clock_set_back_breaks_nothing()
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        instance.Clock.Advance(TimeSpan.FromHours(-1));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        instance.Clock.Advance(TimeSpan.FromDays(8));
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Get("/account/security")).Status);
        instance.Clock.Advance(TimeSpan.FromDays(400));
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
    }

    [Theory, InlineData("//evil.example"), InlineData("/\\evil.example"), InlineData("https://evil.example"), InlineData("javascript:alert(1)"), InlineData("/ok")]
    public async Task CVE_2024_39694_B09_only_a_sealed_return_address_is_followed(string target)
    {
        await using var instance = await Start(false);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        var answer = await ada.SignIn($"?return={Uri.EscapeDataString(target)}&seal={new string('a', 43)}");
        Assert.Contains("\"next\":\"/\"", answer.Body);
    }

    [Fact]
    public async Task C143_a_reset_from_the_console_ends_everything_and_opens_setup_again()
    {
        await using var instance = await Start(false);
        using var admin = await TestPerson.FirstAdmin(instance);
        Assert.Equal(1, (await instance.Console("reset")).Code);
        var (code, output, _) = await instance.Console("reset", "--yes-delete-everything");
        Assert.Equal(0, code);
        Assert.Contains("/setup?t=", output);
        Assert.Equal(HttpStatusCode.SeeOther, (await admin.Browser.Get("/admin/users")).Status);
        using var again = await TestPerson.FirstAdmin(instance, "new@example.com", "New");
        Assert.Equal(HttpStatusCode.OK, (await again.Browser.Get("/admin/users")).Status);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_person_sees_their_own_sign_ins_and_refusals_in_plain_words(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await ada.SignIn();
        var refused = await ada.Browser.Get("/admin/users");
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        var page = (await ada.Browser.Get("/account/activity")).Body;
        Assert.Contains("By a login link", page);
        Assert.Contains("By a passkey", page);
        Assert.Contains("Your account may not open this page.", page);
        Assert.Contains(refused.Reference!, page);
        Assert.DoesNotContain("account.not_allowed", page);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task The_sweep_removes_what_is_over_and_nothing_else(bool onPostgres)
    {
        await using var instance = await Start(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await TestPerson.LoginLink(instance, "ada@example.com");
        var sweep = instance.Services.GetServices<Microsoft.Extensions.Hosting.IHostedService>().OfType<Gatehouse.SignIn.Sessions.SweepSignIn>().Single();
        await sweep.Run();
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        instance.Clock.Advance(TimeSpan.FromDays(40));
        await sweep.Run();
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select (select count(*) from sessions) + (select count(*) from one_time_tokens)")));
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
    }
}
