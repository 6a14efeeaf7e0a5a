using System.Net;
using System.Text;
using Gatehouse.Accounts.Users;
using Gatehouse.Data;
using Gatehouse.Refusals;
using Gatehouse.SignIn.Passwords;
using Gatehouse.SignIn.SecondFactors;
using Gatehouse.SignIn.Sessions;
using Gatehouse.Tests.Parts;
using Gatehouse.Tests.SignIn.Passwords;
using Microsoft.Extensions.DependencyInjection;

namespace Gatehouse.Tests.SignIn.SecondFactors;

/// <summary>Authenticator apps and backup codes, through the front door.</summary>
public class SecondFactorTests(PostgresCluster postgres)
{
    private static int Races => Environment.GetEnvironmentVariable("GATEHOUSE_TESTS_FULL") == "1" ? 10_000 : 500;

    [Theory]
    [InlineData(59, "287082")]
    [InlineData(1111111109, "081804")]
    [InlineData(1111111111, "050471")]
    [InlineData(1234567890, "005924")]
    [InlineData(2000000000, "279037")]
    [InlineData(20000000000, "353130")]
    public void The_codes_are_those_of_RFC_6238_appendix_B(long seconds, string code) =>
        Assert.Equal(code, Totp.Code("12345678901234567890"u8, Totp.StepAt(seconds * 1000)));

