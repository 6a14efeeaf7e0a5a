using System.Net;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Web;
using Microsoft.Extensions.DependencyInjection;
using static Gatehouse.Tests.SignIn.Passwords.PasswordSite;

namespace Gatehouse.Tests.SignIn.Passwords;

public class PasswordTests(PostgresCluster postgres)
{
    private Task<TestInstance> Begin(bool onPostgres, PasswordSettings? settings = null, params (string, string)[] environment) => Start(onPostgres ? postgres : null, settings, environment);

    [Theory, InlineData(false), InlineData(true)]
    public async Task Somebody_signs_in_with_a_password_on_two_pages_without_a_script(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        var ada = await NewUser(instance, "ada@example.com", "Ada Byron");
        using var browser = instance.Browser();
        Assert.Contains("action=\"/sign-in/name\"", (await browser.Get("/sign-in")).Body);
        var second = await browser.Post("/sign-in/name", ("name", "ada@example.com"));
        Assert.Equal(HttpStatusCode.OK, second.Status);
        Assert.Contains("autocomplete=\"current-password\"", second.Body);
        var page = await Enter(browser, "ada@example.com", Good);
        Assert.True(IsIn(page), page.Body);
        Assert.Contains("ada@example.com", (await browser.Get("/account")).Body);
        var session = Assert.Single(await instance.Database.Read(sql => SessionStore.Of(sql, ada.Id, instance.Clock.Now())));
        Assert.Equal((SessionKind.Full, "pwd"), (session.Kind, session.Factors.Single().Method));

        // The same person again in another tab: the session goes on, nothing that hangs on it dies.
        Assert.True(IsIn(await Enter(browser, "ADA", Good)));
        Assert.Equal(session.PublicId, Assert.Single(await instance.Database.Read(sql => SessionStore.Of(sql, ada.Id, instance.Clock.Now()))).PublicId);
    }