    [Fact]
    public void Base32_is_that_of_RFC_4648()
    {
        foreach (var (plain, text) in new[] { ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"), ("foobar", "MZXW6YTBOI") })
            Assert.Equal(text, Totp.Base32(Encoding.ASCII.GetBytes(plain)));
    }

    [Theory]
    [InlineData("auth.example.com", "ada@example.com")]
    [InlineData("a:b?c&d=e", "x:y?z&issuer=evil#f")]
    [InlineData("Grüße 🔑", "日本 %41")]
    public void M13_the_address_in_the_QR_code_is_one_that_apps_can_read(string issuer, string account)
    {
        var uri = new Uri(Totp.Address(new byte[20], issuer, account));
        Assert.Equal(("otpauth", "totp"), (uri.Scheme, uri.Host));
        var label = Uri.UnescapeDataString(uri.AbsolutePath[1..]);
        Assert.Equal(2, label.Split(':').Length);
        var query = System.Web.HttpUtility.ParseQueryString(uri.Query);
        Assert.Equal("secret issuer algorithm digits period", string.Join(' ', query.AllKeys));
        Assert.Equal(label.Split(':')[0], query["issuer"]);
        Assert.Equal("", uri.Fragment);
    }

    [Theory]
    [InlineData("123456", "123456"), InlineData(" 12 34-56\t", "123456"), InlineData("１２３４５６", "123456"), InlineData("١٢٣٤٥٦", "123456")]
    [InlineData("12345", null), InlineData("1234567", null), InlineData("12345a", null), InlineData("", null), InlineData("①23456", null)]
    public void A_code_is_read_as_people_type_it(string typed, string? code) => Assert.Equal(code, Totp.Normal(typed));

    [Theory, InlineData(false), InlineData(true)]
    public async Task M01_a_code_of_the_app_works_once_however_it_is_written(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        Assert.Equal(BackupCodes.PerSet, ada.Codes.Count);
        var code = await ada.Code();
        var pending = await ada.ToSecondStep();
        Assert.True(PasswordSite.IsIn(await ada.Give(pending, code)));
        Assert.Contains("10 of 10 are left", (await ada.Browser.Get("/account/security")).Body, StringComparison.Ordinal);
        var session = (await Live(instance, ada.User.Id)).MaxBy(s => s.BeganAt)!;
        Assert.Equal("pwd otp", string.Join(' ', session.Factors.Select(f => f.Method)));

        foreach (var again in new[] { code, $"{code[..3]} {code[3..]}", string.Concat(code.Select(c => (char)(c - '0' + '０'))) })
        {
            using var other = instance.Browser();
            var page = await PasswordSite.Enter(other, ada.User.Email, PasswordSite.Good);
            var refused = await other.Post("/sign-in/second/code", ("pending", Holder.Field((await other.Get(page.Location!)).Body, "pending")), ("code", again));
            Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
            Assert.Equal("mfa.code_used", await PasswordSite.CodeOf(instance, refused));
        }
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M02_the_present_and_the_previous_code_work_and_a_shifted_one_is_told_to_admins_alone(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        var pending = await ada.ToSecondStep();
        var wrong = await ada.Give(pending, "000000" == await ada.Code() ? "000001" : "000000");
        foreach (var (off, says) in new[] { (TimeSpan.FromSeconds(-60), "about 1 minute off (behind)"), (TimeSpan.FromMinutes(5), "about 5 minutes off (ahead)") })
        {
            var refused = await ada.Give(pending, await ada.Code(off));
            Assert.Equal("mfa.clock_off", await PasswordSite.CodeOf(instance, refused));
            // Byte for byte the page of a wrong code, but for the reference.
            Assert.Equal(wrong.Body.Replace(wrong.Reference!, "", StringComparison.Ordinal), refused.Body.Replace(refused.Reference!, "", StringComparison.Ordinal));
            Assert.Contains(says, await EvidenceOf(instance, refused), StringComparison.Ordinal);
        }
        Assert.True(PasswordSite.IsIn(await ada.Give(pending, await ada.Code(TimeSpan.FromSeconds(-30)))));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M03_five_codes_are_judged_in_a_quarter_of_an_hour_whatever_the_session_and_the_parallelism(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        // Twelve browsers with the right password, one wrong code each, all at once.
        var browsers = new List<(TestBrowser Browser, string Pending)>();
        for (var i = 0; i < 12; i++)
        {
            var browser = instance.Browser();
            var page = await PasswordSite.Enter(browser, ada.User.Email, PasswordSite.Good);
            browsers.Add((browser, Holder.Field((await browser.Get(page.Location!)).Body, "pending")));
        }
        var wrong = "000000" == await ada.Code() ? "000001" : "000000";
        var pages = await Task.WhenAll(browsers.Select(b => b.Browser.Post("/sign-in/second/code", ("pending", b.Pending), ("code", wrong))));
        // The lock-out may end a sign-in before its own answer is written: at most five were judged, never more.
        Assert.InRange(pages.Count(p => p.Status == HttpStatusCode.Forbidden), 0, GiveCode.PerAccount);
        Assert.Contains(pages, p => p.Status == HttpStatusCode.TooManyRequests);
        // The pending sign-ins ended with the lock-out, and a new one with the right code is not judged.
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from pending_sign_ins where user_id = @Id and ended_at is null", new { ada.User.Id })));
        var pending = await ada.ToSecondStep();
        var right = await ada.Give(pending, await ada.Code());
        Assert.Equal(HttpStatusCode.TooManyRequests, right.Status);
        Assert.Equal("mfa.throttled", await PasswordSite.CodeOf(instance, right));
        Assert.Equal("/sign-in", (await ada.Browser.Get("/sign-in/second")).Location);
        // A backup code counts as a guess, too.
        Assert.Equal(HttpStatusCode.TooManyRequests, (await ada.Give(await ada.ToSecondStep(), ada.Codes[0])).Status);
        Assert.Single((await PasswordSite.Mails(instance, ada.User.Id)).Where(m => m.Kind == "second_factor_guessing").DistinctBy(m => m.Text));

        instance.Clock.Advance(TimeSpan.FromMinutes(16));
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code())));
        foreach (var (browser, _) in browsers) browser.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M04_C065_a_backup_code_works_once_in_any_spelling_and_its_owner_is_told(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        Assert.Equal(10, ada.Codes.Distinct().Count());
        var spelled = ada.Codes[0].ToUpperInvariant().Replace("-", " ", StringComparison.Ordinal);
        var pending = await ada.ToSecondStep();
        Assert.Contains("I don&#x27;t have my device", (await ada.Browser.Get("/sign-in/second")).Body, StringComparison.Ordinal);
        Assert.True(PasswordSite.IsIn(await ada.Browser.Post("/sign-in/second/code", ("pending", pending), ("backup", spelled))));
        Assert.Contains("9 of 10 are left", (await ada.Browser.Get("/account/security")).Body, StringComparison.Ordinal);
        Assert.Contains(await PasswordSite.Mails(instance, ada.User.Id), m => m.Kind == "backup_code_used" && m.Text.Contains("9 are left", StringComparison.Ordinal));

        await ada.Leave();
        var refused = await ada.Give(await ada.ToSecondStep(), ada.Codes[0].Replace("-", "", StringComparison.Ordinal));
        Assert.Equal("mfa.backup_code_used", await PasswordSite.CodeOf(instance, refused));

        // 20 at once with one code: one gets in.
        var browsers = new List<(TestBrowser Browser, string Pending)>();
        for (var i = 0; i < 4; i++)
        {
            var browser = instance.Browser();
            browsers.Add((browser, Holder.Field((await browser.Get((await PasswordSite.Enter(browser, ada.User.Email, PasswordSite.Good)).Location!)).Body, "pending")));
        }
        var pages = await Task.WhenAll(browsers.Select(b => b.Browser.Post("/sign-in/second/code", ("pending", b.Pending), ("backup", ada.Codes[1]))));
        Assert.Single(pages, PasswordSite.IsIn);
        foreach (var (browser, _) in browsers) browser.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task F11_racing_pairs_never_have_two_winners(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        var ada = await PasswordSite.NewUser(instance, "ada@example.com", "Ada", null);
        var apps = instance.Services.GetRequiredService<AuthenticatorApps>();
        var backups = instance.Services.GetRequiredService<BackupCodes>();
        var drawn = apps.Draw(ada.Id, "s", "");
        await instance.Database.Write(sql => apps.Add(sql, ada, drawn, "", Totp.Code(drawn.Seed, Totp.StepAt(instance.Clock.Now()))));
        IReadOnlyList<string> codes = [];
        for (var i = 0; i < Races; i++)
        {
            instance.Clock.Advance(TimeSpan.FromSeconds(30));
            var code = Totp.Code(drawn.Seed, Totp.StepAt(instance.Clock.Now()));
            var both = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => instance.Database.Write(sql => apps.Use(sql, ada, code)))));
            Assert.Single(both, o => o.Passed(out _, out _));
            if (i % BackupCodes.PerSet == 0) codes = await instance.Database.Write(sql => backups.Make(sql, ada.Id));
            var backup = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() => instance.Database.Write(sql => backups.Use(sql, ada, codes[i % BackupCodes.PerSet])))));
            Assert.Single(backup, o => o.Passed(out _, out _));
        }
    }

    [Fact]
    public async Task M06_C064_an_app_counts_only_once_a_code_has_proven_it()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance, withApp: false);
        Assert.True(PasswordSite.IsIn(await ada.Password()));
        await ada.Browser.Post("/account/confirm", ("then", "/account/factors/app"), ("confirm_password", PasswordSite.Good));
        var (one, two) = ((await ada.Browser.Get("/account/factors/app")).Body, (await ada.Browser.Get("/account/factors/app")).Body);
        var (first, second) = (Holder.SecretOf(one), Holder.SecretOf(two));
        Assert.NotEqual(first, second);
        async Task<string> CodeOf(string secret) => (await Tool.Run("oathtool", ["--totp", "-b", secret, "--now", instance.Clock.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture) + " UTC"])).Trim();
        async Task<Page> Confirm(string page, string code) => await ada.Browser.Post("/account/factors/app", ("seed", Holder.Field(page, "seed")), ("replaces", ""), ("code", code));

        // Wrong: the same page with the same secret, and nothing is on.
        var wrong = await Confirm(one, await CodeOf(second));
        Assert.Equal(first, Holder.SecretOf(wrong.Body));
        Assert.Equal("mfa.not_proven", await PasswordSite.CodeOf(instance, wrong));
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from authenticator_apps")));

        Assert.Equal(10, Holder.CodesIn((await Confirm(two, await CodeOf(second))).Body).Count);
        // The other tab is too late, with a right code; another person's or session's page does not do either.
        var late = await Confirm(one, await CodeOf(first));
        Assert.Equal(HttpStatusCode.Conflict, late.Status);

        // The code that proved it is used by that.
        using var other = instance.Browser();
        var pending = Holder.Field((await other.Get((await PasswordSite.Enter(other, "ada@example.com", PasswordSite.Good)).Location!)).Body, "pending");
        Assert.Equal("mfa.code_used", await PasswordSite.CodeOf(instance, await other.Post("/sign-in/second/code", ("pending", pending), ("code", await CodeOf(second)))));
    }

    [Fact]
    public async Task CVE_2026_49443_CVE_2026_9091_M07_one_factor_opens_nothing()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance);
        await ada.ToSecondStep();
        foreach (var path in new[] { "/account/security", "/account/factors/app", "/account/sessions", "/", "/account/passkeys/new" })
            Assert.StartsWith("/sign-in", (await ada.Browser.Get(path)).Location ?? "", StringComparison.Ordinal);
        // The one session there is is that in which the app was registered.
        Assert.Equal("otp", Assert.Single(await Live(instance, ada.User.Id)).Factors[^1].Method);
        // Another browser that knows the id cannot use it, with the right code.
        var pending = await ada.ToSecondStep();
        using var thief = instance.Browser();
        await thief.Get("/sign-in");
        Assert.Equal("/sign-in", (await thief.Post("/sign-in/second/code", ("pending", pending), ("code", await ada.Code()))).Location);
    }

    [Fact]
    public async Task E10_a_login_link_asks_for_the_second_factor_too()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance);
        var (_, output, _) = await instance.Console("user", "link", "ada@example.com", "--json");
        var url = System.Text.Json.JsonDocument.Parse(output).RootElement.GetProperty("url").GetString()!;
        await ada.Browser.Get(new Uri(url).PathAndQuery);
        var page = await ada.Browser.Post("/link", ("t", url.Split("?t=")[1]));
        Assert.Equal("/sign-in/second", page.Location);
        var pending = Holder.Field((await ada.Browser.Get(page.Location!)).Body, "pending");
        Assert.True(PasswordSite.IsIn(await ada.Give(pending, await ada.Code())) || (await Live(instance, ada.User.Id)).Any(s => s.Factors.Any(f => f.Method == "link")));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/sessions")).Status);
    }

    [Fact]
    public async Task Step_up_takes_a_code_but_not_of_a_factor_registered_in_this_session()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance);
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code())));
        // The sign-in itself was by two factors just now.
        Assert.Equal(10, Holder.CodesIn((await ada.Browser.Post("/account/factors/backup-codes")).Body).Count);
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        var ask = await ada.Browser.Post("/account/factors/backup-codes");
        Assert.Equal(HttpStatusCode.Forbidden, ask.Status);
        Assert.Contains("confirm_code", ask.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("confirm_password", ask.Body, StringComparison.Ordinal);
        var confirmed = await ada.Browser.Post("/account/confirm/code", ("then", "/account/factors/backup-codes"), ("then_post", "yes"), ("confirm_code", await ada.Code()));
        Assert.Contains("/account/factors/backup-codes", confirmed.Body, StringComparison.Ordinal);
        var codes = Holder.CodesIn((await ada.Browser.Post("/account/factors/backup-codes")).Body);
        Assert.Equal(10, codes.Count);

        // These codes are younger than the session.
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        var tooNew = await ada.Browser.Post("/account/confirm/code", ("then", "/account/security"), ("confirm_code", codes[0]));
        Assert.Equal("mfa.too_new", await PasswordSite.CodeOf(instance, tooNew));
        // And so is an app that takes the place of the old one.
        await ada.Browser.Post("/account/confirm/code", ("then", "/account/security"), ("confirm_code", await ada.Code()));
        var session = (await Live(instance, ada.User.Id)).MaxBy(s => s.LastSeenAt)!;
        await ada.Enrol();
        Assert.Single(await Live(instance, ada.User.Id));
        instance.Clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Equal("mfa.too_new", await PasswordSite.CodeOf(instance, await ada.Browser.Post("/account/confirm/code", ("then", "/"), ("confirm_code", await ada.Code()))));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/account/factors/app/remove")).Status);
        Assert.NotNull(session);
    }

    [Fact]
    public async Task M10_the_last_factor_stays_while_the_policy_demands_one()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance);
        await Holder.Policy(instance, new() { Who = FactorSettings.Everyone });
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code())));
        var refused = await ada.Browser.Post("/account/factors/app/remove");
        Assert.Equal(HttpStatusCode.Conflict, refused.Status);
        Assert.Equal("mfa.is_demanded", await PasswordSite.CodeOf(instance, refused));
        await Holder.Policy(instance, new());
        Assert.Equal(HttpStatusCode.SeeOther, (await ada.Browser.Post("/account/factors/app/remove")).Status);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/security")).Status);
        Assert.Equal(0, await instance.Database.Read(sql => sql.One<long>("select count(*) from backup_codes")));
        await ada.Leave();
        Assert.True(PasswordSite.IsIn(await ada.Password()));
    }

    [Fact]
    public async Task Who_needs_one_and_has_none_registers_it_first_once_the_grace_is_over()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance, withApp: false);
        await Holder.Policy(instance, new() { Who = FactorSettings.Everyone, GraceDays = 3, Since = instance.Clock.Now() });
        Assert.True(PasswordSite.IsIn(await ada.Password()));
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/sessions")).Status);
        await ada.Leave();
        instance.Clock.Advance(TimeSpan.FromDays(3));
        await ada.Password();
        // Only the way to register is open.
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/sessions")).Status);
        await ada.Enrol();
        Assert.Equal(10, ada.Codes.Count);
        Assert.Equal(HttpStatusCode.OK, (await ada.Browser.Get("/account/sessions")).Status);
        // What was registered in this session confirms nothing in it.
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Post("/account/factors/app/remove")).Status);
    }

    [Fact]
    public async Task A_password_chosen_in_an_enrolment_does_not_stand_in_for_the_factor()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance, withApp: false);
        await Holder.Policy(instance, new() { Who = FactorSettings.Everyone });
        await ada.Password();
        await ada.Browser.Post("/account/password", ("password", PasswordSite.Other), ("current", PasswordSite.Good));
        Assert.Equal(HttpStatusCode.Forbidden, (await ada.Browser.Get("/account/sessions")).Status);
    }

    [Fact]
    public async Task A_remembered_browser_is_not_asked_again_until_the_account_changes()
    {
        await using var instance = await PasswordSite.Start();
        using var ada = await Holder.New(instance);
        await Holder.Policy(instance, new() { RememberDays = 30 });
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code(), ("remember", "on"))));
        await ada.Browser.Post("/sign-out");
        Assert.True(PasswordSite.IsIn(await ada.Password()));
        // Truthful: one factor.
        Assert.Equal("pwd", string.Join(' ', (await Live(instance, ada.User.Id)).MaxBy(s => s.BeganAt)!.Factors.Select(f => f.Method)));
        // Another browser is asked; the same one is asked for an application that insists.
        using var other = instance.Browser();
        Assert.StartsWith("/sign-in/second", (await PasswordSite.Enter(other, ada.User.Email, PasswordSite.Good)).Location!, StringComparison.Ordinal);
        await ada.Browser.Post("/sign-out");
        await instance.Database.Write(sql => UserStore.RaiseEpoch(sql, ada.User.Id));
        Assert.StartsWith("/sign-in/second", (await ada.Password()).Location!, StringComparison.Ordinal);
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), ada.Codes[3], ("remember", "on"))));
        await ada.Browser.Post("/sign-out");
        instance.Clock.Advance(TimeSpan.FromDays(31));
        Assert.StartsWith("/sign-in/second", (await ada.Password()).Location!, StringComparison.Ordinal);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task M14_a_dump_of_the_database_reveals_no_seed_and_no_code(bool onPostgres)
    {
        await using var instance = await PasswordSite.Start(onPostgres ? postgres : null);
        using var ada = await Holder.New(instance);
        var dump = await instance.Database.Read(async sql =>
            string.Join('\n', (await sql.List<string>("select user_id || id || seed from authenticator_apps")).Concat(await sql.List<string>("select hash || set_id from backup_codes"))
                .Concat(await sql.List<string>("select coalesce(before, '') || coalesce(after, '') || target_name from audit"))));
        Assert.DoesNotContain(ada.Secret, dump, StringComparison.OrdinalIgnoreCase);
        foreach (var code in ada.Codes)
        {
            Assert.DoesNotContain(code, dump, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain(code.Replace("-", "", StringComparison.Ordinal), dump, StringComparison.OrdinalIgnoreCase);
        }
        // A new root key reaches the seeds.
        Assert.Equal(0, (await instance.Console("encryption-key", "rotate")).Code);
        Assert.True(PasswordSite.IsIn(await ada.Give(await ada.ToSecondStep(), await ada.Code())));
    }

    private static Task<IReadOnlyList<Session>> Live(TestInstance instance, string userId) => instance.Database.Read(sql => SessionStore.Of(sql, userId, instance.Clock.Now()));

    private static async Task<string> EvidenceOf(TestInstance instance, Page page)
    {
        await instance.Services.GetRequiredService<Gatehouse.Audit.RefusalLog>().Flush();
        var code = await instance.Database.Read(sql => sql.One<string>("select code from cases where reference = @Reference", new { page.Reference }));
        var data = await instance.Database.Read(sql => sql.One<string>("select data from cases where reference = @Reference", new { page.Reference }));
        return RefusalCatalogue.Read(code!, data!)!.Evidence;
    }
}