    [Fact]
    public async Task Passwords_are_off_until_an_admin_switches_them_on()
    {
        await using var instance = await TestInstance.Start();
        using var admin = await TestPerson.FirstAdmin(instance);
        using var stranger = instance.Browser();
        Assert.DoesNotContain("/sign-in/name", (await stranger.Get("/sign-in")).Body);
        Assert.Equal("/sign-in", (await stranger.Post("/sign-in/name", ("name", "admin@example.com"))).Location);
        var refused = await Enter(stranger, "admin@example.com", Good);
        Assert.Equal((HttpStatusCode.Forbidden, "password.off"), (refused.Status, await CodeOf(instance, refused)));
        Assert.Equal(HttpStatusCode.Forbidden, (await stranger.Get("/sign-in/reset")).Status);
        Assert.Equal(1, (await instance.Console("user", "password", "admin@example.com")).Code);

        Assert.Equal("/admin/settings/passwords?done=saved", (await admin.Browser.Post("/admin/settings/passwords", ("enabled", "on"), ("source", "local"), ("domains", "@Example.com other.example"), ("reset", "on"), ("history", "3"), ("max_age", "0"))).Location);
        var now = await PasswordSettings.Of(instance.Services.GetRequiredService<Settings>());
        Assert.Equal(("example.com other.example", 3, true), (string.Join(' ', now.Domains), now.History, now.Enabled));
        var wrong = await admin.Browser.Post("/admin/settings/passwords", ("enabled", "on"), ("domains", "two words.. bad!"), ("history", "99"), ("max_age", "x"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
        Assert.Contains("words.. is no domain.", wrong.Body);
        Assert.Equal(3, (await PasswordSettings.Of(instance.Services.GetRequiredService<Settings>())).History);
        Assert.Contains("setting.passwords_changed", string.Join(' ', await instance.Database.Read(sql => sql.List<string>("select action from audit"))));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task P01_P03_P08_lengths_spaces_and_the_one_normal_form(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        await NewUser(instance, "ada@example.com", "Ada", null);
        // P03: é as one character and as two is one password; spaces around count.
        await Give(instance, "ada@example.com", "  cafe\u0301 🦜 am Ufer gegenüber ");
        using var browser = instance.Browser();
        Assert.True(IsIn(await Enter(browser, "ada", "  caf\u00e9 🦜 am Ufer gegenu\u0308ber ")));
        foreach (var other in new[] { "caf\u00e9 🦜 am Ufer gegenüber", "  cafe 🦜 am Ufer gegenüber ", "  CAFÉ 🦜 am Ufer gegenüber " })
            Assert.Equal("password.wrong", await CodeOf(instance, await Enter(browser, "ada", other)));

        // P01: at least 64 characters, up to 1,000; beyond that nothing is hashed.
        var state = 7u;
        var longest = string.Concat(Enumerable.Range(0, 1000).Select(_ => (char)('a' + ((state = state * 1103515245 + 12345) >> 16) % 26)));
        await Give(instance, "ada@example.com", longest);
        Assert.True(IsIn(await Enter(browser, "ada", longest)));
        foreach (var length in new[] { 1001, 30_000 })
        {
            var page = await Enter(browser, "ada", new string('x', length));
            Assert.Equal("password.unreasonable", await CodeOf(instance, page));
        }
        Assert.Equal("password.unreasonable", await CodeOf(instance, await Enter(browser, "ada", "")));
        Assert.Equal(HttpStatusCode.BadRequest, (await Enter(browser, "ada", new string('x', 100_000))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await Enter(browser, "ada", "a\0b")).Status);
        // Two passwords in one form are read in no way at all.
        Assert.Equal("password.unreasonable", await CodeOf(instance, await browser.Post("/sign-in/password", ("name", "ada"), ("password", longest), ("password", longest))));

        // P08: letter case, spaces, e-mail or user name are one account; letters that only look alike are somebody else.
        foreach (var name in new[] { "ADA@EXAMPLE.COM", "  ada ", "Ada" }) Assert.True(IsIn(await Enter(browser, name, longest)));
        Assert.Equal("password.name_unknown", await CodeOf(instance, await Enter(browser, "ａｄａ", longest)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task CVE_2025_24806_P05_P08_ten_wrong_then_right_and_every_spelling_counts_on_one_account(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        await NewUser(instance, "ada@example.com", "Ada");
        using var browser = instance.Browser();
        string[] names = ["ada@example.com", "ADA", " Ada@Example.com ", "ada"];
        for (var i = 0; i < 7; i++) Assert.Equal("password.wrong", await CodeOf(instance, await Enter(browser, names[i % 4], $"wrong {i} wrong")));
        // The eighth and later are not judged, the right one neither.
        for (var i = 7; i < 11; i++) Assert.Equal("password.throttled", await CodeOf(instance, await Enter(browser, names[i % 4], i == 10 ? Good : $"wrong {i} wrong")));
        instance.Clock.Advance(TimeSpan.FromMinutes(15) + TimeSpan.FromSeconds(1));
        Assert.True(IsIn(await Enter(browser, "ada", Good)));
        // A success resets: from here the browser is known too, and has the full count.
        for (var i = 0; i < 10; i++) Assert.Equal("password.wrong", await CodeOf(instance, await Enter(browser, "ada", $"wrong {i} again")));
        Assert.Equal("password.throttled", await CodeOf(instance, await Enter(browser, "ada", Good)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task P06_strangers_do_not_lock_out_whoever_has_a_known_browser_or_a_passkey(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres, null, ("TRUSTED_PROXIES", "127.0.0.1"));
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await Give(instance, "ada@example.com", Good);
        Assert.True(IsIn(await Enter(ada.Browser, "ada", Good)));
        using var attacker = instance.Browser();
        await attacker.Get("/sign-in");
        var judged = 0;
        for (var i = 0; i < 120; i++)
        {
            var page = await EnterFrom(attacker, $"198.51.{i}.{i}", "ada", $"guess {i} guess");
            if (await CodeOf(instance, page) == "password.wrong") judged++;
        }
        Assert.Equal(7, judged);
        await ada.Browser.Post("/sign-out");
        Assert.True(IsIn(await Enter(ada.Browser, "ada", Good)));
        using var elsewhere = new TestPerson(instance) { Authenticator = ada.Authenticator };
        Assert.Equal(HttpStatusCode.OK, (await elsewhere.SignIn()).Status);
        var user = await Find(instance, "ada");
        Assert.Single(await Mails(instance, user.Id), m => m.Kind == "password_guessing");
        Assert.Equal(1, await instance.Database.Read(sql => sql.One<long>("select count(*) from audit where action = 'password.throttled'")));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task P07_two_hundred_parallel_guesses_on_two_nodes_are_all_counted(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres, null, ("TRUSTED_PROXIES", "127.0.0.1"));
        await NewUser(instance, "ada@example.com", "Ada");
        using var attacker = instance.Browser();
        await attacker.Get("/sign-in");
        var pages = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => EnterFrom(attacker, $"10.{i}.1.1", "ada", $"guess {i} guess")));
        foreach (var page in pages) Assert.Contains(page.Status, new[] { HttpStatusCode.Forbidden, HttpStatusCode.ServiceUnavailable });
        // Each node has its own queue but one counter: as a second node would, ask the counter itself from many sides at once.
        var limits = instance.Services.GetRequiredService<Gatehouse.SignIn.Throttling.GuessLimits>();
        var lane = new Gatehouse.SignIn.Throttling.Lane("test:lane", 7, TimeSpan.FromMinutes(15));
        var got = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => instance.Database.Write(sql => limits.Reserve(sql, lane))));
        Assert.Equal(7, got.Count(g => g.MayJudge));
        var wrong = 0;
        foreach (var page in pages.Where(p => p.Status == HttpStatusCode.Forbidden))
            if (await CodeOf(instance, page) == "password.wrong") wrong++;
        Assert.InRange(wrong, 1, 7);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task P11_a_damaged_hash_fails_closed_and_the_admin_sees_it(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        var ada = await NewUser(instance, "ada@example.com", "Ada");
        var whole = (await instance.Database.Read(sql => PasswordStore.Of(sql, ada.Id)))!.Hash;
        string[] broken = ["", whole[..40], whole[..^1] + "!", "plain text", "$argon2id$v=19$m=19456,t=2,p=1$$", whole.Replace("m=19456", "m=4194304"), whole.Replace("t=2", "t=4000"), whole.Replace("argon2id", "argon2d"), "$2y$10$abcdefghijklmnopqrstuv"];
        using var browser = instance.Browser();
        foreach (var hash in broken)
        {
            await instance.Database.Write(sql => sql.Run("update passwords set hash = @hash", new { hash }));
            await instance.Database.Write(sql => sql.Run("delete from guesses"));
            var page = await Enter(browser, "ada", Good);
            Assert.Equal((HttpStatusCode.Forbidden, "password.unreadable_hash"), (page.Status, await CodeOf(instance, page)));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task An_old_hash_is_renewed_by_a_sign_in(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        var ada = await NewUser(instance, "ada@example.com", "Ada");
        var salt = "c29tZXNhbHRzb21lc2E";
        var old = Convert.ToBase64String(Argon2.Hash(System.Text.Encoding.UTF8.GetBytes(Good), Convert.FromBase64String(salt + "="), 1, 4096, 1, 32)).TrimEnd('=');
        await instance.Database.Write(sql => sql.Run("update passwords set hash = @hash", new { hash = $"$argon2id$v=19$m=4096,t=1,p=1${salt}${old}" }));
        using var browser = instance.Browser();
        Assert.Equal("password.wrong", await CodeOf(instance, await Enter(browser, "ada", Other)));
        Assert.True(IsIn(await Enter(browser, "ada", Good)));
        Assert.StartsWith("$argon2id$v=19$m=19456,t=2,p=1$", (await instance.Database.Read(sql => PasswordStore.Of(sql, ada.Id)))!.Hash, StringComparison.Ordinal);
        Assert.True(IsIn(await Enter(browser, "ada", Good)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task P04_P12_C012_C014_unknown_wrong_disabled_other_domain_and_other_rule_look_alike(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres, new PasswordSettings { Enabled = true, Domains = ["example.com"] });
        await NewUser(instance, "ada@example.com", "Ada");
        await NewUser(instance, "off@example.com", "Off");
        await NewUser(instance, "nopw@example.com", "Nopw", null);
        await NewUser(instance, "corp@corp.example", "Corp", null);
        await NewUser(instance, "dir@example.com", "Dir", null);
        await instance.Database.Write(sql => sql.Run("update users set source = 'ldap:main' where user_name = 'dir'"));
        Assert.Equal(0, (await instance.Console("user", "disable", "off@example.com", "--reason", "left")).Code);
        using var browser = instance.Browser();
        // The second visit drops a cookie of another kind (0017), whoever is asked for.
        await browser.Get("/sign-in");
        await browser.Get("/sign-in");
        var pages = new Dictionary<string, string>();
        async Task Try(string name, string password, string code)
        {
            var page = await Enter(browser, name, password);
            Assert.Equal((HttpStatusCode.Forbidden, code), (page.Status, await CodeOf(instance, page)));
            var headers = string.Join('\n', page.Headers.Where(h => h.Key is not ("Date" or "Content-Length" or "Gatehouse-Reference")).OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Key}: {h.Value}"));
            pages[code] = (headers + page.Body).Replace(page.Reference!, "REF").Replace(name, "NAME");
            // The page in front of it is the same for all names of a domain too.
            var front = await browser.Post("/sign-in/name", ("name", name));
            pages["front " + code] = front.Body.Replace(name, "NAME");
        }
        await Try("nobody@example.com", Good, "password.name_unknown");
        await Try("ada@example.com", Other, "password.wrong");
        await Try("off@example.com", Other, "password.wrong");
        await Try("nopw@example.com", Good, "password.none");
        await Try("dir@example.com", Good, "password.source_missing");
        await Try("corp", Good, "password.disabled_for_domain");
        Assert.Single(pages.Where(p => !p.Key.StartsWith("front", StringComparison.Ordinal)).Select(p => p.Value).Distinct());
        Assert.Single(pages.Where(p => p.Key.StartsWith("front", StringComparison.Ordinal)).Select(p => p.Value).Distinct());

        // C014: the domain is public; known and unknown names of it see the same page, which offers the passkey and asks for no password.
        var known = (await browser.Post("/sign-in/name", ("name", "corp@corp.example"))).Body.Replace("corp@corp.example", "NAME");
        var unknown = (await browser.Post("/sign-in/name", ("name", "who@corp.example"))).Body.Replace("who@corp.example", "NAME");
        Assert.Equal(unknown, known);
        Assert.DoesNotContain("type=\"password\"", known);
        Assert.Contains("sign in without a password here", known);

        // C014: a rule on the account hides behind the common sentence.
        await Set(instance, new PasswordSettings { Enabled = true, Groups = ["nobody-is-in-it"] });
        var grouped = await Enter(browser, "ada@example.com", Good);
        Assert.Equal("password.disabled_for_account", await CodeOf(instance, grouped));
        await Set(instance, new PasswordSettings { Enabled = true, Sources = ["directory"] });
        Assert.Equal("password.disabled_for_account", await CodeOf(instance, await Enter(browser, "ada@example.com", Good)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task C016_C017_C019_C112_a_disabled_account_is_refused_after_proof_and_restored_whole(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        using var ada = await TestPerson.User(instance, "ada@example.com", "Ada");
        await Give(instance, "ada@example.com", Good);
        Assert.True(IsIn(await Enter(ada.Browser, "ada", Good)));
        Assert.Equal(0, (await instance.Console("group", "add", "ops")).Code);
        Assert.Equal(0, (await instance.Console("group", "member", "add", "ops", "ada@example.com")).Code);
        Assert.Equal(0, (await instance.Console("user", "disable", "ada@example.com", "--reason", "left the company")).Code);
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location, StringComparison.Ordinal);

        var byPassword = await Enter(ada.Browser, "ada", Good);
        var byPasskey = await ada.SignIn();
        Assert.Equal(("account.disabled", "account.disabled"), (await CodeOf(instance, byPassword), await CodeOf(instance, byPasskey)));
        var link = await TestPerson.LoginLink(instance, "ada@example.com");
        Assert.Equal("account.disabled", await CodeOf(instance, await ada.FollowLoginLink(link)));
        var (_, told, _) = await instance.Console("why", byPassword.Reference!);
        Assert.Contains("left the company", told);
        Assert.Contains("at the server's console", told);

        Assert.Equal(0, (await instance.Console("user", "enable", "ada@example.com")).Code);
        Assert.StartsWith("/sign-in", (await ada.Browser.Get("/account")).Location, StringComparison.Ordinal);
        Assert.True(IsIn(await Enter(ada.Browser, "ada", Good)));
        Assert.Equal(HttpStatusCode.OK, (await ada.SignIn()).Status);
        var user = await Find(instance, "ada");
        Assert.Equal("ops", Assert.Single(await instance.Database.Read(sql => Gatehouse.Accounts.Groups.GroupStore.Of(sql, user.Id))).Name);
    }

    [Fact]
    public async Task C016_invited_and_not_accepted_has_a_code_of_its_own_that_strangers_do_not_see()
    {
        await using var instance = await Start();
        using var admin = await TestPerson.FirstAdmin(instance);
        await admin.Browser.Get("/admin/invite");
        await admin.Browser.Post("/admin/invite/mail", ("addresses", "linus@example.com"), ("valid", "24"));
        using var browser = instance.Browser();
        var invited = await Enter(browser, "Linus@example.com", Good);
        var unknown = await Enter(browser, "nobod@example.com", Good);
        Assert.Equal(("account.invited", "password.name_unknown"), (await CodeOf(instance, invited), await CodeOf(instance, unknown)));
        Assert.Equal(unknown.Body.Replace(unknown.Reference!, "").Replace("nobod@example.com", ""), invited.Body.Replace(invited.Reference!, "").Replace("Linus@example.com", ""));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task P09_changing_ones_own_password(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        var user = await NewUser(instance, "ada@example.com", "Ada Byron");
        using var browser = instance.Browser();
        using var other = instance.Browser();
        Assert.True(IsIn(await Enter(browser, "ada", Good)));
        Assert.True(IsIn(await Enter(other, "ada", Good)));
        Assert.Contains("name=\"current\"", (await browser.Get("/account/password")).Body);

        var wrong = await browser.Post("/account/password", ("current", Other), ("password", "a new and longer one of mine"));
        Assert.Equal((HttpStatusCode.Forbidden, "password.not_confirmed"), (wrong.Status, await CodeOf(instance, wrong)));
        foreach (var (bad, sentence) in new[]
        {
            ("too short", "too short"), (Good, "present password"), ("passwordpassword", "among the first"), ("123456789012345", "among the first"), ("ada.byron.ada.byron", "little more than your name"),
            ("gatehouse12345gatehouse", "little more than your name"), ("Summer2024!Summer2024!", "among the first"), (new string('x', 1001), "longer than 1,000"),
        })
        {
            var page = await browser.Post("/account/password", ("current", Good), ("password", bad));
            Assert.Equal(HttpStatusCode.BadRequest, page.Status);
            Assert.Contains(sentence, page.Body);
            Assert.DoesNotContain($"value=\"{bad}\"", page.Body);
        }
        var changed = await browser.Post("/account/password", ("current", Good), ("password", Other));
        Assert.Equal("/account/security", changed.Location);
        Assert.Equal(HttpStatusCode.OK, (await browser.Get("/account")).Status);
        Assert.StartsWith("/sign-in", (await other.Get("/account")).Location, StringComparison.Ordinal);
        Assert.Equal("password.wrong", await CodeOf(instance, await Enter(other, "ada", Good)));
        Assert.True(IsIn(await Enter(other, "ada", Other)));
        Assert.Contains(await Mails(instance, user.Id), m => m.Kind == "password_changed" && m.Text.Contains("was changed", StringComparison.Ordinal));

        // With a passkey there is something stronger than the present password: it is asked for first, and a stolen session has none.
        using var grace = await TestPerson.User(instance, "grace@example.com", "Grace");
        Assert.Equal("/account/security", (await grace.Browser.Post("/account/password", ("password", Other))).Location);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal(HttpStatusCode.Forbidden, (await grace.Browser.Get("/account/password")).Status);
        Assert.Equal("/account/password", (await grace.Browser.Post("/account/password", ("current", Other), ("password", Good))).Location);
        Assert.Equal(HttpStatusCode.Forbidden, (await grace.Browser.Post("/account/password/remove")).Status);
        Assert.Equal(HttpStatusCode.OK, (await grace.StepUp()).Status);
        Assert.Equal("/account/security", (await grace.Browser.Post("/account/password/remove")).Location);
        Assert.Null(await instance.Database.Read(async sql => await PasswordStore.Of(sql, (await UserStore.FindByIdentifier(sql, "grace"))!.Id)));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_temporary_password_works_once_and_is_changed_at_that_sign_in(bool onPostgres)
    {
        await using var instance = await Begin(onPostgres);
        using var admin = await TestPerson.FirstAdmin(instance);
        var user = await NewUser(instance, "ada@example.com", "Ada", null);
        var made = await admin.Browser.Post($"/admin/users/{user.Id}/password");
        Assert.Equal(HttpStatusCode.OK, made.Status);
        var temporary = System.Text.RegularExpressions.Regex.Match(made.Body, "[a-z2-9]{4}(-[a-z2-9]{4}){4}").Value;
        using var browser = instance.Browser();
        using var second = instance.Browser();
        await second.Get("/sign-in");
        Assert.Equal("/account/password", (await Enter(browser, "ada", temporary)).Location);
        Assert.Equal("password.temporary_over", await CodeOf(instance, await Enter(second, "ada", temporary)));
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.Get("/account")).Status);
        Assert.Contains("until then only this page", (await browser.Get("/account/password")).Body);
        Assert.Equal("/account/security", (await browser.Post("/account/password", ("password", Good))).Location);
        Assert.Equal(HttpStatusCode.OK, (await browser.Get("/account")).Status);
        Assert.True(IsIn(await Enter(second, "ada", Good)));

        var (code, output, _) = await instance.Console("user", "password", "ada@example.com");
        Assert.Equal(0, code);
        instance.Clock.Advance(SetPassword.TemporaryFor + TimeSpan.FromMinutes(1));
        Assert.Equal("password.temporary_over", await CodeOf(instance, await Enter(second, "ada", output.Split('\n')[0].Trim())));
        Assert.Equal(0, (await instance.Console("user", "password", "ada@example.com", "--remove")).Code);
        Assert.Equal("password.none", await CodeOf(instance, await Enter(second, "ada", Good)));
        Assert.Contains("password.removed", string.Join(' ', await instance.Database.Read(sql => sql.List<string>("select action from audit"))));
    }

    [Fact]
    public async Task Rotation_and_history_are_there_for_whoever_is_bound_to_them()
    {
        await using var instance = await Start(null, new PasswordSettings { Enabled = true, History = 2, MaxAgeDays = 30 });
        await NewUser(instance, "ada@example.com", "Ada");
        using var browser = instance.Browser();
        Assert.True(IsIn(await Enter(browser, "ada", Good)));
        Assert.Equal("/account/security", (await browser.Post("/account/password", ("current", Good), ("password", Other))).Location);
        Assert.Contains("one that you had before", (await browser.Post("/account/password", ("current", Other), ("password", Good))).Body);
        instance.Clock.Advance(TimeSpan.FromDays(31));
        Assert.Equal("/account/password", (await Enter(browser, "ada", Other)).Location);
        Assert.Equal("/account/security", (await browser.Post("/account/password", ("password", "three ferries leave at noon"))).Location);
        Assert.True(IsIn(await Enter(browser, "ada", "three ferries leave at noon")));
    }

    [Fact]
    public async Task A_password_alone_confirms_for_the_own_account_and_never_for_administration()
    {
        await using var instance = await Start();
        await NewUser(instance, "ada@example.com", "Ada");
        Assert.Equal(0, (await instance.Console("user", "promote", "ada@example.com")).Code);
        using var person = new TestPerson(instance);
        Assert.True(IsIn(await Enter(person.Browser, "ada", Good)));
        // Registering a passkey asks for the password again.
        var asked = await person.Browser.Get("/account/passkeys/new");
        Assert.Equal(HttpStatusCode.Forbidden, asked.Status);
        Assert.Contains("Type your password once more", asked.Body);
        Assert.Equal(HttpStatusCode.Forbidden, (await person.Browser.Post("/account/confirm", ("then", "/account/passkeys/new"), ("confirm_password", Other))).Status);
        Assert.Equal("/account/passkeys/new", (await person.Browser.Post("/account/confirm", ("then", "/account/passkeys/new"), ("confirm_password", Good))).Location);
        Assert.Equal(HttpStatusCode.OK, (await person.Browser.Get("/account/passkeys/new")).Status);
        Assert.Equal("/account/security", (await person.Browser.Post("/account/confirm", ("then", "//evil.example"), ("confirm_password", Good))).Location);

        var administers = await person.Browser.Post("/admin/groups", ("name", "painters"));
        Assert.Equal(HttpStatusCode.Forbidden, administers.Status);
        Assert.Contains("a password alone does not administer", administers.Body);
        // The passkey made in this very session does not confirm either; one that is used to sign in does.
        Assert.Equal(HttpStatusCode.OK, (await person.Register()).Status);
        Assert.Equal(HttpStatusCode.Forbidden, (await person.Browser.Post("/admin/groups", ("name", "painters"))).Status);
        await person.Browser.Post("/sign-out");
        Assert.Equal(HttpStatusCode.OK, (await person.SignIn()).Status);
        Assert.Equal(HttpStatusCode.SeeOther, (await person.Browser.Post("/admin/groups", ("name", "painters"))).Status);
        // With a passkey the password confirms nothing any more.
        Assert.Equal(HttpStatusCode.Forbidden, (await person.Browser.Post("/account/confirm", ("then", "/account"), ("confirm_password", Good))).Status);
    }

    [Fact]
    public async Task The_queue_is_short_per_network_and_name_and_known_browsers_have_their_own()
    {
        using var gate = new HashingGate();
        var here = IPAddress.Parse("192.0.2.7");
        using var held = new ManualResetEventSlim();
        var running = Enumerable.Range(0, HashingGate.Threads).Select(i => gate.TryEnter(IPAddress.Parse($"10.9.{i}.1"), $"busy {i}", false)!).ToArray();
        using var started = new CountdownEvent(running.Length);
        var work = running.Select(s => s.Run(() => { started.Signal(); held.Wait(); return 1; })).ToArray();
        started.Wait(TestContext.Current.CancellationToken);
        var a = gate.TryEnter(here, "a", false);
        var b = gate.TryEnter(IPAddress.Parse("192.0.2.200"), "b", false);
        Assert.NotNull(a);
        Assert.NotNull(b);
        Assert.Null(gate.TryEnter(IPAddress.Parse("192.0.2.8"), "c", false));
        Assert.Null(gate.TryEnter(IPAddress.Parse("198.51.100.1"), "a", false));
        using (var known = gate.TryEnter(here, "a", true)) Assert.NotNull(known);
        b.Dispose();
        b.Dispose();
        Assert.NotNull(gate.TryEnter(here, "c", false));
        var got = Enumerable.Range(0, 500).Select(i => gate.TryEnter(IPAddress.Parse($"172.{16 + i / 250}.{i % 250}.1"), "n" + i, false)).Count(s => s is not null);
        Assert.Equal(HashingGate.Seats - HashingGate.Threads - 2, got);
        Assert.NotNull(gate.TryEnter(here, "z", true));
        held.Set();
        await Task.WhenAll(work);
    }
}
